"""The image of a place like Binder: Debian's Python, a Jupyter server, dockernb from its wheel."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.testbed.layout import Layout
from tests.testbed.reference import buildx_build

PROJECT = Path(__file__).parents[3]
#: Of Debian bookworm, whatever Python these tests run on.
PYTHON = "3.11"


def build_image(layout: Layout, context: Path, tag: str) -> str:
    """Builds the image; returns its ID.

    Whatever is downloaded is downloaded on this machine, whose pip is set up for it.

    Args:
        context: An empty folder.
    """
    shutil.copytree(dependencies(layout), context / "wheels")
    pip("wheel", "--no-deps", f"--wheel-dir={context / 'dockernb'}", str(PROJECT))
    notebooks = PROJECT / "notebooks"
    (context / "notebooks").mkdir()
    for name in ("01-build-an-image.ipynb", "redis.conf"):
        shutil.copy(notebooks / name, context / "notebooks")
    dockerfile = Path(__file__).with_name("Dockerfile")
    return buildx_build(context, dockerfile, tag=tag, layout=layout).image_id


def dependencies(layout: Layout) -> Path:
    """A folder with wheels of all that dockernb and a Jupyter server need, kept between runs."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], "jupyter-server>=2"]
    key = hashlib.sha256("\n".join([PYTHON, *wanted]).encode()).hexdigest()[:12]
    kept = layout.state / "wheels"
    folder = kept / key
    with layout.locked():
        if not folder.exists():
            shutil.rmtree(kept, ignore_errors=True)  # what an older pyproject.toml asked for
            kept.mkdir(parents=True)
            options = ["--only-binary=:all:", f"--python-version={PYTHON}"]
            pip("download", *options, f"--dest={kept / 'partial'}", *wanted)
            (kept / "partial").rename(folder)
    return folder


def pip(*arguments: str) -> None:
    """Runs pip; fails with what it said."""
    command = [sys.executable, "-m", "pip", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
