"""One image of a place like Binder for all tests, and a base image beside it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.testbed import Layout, docker

from .image import build_image
from .place import Places

TAG = "dockernb-test-binder:latest"


@pytest.fixture(scope="package")
def places(docker_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    layout = Layout.from_environment()
    image = build_image(layout, tmp_path_factory.mktemp("binder"), TAG)
    with tempfile.TemporaryDirectory(dir=docker_root / "tmp", prefix="binder-") as folder:
        places = Places(layout, image, Path(folder))
        base = places.inside("base.tar")
        docker.cli(layout, "save", f"--output={base}", "debian:bookworm-slim")
        Path(folder).chmod(0o777)
        (Path(folder) / "base.tar").chmod(0o644)
        yield places
    docker.cli(layout, "rmi", "--force", TAG)
