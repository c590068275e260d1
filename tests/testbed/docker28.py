"""Docker 28 with BuildKit 0.25, and with the containerd image store.

The programs come from Debian 14's packages; all else in their root is that of Docker 26, in Debian
13, which is there anyway: making another Debian would take a minute.
"""

from __future__ import annotations

import json
from pathlib import Path

from tests.testbed import apt, docker, dockerd, namespace
from tests.testbed.engine import Engine
from tests.testbed.layout import Layout
from tests.testbed.process import need_root, run

NAME = "docker28"
PACKAGES = ("docker.io", "docker-buildx", "docker-cli", "containerd", "runc", "tini-static")
#: The default of new installations since Docker 29.
CONFIG = {"features": {"containerd-snapshotter": True}}
#: Programs and libraries are linked, what is written to is copied.
COPY = """
cd "$1"
cp --archive --link usr "$2"
cp --archive bin sbin lib lib64 etc dev "$2"
mkdir -p "$2/var/lib" "$2/proc" "$2/sys" "$2/run" "$2/root"
install -d -m 1777 "$2/tmp" "$2/var/tmp"
"""


def engine(layout: Layout) -> Engine:
    """The daemon."""
    return dockerd.engine(layout, layout.forky, NAME)


def make_root(layout: Layout) -> None:
    """Make the root file system, unless it is there."""
    if layout.forky.exists():
        return
    need_root("making a root file system")
    docker.make_root(layout)
    partial = layout.forky.with_name(layout.forky.name + ".partial")
    apt.remove_tree(partial)
    partial.mkdir(parents=True)
    run(["sh", "-ec", COPY, "sh", str(layout.root), str(partial)])
    apt.unpack("forky", layout.debs / "forky", partial, *PACKAGES)
    _write_config(partial)
    partial.rename(layout.forky)


def _write_config(root: Path) -> None:
    config = root / "etc/docker/daemon.json"
    config.parent.mkdir(exist_ok=True)
    config.write_text(json.dumps(CONFIG))


def up(layout: Layout) -> None:
    """Bring it up; a healthy one stays as it is."""
    daemon = engine(layout)
    if daemon.is_up():
        return
    make_root(layout)
    namespace.give_resolver(layout.forky)
    dockerd.start(daemon)


def down(layout: Layout) -> bool:
    """Stop it."""
    return dockerd.down(engine(layout))
