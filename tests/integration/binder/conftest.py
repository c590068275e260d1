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
    with tempfile.TemporaryDirectory(dir=docker_root / "tmp", prefix="binder-") as folder:
        exchange = Path(folder)
        exchange.chmod(0o777)
        base = exchange / "base.tar"
        inside = f"/{base.relative_to(docker_root)}"
        docker.cli(layout, "save", f"--output={inside}", "debian:bookworm-slim")
        base.chmod(0o644)
        image = build_image(layout, tmp_path_factory.mktemp("binder"), base, TAG)
        yield Places(layout, image, exchange)
    docker.cli(layout, "rmi", "--force", TAG)
