"""Docker 20.10, as Debian 12 has it."""

from __future__ import annotations

import shutil

from tests.testbed import bookworm, network
from tests.testbed.engine import Engine
from tests.testbed.layout import Layout
from tests.testbed.process import stop

NAME = "docker20"
CONTAINERD_MARKS = ("containerd", f"/run/{NAME}/containerd/containerd.toml")


def engine(layout: Layout) -> Engine:
    """The daemon."""
    return Engine(layout, NAME, ("dockerd", f"--pidfile=/run/{NAME}.pid"))


def up(layout: Layout) -> None:
    """Bring it up; a healthy one stays as it is."""
    daemon = engine(layout)
    if daemon.is_up():
        return
    bookworm.make_root(layout)
    down(layout)
    bridge = layout.bridge_of(NAME)
    network.make_bridge(bridge)
    daemon.start(
        [
            "/usr/sbin/dockerd",
            f"--host=unix:///run/{NAME}.sock",
            f"--pidfile=/run/{NAME}.pid",
            f"--data-root=/var/lib/{NAME}",
            f"--exec-root=/run/{NAME}",
            f"--bridge={bridge}",
            f"--mtu={network.outer_mtu()}",
            "--group=0",
        ]
    )


def down(layout: Layout) -> bool:
    """Stop it and its containerd, and remove its bridge."""
    daemon = engine(layout)
    stopped = daemon.stop()
    (layout.bookworm / f"run/{NAME}.pid").unlink(missing_ok=True)
    containerd = layout.bookworm / f"run/{NAME}/containerd/containerd.pid"
    if containerd.exists():
        stop(containerd, layout.bookworm, CONTAINERD_MARKS)
    if shutil.which("ip"):
        network.remove_bridge(layout.bridge_of(NAME))
    return stopped
