"""Podman 4.3, as Debian 12 has it, with the socket that speaks Docker's API."""

from __future__ import annotations

import resource

from tests.testbed import bookworm
from tests.testbed.engine import Engine
from tests.testbed.layout import Layout

NAME = "podman"
MOST = 1 << 15
#: Podman wants to raise the number of open files, which not every machine lets even root do.
CONFIG = """\
[containers]
default_ulimits = ["nofile={files}:{files}", "nproc={processes}:{processes}"]
"""


def engine(layout: Layout) -> Engine:
    """The service."""
    marks = ("podman", "system", "service", f"unix:///run/{NAME}.sock")
    return Engine(layout, layout.bookworm, NAME, marks)


def up(layout: Layout) -> None:
    """Bring it up; a healthy one stays as it is."""
    service = engine(layout)
    if service.is_up():
        return
    bookworm.make_root(layout)
    config = layout.bookworm / "etc/containers/containers.conf"
    files, processes = most(resource.RLIMIT_NOFILE), most(resource.RLIMIT_NPROC)
    config.write_text(CONFIG.format(files=files, processes=processes))
    # No systemd here, and no journal.
    options = ["--cgroup-manager=cgroupfs", "--events-backend=file", "--log-level=warn"]
    command = ["/usr/bin/podman", *options, "system", "service", "--time=0"]
    service.start([*command, f"unix:///run/{NAME}.sock"])


def down(layout: Layout) -> bool:
    """Stop it."""
    return engine(layout).stop()


def most(kind: int) -> int:
    """The highest limit that we may set; a number also where there is none."""
    hard = resource.getrlimit(kind)[1]
    return MOST if hard == resource.RLIM_INFINITY else min(hard, MOST)
