"""The caches of `RUN --mount=type=cache`: a folder each, locked by whoever uses it.

    caches/<name>        its files
    caches/<name>.lock   held as long as a command has the cache

Where there are mounts, commands share it. Else the folder is moved into the tree of the one command
that has it.
"""

from __future__ import annotations

import fcntl
import select
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from dockernb.engines.base import RemovedCaches
from dockernb.engines.embedded.store.collect import folder_size
from dockernb.engines.embedded.store.folders import StoreFolders
from dockernb.engines.embedded.store.places import places, set_aside
from dockernb.oci.locks import try_locked

__all__ = ["held_cache", "set_caches_aside"]

_LOCK = ".lock"
# Between two looks at a cache that others have.
_SECONDS = 0.05


@contextmanager
def held_cache(folder: Path, cancel: int, *, alone: bool) -> Iterator[bool]:
    """Waits for a cache and holds it, until the block ends; it may be gone by then.

    Args:
        cancel: A descriptor that is readable when nobody wants it any more; then it gives False.
    """
    with _lock_of(folder).open("a") as lock:
        while not _take(lock, alone=alone):
            if select.select([cancel], [], [], _SECONDS)[0]:
                yield False
                return
        yield True


def _take(lock: IO[str], *, alone: bool) -> bool:
    try:
        fcntl.flock(lock, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lock_of(folder: Path) -> Path:
    return folder.with_name(folder.name + _LOCK)


def set_caches_aside(folders: StoreFolders) -> RemovedCaches:
    """Takes all caches that nobody holds out of use, for `Strays` to remove."""
    gone, size = [], 0
    for folder in places(folders.caches):
        if folder.suffix == _LOCK:
            continue
        with try_locked(_lock_of(folder)) as is_free:
            if is_free:
                size += folder_size(folder)
                if set_aside(folder) is not None:
                    gone.append(folder.name)
    return RemovedCaches(tuple(gone), size)
