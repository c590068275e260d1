"""A lock between processes and threads that dies with its owner (flock)."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import InternalError

__all__ = ["FolderLock"]


class _Held(threading.local):
    """The locks of this thread: path -> whether it is held alone."""

    def __init__(self) -> None:
        self.locks: dict[Path, bool] = {}


_held = _Held()


class FolderLock:
    """A lock at `path`, an empty file that stays.

    A thread may take it again while it holds it. What holds it shared cannot get it alone: two
    that tried would wait for each other forever.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def held(self, *, shared: bool = False) -> Iterator[None]:
        """Waits for the lock; any number may hold it `shared`, else one alone."""
        alone = _held.locks.get(self._path)
        if alone is not None:
            if not alone and not shared:
                raise InternalError(f'the lock "{self._path}" is held shared and asked for alone')
            yield
            return
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
            _held.locks[self._path] = not shared
            yield
        finally:
            _held.locks.pop(self._path, None)
            os.close(descriptor)
