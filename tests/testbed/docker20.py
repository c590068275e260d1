"""Docker 20.10, as Debian 12 has it."""

from __future__ import annotations

from tests.testbed import bookworm, dockerd
from tests.testbed.engine import Engine
from tests.testbed.layout import Layout

NAME = "docker20"


def engine(layout: Layout) -> Engine:
    """The daemon."""
    return dockerd.engine(layout, layout.bookworm, NAME)


def up(layout: Layout) -> None:
    """Bring it up; a healthy one stays as it is."""
    daemon = engine(layout)
    if daemon.is_up():
        return
    bookworm.make_root(layout)
    dockerd.start(daemon)


def down(layout: Layout) -> bool:
    """Stop it."""
    return dockerd.down(engine(layout))
