"""PRoot, for the embedded engine's way without namespaces."""

from __future__ import annotations

import shutil

from tests.testbed import apt


def find() -> str | None:
    """The path of the machine's PRoot."""
    return shutil.which("proot")


def up() -> str:
    """Install PRoot from Debian unless the machine has it; returns its path."""
    return find() or apt.install("proot", "proot")
