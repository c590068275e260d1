"""Temporary files and folders that can be told from those of a dead process.

Each is held by an flock as long as its owner lives: the system lets go of it however that ends.
What nobody holds may be removed at any time, by any process.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

__all__ = ["TemporaryFiles"]

_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class TemporaryFiles:
    """The temporary files and folders below `folder`, which is made when it is needed.

    Args:
        prefix: How their names begin, where other things lie in `folder` as well.
        remove: Removes one, whatever it is.
    """

    def __init__(
        self, folder: Path, prefix: str = "", remove: Callable[[Path], None] | None = None
    ) -> None:
        self.folder = folder
        self._prefix = prefix
        self._remove = remove or _remove

    @contextmanager
    def file(self) -> Iterator[tuple[Path, IO[bytes]]]:
        """A new, empty file, open for writing; removed at the end unless it was renamed."""
        path, descriptor = self._make(lambda path: os.open(path, _CREATE, 0o666))
        with os.fdopen(descriptor, "wb") as file:
            try:
                yield path, file
            finally:
                # While the lock is held: nobody else can have taken the name.
                path.unlink(missing_ok=True)

    @contextmanager
    def subfolder(self) -> Iterator[Path]:
        """A new, empty folder; removed at the end with all that is left in it."""
        path, descriptor = self._make(_open_new_folder)
        try:
            yield path
        finally:
            try:
                self._remove(path)
            finally:
                os.close(descriptor)

    def strays(self) -> tuple[Path, ...]:
        """What dead owners have left."""
        return tuple(path for path in self._entries() if _is_stray(path))

    def clean(self) -> int:
        """Removes what dead owners have left; returns how many files and folders that were."""
        return sum(_hold(path, self._remove) for path in self._entries())

    def _entries(self) -> list[Path]:
        try:
            found = sorted(self.folder.iterdir())
        except FileNotFoundError:
            return []
        return [path for path in found if path.name.startswith(self._prefix)]

    def _make(self, make: Callable[[Path], int]) -> tuple[Path, int]:
        self.folder.mkdir(parents=True, exist_ok=True)
        while True:
            path = self.folder / (self._prefix + secrets.token_hex(8))
            with contextlib.suppress(FileNotFoundError):
                descriptor = make(path)
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                # Before it was locked, a cleaner may have taken it for a dead owner's.
                if _is_at(path, descriptor):
                    return path, descriptor
                os.close(descriptor)


def _open_new_folder(path: Path) -> int:
    path.mkdir(mode=0o700)
    return os.open(path, _READ | os.O_DIRECTORY)


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _is_stray(path: Path) -> bool:
    return _hold(path, lambda _: None)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _hold(path: Path, action: Callable[[Path], None]) -> bool:
    """Does `action` while nobody else can own `path`; whether that was possible."""
    try:
        descriptor = os.open(path, _READ)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        found = _is_at(path, descriptor)
        if found:
            action(path)
        return found
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
