"""A blob on its way to the disk: `TARGET.part` until its size and digest are right.

What is there already counts: a later attempt, or a later process, goes on where the file ends. The
file is locked, so that two processes that want the same blob do not write into each other's.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dockernb.errors import (
    BuildInterruptedError,
    DigestMismatchError,
    EngineError,
    StorageFullError,
)
from dockernb.oci.manifest import Descriptor

__all__ = ["PartFile", "open_part"]

_CHUNK = 1 << 20
_LOOK_SECONDS = 0.1
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class PartFile:
    """The bytes of one blob so far. Made by `open_part`.

    Args:
        file: A locked file descriptor, open for reading and writing at its start.
        part: Its path.
    """

    def __init__(self, file: int, part: Path, target: Path, blob: Descriptor) -> None:
        self._file = file
        self._part = part
        self._target = target
        self._blob = blob
        self._hash = hashlib.sha256()
        self.size = 0
        self.is_resumed = False
        self._take_over()

    @property
    def is_whole(self) -> bool:
        """Whether as many bytes are there as the blob has; they may be wrong."""
        return self.size == self._blob.size

    def append(self, piece: bytes) -> None:
        """More bytes of the blob.

        Raises:
            DigestMismatchError: there are more of them than the blob has; all were thrown away.
            StorageFullError: the disk is full. What was there before stays.
            EngineError: the file cannot be written for another reason.
        """
        if self.size + len(piece) > self._blob.size:
            self.remove()
            raise self._mismatch(f"expected {self._blob.size:,} bytes, got more")
        view = memoryview(piece)
        with _translated(self._part, self._blob):
            while view:
                view = view[os.write(self._file, view) :]
        self._hash.update(piece)
        self.size += len(piece)

    def start_over(self) -> None:
        """Throws away what is there."""
        with _translated(self._part, self._blob):
            os.ftruncate(self._file, 0)
            os.lseek(self._file, 0, os.SEEK_SET)
        self._hash = hashlib.sha256()
        self.size = 0
        self.is_resumed = False

    def has_right_digest(self) -> bool:
        return self._digest() == self._blob.digest

    def finish(self) -> None:
        """Makes the part the target, on the disk for good.

        Raises:
            DigestMismatchError: these are not the blob's bytes; they were thrown away.
        """
        if not self.has_right_digest():
            digest = self._digest()
            self.remove()
            raise self._mismatch(f"expected {self._blob.digest}, got {digest}")
        with _translated(self._part, self._blob):
            os.fsync(self._file)
            self._part.replace(self._target)
            folder = os.open(self._target.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def remove(self) -> None:
        """Throws the file away."""
        with suppress(FileNotFoundError):
            self._part.unlink()

    def _take_over(self) -> None:
        if os.fstat(self._file).st_size > self._blob.size:
            self.start_over()
        while chunk := os.read(self._file, _CHUNK):
            self._hash.update(chunk)
            self.size += len(chunk)
        self.is_resumed = self.size > 0

    def _digest(self) -> str:
        return "sha256:" + self._hash.hexdigest()

    def _mismatch(self, rule: str) -> DigestMismatchError:
        return DigestMismatchError(
            f'the blob "{self._blob.digest}" did not arrive as it should be',
            rule=rule,
            state="What arrived was thrown away.",
            hint="Pull again; if it happens again, do not trust this registry.",
        )


@contextmanager
def _translated(part: Path, blob: Descriptor) -> Iterator[None]:
    """The system's errors in the block as ours."""
    try:
        yield
    except OSError as err:
        state = "What has arrived is kept for the next pull."
        if err.errno in _FULL:
            raise StorageFullError(
                f'no room for the blob "{blob.digest}": {err.strerror}',
                rule=f"It has {blob.size:,} bytes; they go to {part.parent}.",
                state=state,
                hint="Make room, for example with `dockernb prune`, or set DOCKERNB_HOME.",
            ) from err
        raise EngineError(
            f'the blob "{blob.digest}" cannot be written to "{part}"',
            rule=err.strerror,
            state=state,
            hint=f'Look at `ls -ld "{part.parent}"`, or set DOCKERNB_HOME to another folder.',
        ) from err


@contextmanager
def open_part(target: Path, blob: Descriptor, cancel: threading.Event) -> Iterator[PartFile]:
    """The part of `target`, ours alone until the block ends; it stays if it was not finished.

    Raises:
        BuildInterruptedError: `cancel` was set while another process held the file.
        EngineError: there can be no file, or what is there is none.
    """
    part = target.with_name(target.name + ".part")
    with _translated(part, blob):
        file = _open_locked(part, cancel)
    try:
        yield PartFile(file, part, target, blob)
    finally:
        os.close(file)


def _open_locked(part: Path, cancel: threading.Event) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    while True:
        file = os.open(part, flags, 0o644)
        try:
            _lock(file, part, cancel)
            if _is_still(part, file):
                return file
        except BaseException:
            os.close(file)
            raise
        # Whoever had it has finished or removed it: what we hold has no name any more.
        os.close(file)


def _lock(file: int, part: Path, cancel: threading.Event) -> None:
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if cancel.wait(_LOOK_SECONDS):
                raise BuildInterruptedError(f'waiting for "{part}" was interrupted') from None
            continue
        return


def _is_still(part: Path, file: int) -> bool:
    try:
        there = part.lstat()
    except FileNotFoundError:
        return False
    ours = os.fstat(file)
    return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)
