"""skopeo, which reads and writes image archives of every form without a daemon."""

from __future__ import annotations

import shutil

from tests.testbed import apt


def find() -> str | None:
    """The path of the machine's skopeo."""
    return shutil.which("skopeo")


def up() -> str:
    """Install skopeo from Debian unless the machine has it; returns its path."""
    return find() or apt.install("skopeo", "skopeo")
