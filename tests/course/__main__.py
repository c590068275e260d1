"""Runs the course and writes its outputs into notebooks/: `make course`.

The engine must have the base image. With an empty cache every card tells how it was built.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

from .execution import executed
from .notebooks import COURSE, FOLDER, read, write
from .settled import settle, without_mirrors


def main(names: list[str]) -> None:
    """Runs the notebooks with these beginnings, or all."""
    with tempfile.TemporaryDirectory(prefix="course-") as temporary:
        folder = Path(temporary, "notebooks")
        shutil.copytree(FOLDER, folder)
        for path in COURSE:
            if names and not path.name.startswith(tuple(names)):
                continue
            start = time.monotonic()
            notebook = without_mirrors(executed(folder / path.name, {}))
            settle(notebook, read(path), folder)
            write(notebook, path)
            print(f"{path.name}: {time.monotonic() - start:.1f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
