"""A case of the differential harness: a folder with a Dockerfile and its build context.

Beside them a case may hold `setup.sh`, which makes what git cannot keep (modes, links, odd names)
in a copy of the folder, and `case.toml`. Both are taken out of the copy. In `case.toml` stand
`build_args = {...}`, `target = "stage"`, `secrets = {...}`, `flags = ["--add-host=..."]` ("CONTEXT"
stands for the context), `server = true` (the build args SERVER and GIT are those of server.py;
"//SERVER" and "//GIT" in flags stand for them), `newer = true` (Docker 26 does not know it: the
reference is Docker 28), `ignore_content`, the paths whose bytes differ between any two builds, with
the reason as the value, and `ignore_history`, why histories differ.
A case whose name ends in "-fails" must be refused by both builders.
"""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

CASES = Path(__file__).parent / "cases"


@dataclass(frozen=True)
class Case:
    """A case, laid out in a folder of its own."""

    name: str
    context: Path
    build_args: Mapping[str, str] = field(default_factory=dict)
    target: str | None = None
    secrets: Mapping[str, Path] = field(default_factory=dict)
    flags: Sequence[str] = ()
    server: bool = False
    newer: bool = False
    ignore_content: Mapping[str, str] = field(default_factory=dict)
    ignore_history: str = ""

    @property
    def fails(self) -> bool:
        return self.name.endswith("-fails")

    @property
    def dockerfile(self) -> Path:
        return self.context / "Dockerfile"


def names() -> list[str]:
    return sorted(path.parent.name for path in CASES.glob("*/Dockerfile"))


def lay_out(name: str, folder: Path) -> Case:
    """Copies the case `name` to `folder` and runs its set-up."""
    context = folder / name
    shutil.copytree(CASES / name, context, symlinks=True)
    settings = {}
    if (context / "case.toml").exists():
        settings = tomllib.loads((context / "case.toml").read_text())
        (context / "case.toml").unlink()
    given = settings.get("secrets", {})
    if (context / "setup.sh").exists():
        subprocess.run(["sh", "./setup.sh"], cwd=context, check=True, stdin=subprocess.DEVNULL)
        (context / "setup.sh").unlink()
    secrets = {key: folder / f"secret-{key}" for key in settings.pop("secrets", {})}
    for key, path in secrets.items():
        path.write_text(given[key])
    return Case(name, context, secrets=secrets, **settings)
