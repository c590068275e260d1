"""The reference: `docker buildx build` of the testbed, timed as a command."""

from __future__ import annotations

import os
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .measure import timed

__all__ = ["Buildx", "buildx"]


class Buildx:
    """Builds one small Dockerfile again and again in the root of the testbed's daemon."""

    def __init__(self, root: Path, folder: Path, docker_host: str) -> None:
        self._root, self._folder = root, folder
        inside = "/" + str(folder.relative_to(root))
        socket = docker_host.removeprefix("unix://").removeprefix(str(root))
        self._command = ["chroot", str(root), "docker", f"--host=unix://{socket}"]
        self._command += ["buildx", "build", "--quiet", "--provenance=false", "--load", inside]

    def seconds(self, lines: list[str]) -> float:
        """Seconds that a build of these lines takes; the folder holds nothing else."""
        (self._folder / "Dockerfile").write_text("\n".join(lines) + "\n")
        return timed(lambda: subprocess.run(self._command, check=True, capture_output=True))


@contextmanager
def buildx() -> Iterator[Buildx]:
    """The builder of the testbed that the environment names."""
    root = Path(os.environ["DOCKERNB_TEST_DOCKER_ROOT"])
    with tempfile.TemporaryDirectory(dir=root / "tmp", prefix="bench-") as folder:
        yield Buildx(root, Path(folder), os.environ["DOCKERNB_TEST_DOCKER_HOST"])


def unique() -> str:
    """A word that no build has seen."""
    return uuid.uuid4().hex
