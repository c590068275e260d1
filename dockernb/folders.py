"""Where dockernb keeps things on this machine."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["cache_folder", "store_folder"]


def cache_folder() -> Path:
    """Folder of the build cache: below DOCKERNB_HOME if that is set, else the user's cache."""
    home = _home()
    if home is not None:
        return home / "cache"
    import platformdirs  # noqa: PLC0415 - only needed here, and not at the kernel's start

    return Path(platformdirs.user_cache_dir("dockernb", appauthor=False))


def store_folder() -> Path:
    """Folder of the embedded engine's images: below DOCKERNB_HOME, else the user's data."""
    home = _home()
    if home is not None:
        return home / "store"
    import platformdirs  # noqa: PLC0415 - see above

    return Path(platformdirs.user_data_dir("dockernb", appauthor=False)) / "store"


def _home() -> Path | None:
    home = os.environ.get("DOCKERNB_HOME")
    return Path(home).expanduser() if home else None
