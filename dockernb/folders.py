"""Where dockernb keeps things on this machine."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["cache_folder"]


def cache_folder() -> Path:
    """Folder of the build cache: below DOCKERNB_HOME if that is set, else the user's cache."""
    home = os.environ.get("DOCKERNB_HOME")
    if home:
        return Path(home).expanduser() / "cache"
    import platformdirs  # noqa: PLC0415 - only needed here, and not at the kernel's start

    return Path(platformdirs.user_cache_dir("dockernb", appauthor=False))
