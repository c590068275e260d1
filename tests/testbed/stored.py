"""Images of the testbed's daemon in the store of the embedded engine."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from dockernb.engines.embedded.engine import EmbeddedEngine
from tests.testbed import docker
from tests.testbed.layout import Layout


def load_from_daemon(engine: EmbeddedEngine, names: Sequence[str]) -> None:
    """Gives the engine the daemon's images, by `docker save`."""
    with tempfile.TemporaryDirectory() as folder:
        engine.load(saved_by_daemon(names, Path(folder)), lambda _: None, threading.Event())


def saved_by_daemon(names: Sequence[str], folder: Path) -> Path:
    """An archive of the daemon's images in `folder`."""
    layout = Layout.from_environment()
    with tempfile.TemporaryDirectory(dir=layout.root / "tmp", prefix="save-") as place:
        archive = Path(place) / "images.tar"
        inside = "/" + str(archive.relative_to(layout.root))
        docker.cli(layout, "save", "--output", inside, *names)
        return Path(shutil.move(archive, folder / "images.tar"))
