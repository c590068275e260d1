"""Content of many files in one temporary file, to be read again in any order."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import IO, BinaryIO, Self

from dockernb.errors import InternalError, StorageFullError

__all__ = ["Spool"]

_PIECE = 256 * 1024
_IN_MEMORY = 4 * 1024 * 1024


class Spool:
    """Small contents stay in memory, the rest goes to disk."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY, prefix="dockernb-")  # noqa: SIM115

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def __del__(self) -> None:
        # What was downloaded lives as long as the entry that opens it.
        self._file.close()

    def add(self, content: IO[bytes], size: int) -> Callable[[], BinaryIO]:
        """Keeps the `size` bytes of `content`; returns what opens them again.

        Raises:
            StorageFullError: The disk for temporary files is full.
        """
        start = self._file.seek(0, io.SEEK_END)
        while piece := content.read(_PIECE):
            self.write(piece)
        return self.opener(start, size)

    def write(self, piece: bytes) -> None:
        """Keeps more bytes behind those kept before; raises as `add`."""
        try:
            self._file.write(piece)
        except OSError as err:
            raise StorageFullError(
                f"the folder for temporary files is full: {err.strerror}",
                hint="Free some space, or set TMPDIR to a larger disk.",
            ) from err

    def opener(self, start: int, size: int) -> Callable[[], BinaryIO]:
        """What opens `size` of the kept bytes from `start` on."""
        return partial(self._open, start, size)

    def dropped(self) -> BinaryIO:
        """Stands for content that was not kept, because nothing could ask for it."""
        raise InternalError("content of an image was dropped but is needed")

    def _open(self, start: int, size: int) -> BinaryIO:
        return io.BufferedReader(_Slice(self._file, start, size))


class _Slice(io.RawIOBase):
    """`size` bytes of a file from `start` on; the file's own position is moved at each read."""

    def __init__(self, file: IO[bytes], start: int, size: int) -> None:
        super().__init__()
        self._file, self._start, self._size, self._position = file, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        base = {0: 0, 1: self._position, 2: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        self._file.seek(self._start + self._position)
        data = self._file.read(min(len(buffer), max(0, self._size - self._position)))
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)
