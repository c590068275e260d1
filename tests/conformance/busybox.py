"""A base image of busybox, made without a registry and without a daemon."""

from __future__ import annotations

from dockernb.engines.base import ContainerSpec, Engine, Image
from dockernb.oci.config import HistoryEntry, ImageConfig
from tests.testbed import Layout
from tests.testbed.images import make_tar

_CHUNK = 1 << 20


def busybox_base(engine: Engine) -> Image:
    """Busybox with its applets as links and an /etc/passwd, and an empty config."""
    layout = Layout.from_environment()
    with layout.locked():
        tar = make_tar(layout, "busybox.tar")
    history = (HistoryEntry("2026-01-01T00:00:00Z", "busybox"),)
    scratch = engine.scratch(ImageConfig(engine.info().platform))
    with (
        engine.create(scratch.id, ContainerSpec()) as container,
        tar.open("rb") as file,
    ):
        container.write(iter(lambda: file.read(_CHUNK), b""))
        return container.commit(ImageConfig(engine.info().platform, history=history), layer=True)
