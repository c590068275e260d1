"""buildah, which builds without a daemon: a reference for the engine that does."""

from __future__ import annotations

import shutil

from tests.testbed import apt


def find() -> str | None:
    """The path of the machine's buildah."""
    return shutil.which("buildah")


def up() -> str:
    """Install buildah from Debian unless the machine has it; returns its path."""
    return find() or apt.install("buildah", "buildah")
