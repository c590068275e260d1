"""Locks on files, which die with the process that holds them."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["is_locked", "locked", "try_locked"]


@contextmanager
def locked(file: Path, *, exclusive: bool) -> Iterator[None]:
    """Waits for the lock and holds it for the length of the block."""
    with file.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
        yield


@contextmanager
def try_locked(file: Path) -> Iterator[bool]:
    """Takes the lock for itself for the length of the block, or gives False and takes none."""
    with file.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def is_locked(file: Path) -> bool:
    """Whether a living process holds the lock."""
    try:
        with file.open("r+") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
