"""An image that no daemon has, made from the daemon's BusyBox, and a place for archives of it."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dockernb.oci.archives import StoredImage, load, stored_image
from dockernb.oci.layout import ImageLayout
from tests.testbed.reference import docker_cli
from tests.unit.oci.archive_files import store, tar_of


@dataclass(frozen=True)
class Archives:
    """A folder that the daemon's root sees, too, under another path."""

    folder: Path

    def path(self, name: str) -> Path:
        """As the tests see it."""
        return self.folder / name

    def inside(self, name: str) -> str:
        """As the docker command of the testbed sees it."""
        return f"/tmp/{self.folder.name}/{name}"


@dataclass(frozen=True)
class Made:
    """An image; run, it prints `says`."""

    image: StoredImage
    says: str

    @property
    def name(self) -> str:
        return self.image.names[0]


@pytest.fixture
def archives(docker_root: Path) -> Iterator[Archives]:
    with tempfile.TemporaryDirectory(dir=docker_root / "tmp", prefix="archives-") as folder:
        yield Archives(Path(folder))


@pytest.fixture
def layout(tmp_path: Path) -> ImageLayout:
    return ImageLayout(tmp_path / "images")


@pytest.fixture
def busybox(archives: Archives, layout: ImageLayout) -> StoredImage:
    """The daemon's own, saved by the daemon and loaded by us."""
    docker_cli("save", "--output", archives.inside("busybox.tar"), "busybox:latest")
    with archives.path("busybox.tar").open("rb") as archive:
        [loaded] = load(archive, layout)
    return stored_image(layout, loaded.manifest, loaded.names)


@pytest.fixture
def make(busybox: StoredImage, layout: ImageLayout) -> Iterator[Callable[..., Made]]:
    """Makes an image with layers of which the daemon has none; what it loads is removed."""
    made = []

    def make_one(compression: str = "none") -> Made:
        says = uuid.uuid4().hex
        name = f"dockernb-test-archives:{says}"
        plain = layout.blob_path(busybox.layers[0].descriptor.digest).read_bytes()
        # First: a daemon takes the layers that it has, with all below them, from itself.
        layers = [tar_of({"says": says.encode()}), plain]
        command = {"cmd": ("/bin/cat", "/says"), "env": ("PATH=/bin",)}
        image = store(layout, layers, (name,), compression, **command)
        made.append(name)
        return Made(image, says)

    yield make_one
    held = docker_cli("images", "--format", "{{.Repository}}:{{.Tag}}").split()
    if left := [name for name in made if name in held]:
        docker_cli("rmi", "--force", *left)
