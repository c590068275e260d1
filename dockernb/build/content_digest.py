"""Digests of files in the build context, computed once for as long as a file does not change."""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import BinaryIO, NamedTuple

from dockernb.errors import ContextError

from .source_entry import OpenedBy

__all__ = ["CheckedFile", "ContextFile", "Signature", "signature"]

# Device, inode, size, and the times of the last change of content and of metadata, in ns.
Signature = tuple[int, int, int, int, int]

_LIMIT = 500_000

# Within one tick of the kernel's clock a second change of a file leaves its times as they are.
_TICK_NS = 20_000_000

_known: dict[Signature, str] = {}
_lock = threading.Lock()


def signature(stat: os.stat_result) -> Signature:
    """What identifies a state of a file without reading it."""
    return (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)


class ContextFile(NamedTuple):
    """A file of the build context in the state in which it was seen; see `Content`."""

    path: str
    expected: Signature

    def open(self) -> BinaryIO:
        """Raises `ContextError` if the file is gone, unreadable or changed, now or later."""
        return CheckedFile(self.path, self.expected)

    def xattrs(self) -> Mapping[str, bytes]:
        """The one attribute that image layers keep."""
        try:
            return {"security.capability": os.getxattr(self.path, "security.capability")}
        except (OSError, AttributeError):
            return {}

    @property
    def is_read(self) -> bool:
        """Its digest is known."""
        return self.expected in _known

    def digest(self, on_bytes: Callable[[int], None] | None = None) -> str:
        """See `Content`; `on_bytes` is told how many bytes were read, if it must be read."""
        known = _known.get(self.expected)
        return known if known is not None else self._read_digest(on_bytes)

    def _read_digest(self, on_bytes: Callable[[int], None] | None) -> str:
        # A change of the attributes changes the signature too (its last time).
        digest = OpenedBy(self.open, self.xattrs()).digest(on_bytes)
        if time.time_ns() - max(self.expected[3:]) > _TICK_NS:
            with _lock:
                if len(_known) >= _LIMIT:
                    _known.clear()
                _known[self.expected] = digest
        return digest


class CheckedFile(io.FileIO):
    """A file open for reading that must not change. Reads may give less than asked for."""

    def __init__(self, path: str, expected: Signature) -> None:
        self._path = path
        self._expected = expected
        # O_NONBLOCK: a FIFO that took the file's place must not stop us.
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        try:
            descriptor = os.open(path, flags)
        except OSError as err:
            raise _unreadable(path, err) from err
        super().__init__(descriptor, "rb")
        try:
            self._check()
        except ContextError:
            self.close()
            raise

    def read(self, size: int | None = -1, /) -> bytes:
        try:
            data = super().read(-1 if size is None else size)
        except OSError as err:
            raise _unreadable(self._path, err) from err
        if not data and size:
            self._check()
        return data or b""

    def _check(self) -> None:
        if signature(os.fstat(self.fileno())) != self._expected:
            raise ContextError(
                f'"{self._path}" changed while it was being read',
                state="Nothing of this step was kept.",
                hint="Run the cell again when nothing writes to the file.",
            )


def _unreadable(path: str, err: OSError) -> ContextError:
    if isinstance(err, FileNotFoundError):
        return ContextError(
            f'"{path}" vanished while it was being read',
            state="Nothing of this step was kept.",
            hint="Run the cell again.",
        )
    return ContextError(f'"{path}" of the build context cannot be read: {err.strerror}')
