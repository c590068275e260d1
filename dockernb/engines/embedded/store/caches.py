"""The caches of `RUN --mount=type=cache`: a folder each, locked by whoever uses it.

    caches/<name>        its files
    caches/<name>.lock   held as long as a command has the cache

Where there are mounts, commands share it. Else the folder is moved into the tree of the one command
that has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dockernb.engines.base import RemovedCaches
from dockernb.engines.embedded.store.collect import folder_size
from dockernb.engines.embedded.store.folders import StoreFolders
from dockernb.engines.embedded.store.places import places, set_aside
from dockernb.oci.locks import locked, try_locked

__all__ = ["held_cache", "set_caches_aside"]

_LOCK = ".lock"


@contextmanager
def held_cache(folder: Path, *, alone: bool) -> Iterator[None]:
    """Waits for a cache and holds it; it may be gone by then."""
    with locked(folder.with_name(folder.name + _LOCK), exclusive=alone):
        yield


def set_caches_aside(folders: StoreFolders) -> RemovedCaches:
    """Takes all caches that nobody holds out of use, for `Strays` to remove."""
    gone, size = [], 0
    for folder in places(folders.caches):
        if folder.suffix == _LOCK:
            continue
        with try_locked(folder.with_name(folder.name + _LOCK)) as is_free:
            if is_free:
                size += folder_size(folder)
                if set_aside(folder) is not None:
                    gone.append(folder.name)
    return RemovedCaches(tuple(gone), size)
