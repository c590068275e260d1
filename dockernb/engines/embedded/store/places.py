"""Folders of the store that one worker uses, and what is done with them when it is dead.

    <place>/lock    held by the worker, as long as it lives

Names that begin with "." are no places, and nothing else either: what is not whole yet (held by who
makes it, see `TemporaryFiles`), or what is being removed. So nothing that is half there can be
taken for whole, whatever is killed meanwhile, and `Strays` finds it.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from dockernb.oci.durable import ASIDE

__all__ = ["dead_places", "hold_place", "new_place", "places", "set_aside", "take_away"]


def new_place(parent: Path) -> tuple[Path, IO[str]]:
    """A new folder in `parent`, and its lock, which is held until it is closed."""
    while True:
        place = parent / secrets.token_hex(6)
        place.mkdir(mode=0o700)
        held = hold_place(place, make=True)
        if held is not None:  # else somebody took it for a dead worker's
            return place, held


def hold_place(place: Path, *, make: bool = False) -> IO[str] | None:
    """The lock of a place, held; None if a living worker has it, or the place is being removed.

    Args:
        make: It is new and has no lock yet.
    """
    file = place / "lock"
    try:
        lock = file.open("w" if make else "a")
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # It may have been taken away between the two.
        if os.path.samestat(file.stat(), os.fstat(lock.fileno())):
            return lock
    except OSError:
        pass
    lock.close()
    return None


def places(parent: Path) -> Iterator[Path]:
    """All places in `parent`, whoever uses them."""
    return (place for place in sorted(parent.iterdir()) if not place.name.startswith(ASIDE))


def dead_places(parent: Path) -> list[Path]:
    """The places whose workers are dead."""
    return [place for place in places(parent) if _is_dead(place)]


def take_away(place: Path) -> bool:
    """Sets a dead worker's place aside, for good; False if a living one has it."""
    held = hold_place(place)
    if held is None:
        return False
    with held:
        set_aside(place)
    return True


def set_aside(path: Path) -> Path | None:
    """Takes the name of what is to be removed, in one step; returns what it is called now.

    Returns:
        None: it is gone already.
    """
    gone = path.with_name(f"{ASIDE}gone-{secrets.token_hex(6)}")
    with suppress(FileNotFoundError):
        return path.rename(gone)
    return None


def _is_dead(place: Path) -> bool:
    held = hold_place(place)
    if held is None:
        return False
    held.close()
    return True
