"""Compressed layers, told by their content: gzip, zstd (RFC 8878) or none.

What a layer decompresses to is bounded: a few kilobytes can stand for terabytes.
"""

from __future__ import annotations

import gzip
import importlib
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Literal, Protocol, cast

from ..errors import OciError
from .byte_stream import StreamReader

__all__ = [
    "Compression",
    "DecompressedStream",
    "Readable",
    "Writable",
    "compression_of",
    "open_layer",
    "open_stream",
]

Compression = Literal["none", "gzip", "zstd"]

_GZIP = b"\x1f\x8b\x08"
_ZSTD = b"\x28\xb5\x2f\xfd"
_SKIPPABLE = tuple(bytes([0x50 + number]) + b"\x2a\x4d\x18" for number in range(16))
_HEAD = 4
_PIECE = 1 << 17
# A zstd block of 4 bytes may stand for 128 KiB, and a decompressor gives all that it has been fed.
_ZSTD_PIECE = 1 << 10
# What the zstd program takes without being told to take more.
_ZSTD_WINDOW = 1 << 27


class Readable(Protocol):
    """What bytes are read from: a file, a pipe, a response."""

    def read(self, size: int, /) -> bytes: ...


class Writable(Protocol):
    """What bytes are written to."""

    def write(self, data: bytes, /) -> object: ...


def compression_of(head: bytes) -> Compression:
    """How data that begins with `head` (4 bytes suffice) is compressed."""
    if head.startswith(_GZIP):
        return "gzip"
    return "zstd" if head.startswith((_ZSTD, *_SKIPPABLE)) else "none"


def open_layer(path: Path, *, limit: int) -> DecompressedStream:
    """The tar in the blob at `path`; close it, or use it in a `with` statement.

    Args:
        limit: Bytes of the uncompressed tar; one byte more is an error.

    Raises:
        OciError: On reading: it is broken, cut off or larger than `limit`.
    """
    file = path.open("rb")
    try:
        return open_stream(file, limit=limit, shown=f'the layer "{path.name}"', owns=True)
    except BaseException:
        file.close()
        raise


def open_stream(
    file: Readable, *, limit: int, shown: str, owns: bool = False
) -> DecompressedStream:
    """As `open_layer`, for anything that can be read forwards.

    Args:
        shown: What it is, for the reader.
        owns: Whether closing the stream closes `file`.
    """
    head = _read_fully(file, _HEAD)
    rest = _Rewound(head, file)
    compression = compression_of(head)
    source: Readable = rest
    if compression == "gzip":
        source = gzip.GzipFile(fileobj=cast("IO[bytes]", rest), mode="rb")
    elif compression == "zstd":
        source = StreamReader(_decompress_zstd(rest))
    return DecompressedStream(source, compression, limit, shown, file if owns else None)


class DecompressedStream(io.RawIOBase):
    """Uncompressed bytes, at most `limit` of them."""

    def __init__(
        self,
        source: Readable,
        compression: Compression,
        limit: int,
        shown: str,
        owned: Any | None,
    ) -> None:
        super().__init__()
        self.compression = compression
        self.position = 0
        self._source = source
        self._limit = limit
        self._shown = shown
        self._owned = owned

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """At most `size` bytes (all, without it); none only at the end."""
        if size is None or size < 0:
            return b"".join(iter(lambda: self.read(_PIECE), b""))
        # One byte beyond the limit tells "exactly as much as allowed" from "more".
        wanted = min(size, self._limit - self.position + 1)
        try:
            data = self._source.read(wanted)
        except (gzip.BadGzipFile, EOFError, zlib.error, _ZstdError) as err:
            raise OciError(
                f"{self._shown} is broken or cut off: {err}",
                hint="Fetch or save it again.",
            ) from err
        self.position += len(data)
        if self.position > self._limit:
            raise OciError(
                f"{self._shown} is too large",
                rule=f"At most {self._limit:,} bytes are unpacked from it.",
            )
        return data

    def readinto(self, buffer: Any, /) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if self._owned is not None:
            self._owned.close()
        super().close()


class _Rewound:
    """`file` with the bytes that were read from it put back."""

    def __init__(self, head: bytes, file: Readable) -> None:
        self._head = head
        self._file = file

    def read(self, size: int, /) -> bytes:
        if self._head:
            data, self._head = self._head[:size], self._head[size:]
            return data
        return self._file.read(size)


class _ZstdError(Exception):
    """What the zstandard package says of broken data; the package is imported when needed."""


def _decompress_zstd(file: Readable) -> Iterator[bytes]:
    """The content of all frames. (The package's own reader takes a cut-off frame for whole.)"""
    zstandard = importlib.import_module("zstandard")
    decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    frame = None
    try:
        while piece := file.read(_ZSTD_PIECE):
            while piece:
                frame = frame or decompressor.decompressobj()
                yield frame.decompress(piece)
                piece = frame.unused_data if frame.eof else b""
                frame = None if frame.eof else frame
    except zstandard.ZstdError as err:
        raise _ZstdError(str(err)) from err
    if frame is not None:
        raise _ZstdError("the last frame has no end")


def _read_fully(file: Readable, size: int) -> bytes:
    data = b""
    while len(data) < size and (piece := file.read(size - len(data))):
        data += piece
    return data
