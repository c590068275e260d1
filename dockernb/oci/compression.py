"""Layers are tars, most of them compressed: told by their first bytes, not by a media type."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path
from typing import BinaryIO, cast

from ..errors import OciError

__all__ = ["open_layer"]

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_BUFFER = 1 << 18

Errors = tuple[type[Exception], ...]


def open_layer(path: Path, *, limit: int) -> BinaryIO:
    """The layer's uncompressed bytes.

    Args:
        limit: So many bytes may come out; a small file can stand for any number of them.

    Raises (also while it is read):
        OciError: the compression is broken, or more comes out.
    """
    file = path.open("rb")
    try:
        head = file.read(4)
        file.seek(0)
        stream, broken = _decompressed(file, head)
        return cast("BinaryIO", io.BufferedReader(_Bounded(stream, limit, broken), _BUFFER))
    except BaseException:
        file.close()
        raise


def _decompressed(file: BinaryIO, head: bytes) -> tuple[BinaryIO, Errors]:
    """The stream, and what it raises where the compression is broken."""
    if head.startswith(_GZIP):
        stream = _Owning(gzip.GzipFile(fileobj=file), file)
        return cast("BinaryIO", stream), (gzip.BadGzipFile, EOFError, zlib.error)
    if head == _ZSTD:
        import zstandard  # noqa: PLC0415 - few layers need it

        reader = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)
        return cast("BinaryIO", reader), (zstandard.ZstdError,)
    return file, ()


class _Owning(io.RawIOBase):
    """A stream that closes the file below it, too."""

    def __init__(self, stream: gzip.GzipFile, file: BinaryIO) -> None:
        super().__init__()
        self._stream = stream
        self._file = file

    def read(self, size: int = -1, /) -> bytes:
        return self._stream.read(size)

    def close(self) -> None:
        self._stream.close()
        self._file.close()
        super().close()


class _Bounded(io.RawIOBase):
    """Passes on what a stream gives, up to a limit; its errors become ours."""

    def __init__(self, stream: BinaryIO, limit: int, broken: Errors) -> None:
        super().__init__()
        self._stream = stream
        self._limit = limit
        self._left = limit
        self._broken = broken

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        try:
            data = self._stream.read(len(buffer))
        except self._broken as err:
            raise OciError(f"a layer's compression is broken: {err}") from err
        self._left -= len(data)
        if self._left < 0:
            raise OciError(f"a layer unpacks to more than {self._limit:,} bytes")
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._stream.close()
        super().close()
