"""The reference without a daemon: `buildah run` and `buildah commit`."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.testbed import buildah as program

from .measure import timed

__all__ = ["Buildah", "opened_buildah"]


class Buildah:
    """One store of buildah's own, with overlay mounts.

    Args:
        image: Name of the base, with the registry at the loopback interface.
    """

    def __init__(self, path: str, folder: Path, image: str) -> None:
        self._command = [path, f"--root={folder / 'root'}", f"--runroot={folder / 'run'}"]
        self._command += ["--storage-driver=overlay"]
        self._image = image
        self._do("pull", "--quiet", "--tls-verify=false", image)

    def seconds(self, script: str) -> float:
        """Seconds of `run` and `commit`; the container is made before and removed after.

        It needs no runtime: the isolation is "chroot", which is also the fastest one.
        """
        container = self._do("from", "--pull-never", self._image)
        isolated = ["run", "--isolation=chroot", container, "--", "sh", "-c", script]
        try:
            run = timed(lambda: self._do(*isolated))
            return run + timed(lambda: self._do("commit", "--quiet", container))
        finally:
            self._do("rm", container)

    def close(self) -> None:
        """Removes all containers and images, and so all mounts."""
        self._do("rm", "--all")
        self._do("rmi", "--all", "--force")

    def _do(self, *arguments: str) -> str:
        done = subprocess.run([*self._command, *arguments], check=True, capture_output=True)
        return done.stdout.decode().strip()


@contextmanager
def opened_buildah(image: str) -> Iterator[Buildah]:
    """A store with the base.

    Raises:
        TestbedError: there is no buildah, and none can be installed.
        CalledProcessError: it does not work here.
    """
    path = program.up()
    with tempfile.TemporaryDirectory(prefix="bench-buildah-") as folder:
        buildah = Buildah(path, Path(folder), image)
        try:
            yield buildah
        finally:
            buildah.close()
