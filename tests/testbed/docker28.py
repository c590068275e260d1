"""Docker 28 with BuildKit 0.25, from Debian 14's packages, with the containerd image store."""

from __future__ import annotations

import json

from tests.testbed import apt, dockerd, namespace
from tests.testbed.engine import Engine
from tests.testbed.layout import Layout

NAME = "docker28"
PACKAGES = (
    "docker.io",
    "docker-buildx",
    "docker-cli",
    "ca-certificates",
    "iptables",
    "git",  # for ADD of a repository
)
#: The default of new installations since Docker 29.
CONFIG = {"features": {"containerd-snapshotter": True}}


def engine(layout: Layout) -> Engine:
    """The daemon."""
    return dockerd.engine(layout, layout.forky, NAME)


def up(layout: Layout) -> None:
    """Bring it up; a healthy one stays as it is."""
    daemon = engine(layout)
    if daemon.is_up():
        return
    if not (layout.forky / "usr/sbin/dockerd").exists():
        log = layout.logs / "debootstrap-forky.log"
        apt.debootstrap("forky", layout.forky, layout.debs / "forky", log, *PACKAGES)
    namespace.give_resolver(layout.forky)
    config = layout.forky / "etc/docker/daemon.json"
    config.parent.mkdir(exist_ok=True)
    config.write_text(json.dumps(CONFIG))
    dockerd.start(daemon)


def down(layout: Layout) -> bool:
    """Stop it."""
    return dockerd.down(engine(layout))
