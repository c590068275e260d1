"""The reference of a pull: `docker pull` of an image that the daemon has nothing of."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.testbed import docker
from tests.testbed.images import BASE_IMAGES
from tests.testbed.layout import Layout

from .measure import timed

__all__ = ["DockerPull", "docker_pull"]

_LABEL = "dockernb.bench=pull"


class DockerPull:
    """Pulls an image of the testbed's registry with the testbed's daemon.

    Args:
        image: Its name, with the registry.
    """

    def __init__(self, layout: Layout, image: str) -> None:
        self._layout = layout
        self.image = image

    def seconds(self) -> float:
        """Seconds of a pull; the image is removed after it."""
        seconds = timed(lambda: docker.cli(self._layout, "pull", "--quiet", self.image))
        docker.cli(self._layout, "rmi", self.image)
        return seconds


@contextmanager
def docker_pull(base: str) -> Iterator[DockerPull]:
    """A base image of the testbed with one file more, in the registry only.

    The daemon's other images are made of the base's own layer, which it would not fetch again.
    """
    layout = Layout.from_environment()
    image = f"{os.environ['DOCKERNB_TEST_REGISTRY']}/bench/{base}"
    (file,) = (each.tar for each in BASE_IMAGES if each.name == base)
    # One that a killed run has left would keep the layer in the daemon.
    docker.cli(layout, "image", "prune", "--force", "--all", f"--filter=label={_LABEL}")
    with tempfile.TemporaryDirectory(prefix="bench-pull-") as folder:
        tar = Path(folder) / "base.tar"
        shutil.copyfile(layout.images / file, tar)
        with tarfile.open(tar, "a") as archive:
            marker = tarfile.TarInfo("bench")
            archive.addfile(marker, io.BytesIO())
        docker.cli(layout, "import", f"--change=LABEL {_LABEL}", "-", image, stdin=tar)
    docker.cli(layout, "push", "--quiet", image)
    docker.cli(layout, "rmi", image)
    yield DockerPull(layout, image)
