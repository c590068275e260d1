"""The daemon of a Docker beside the testbed's Docker 26: it has a bridge and folders of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.testbed import network
from tests.testbed.engine import Engine
from tests.testbed.layout import Layout
from tests.testbed.process import stop


def engine(layout: Layout, root: Path, name: str) -> Engine:
    """The daemon of this name in this root."""
    return Engine(layout, root, name, ("dockerd", f"--pidfile=/run/{name}.pid"))


def start(daemon: Engine) -> None:
    """Start it, in place of one that does not answer."""
    down(daemon)
    bridge = daemon.layout.bridge_of(daemon.name)
    network.make_bridge(bridge)
    daemon.start(
        [
            "/usr/sbin/dockerd",
            f"--host=unix:///run/{daemon.name}.sock",
            f"--pidfile=/run/{daemon.name}.pid",
            f"--data-root=/var/lib/{daemon.name}",
            f"--exec-root=/run/{daemon.name}",
            f"--bridge={bridge}",
            f"--mtu={network.outer_mtu()}",
            "--group=0",
        ]
    )


def down(daemon: Engine) -> bool:
    """Stop it and its containerd, and remove its bridge."""
    stopped = daemon.stop()
    run = daemon.root / "run"
    (run / f"{daemon.name}.pid").unlink(missing_ok=True)
    containerd = run / f"{daemon.name}/containerd/containerd.pid"
    if containerd.exists():
        marks = ("containerd", f"/run/{daemon.name}/containerd/containerd.toml")
        stop(containerd, daemon.root, marks)
    if shutil.which("ip"):
        network.remove_bridge(daemon.layout.bridge_of(daemon.name))
    return stopped
