"""Which files ADD takes for archives, by their content. Source: BuildKit's `file/unpack.go`."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import importlib
import io
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from dockernb.errors import BuildError
from dockernb.oci.byte_stream import StreamReader

__all__ = ["DECOMPRESSION_ERRORS", "is_archive", "open_archive"]

_SKIPPABLE = tuple(bytes([0x50 + number]) + b"\x2a\x4d\x18" for number in range(16))
# xz -9 needs 65 MB.
_XZ_MEMORY = 256 << 20
_PIECE = 1 << 18
_ZSTD = b"\x28\xb5\x2f\xfd"

DECOMPRESSION_ERRORS = (OSError, EOFError, zlib.error, lzma.LZMAError, tarfile.TarError)


def is_archive(opener: Callable[[], BinaryIO]) -> bool:
    """Whether the file is a tar archive, plain or compressed, with at least one entry.

    Raises:
        BuildError: It is compressed with zstd, which this Python cannot read.
    """
    with opener() as file:
        head = file.read(512)
        kind = _compression(head)
        if kind is None:
            return _is_header(head)
    try:
        with open_archive(opener) as stream:
            return _is_header(_read_all(stream, 512))
    except BuildError:
        raise
    except Exception as err:
        if isinstance(err, DECOMPRESSION_ERRORS) or type(err).__name__ == "ZstdError":
            return False
        raise


@contextlib.contextmanager
def open_archive(opener: Callable[[], BinaryIO]) -> Iterator[BinaryIO]:
    """The decompressed bytes of an archive, to be read forwards."""
    with opener() as file:
        kind = _compression(file.read(6))
        file.seek(0)
        if kind is None:
            yield file
            return
        stream = kind(file)
        try:
            yield stream
        finally:
            stream.close()


def _compression(head: bytes) -> Callable[[BinaryIO], Any] | None:
    if head.startswith(b"\x1f\x8b\x08"):
        return lambda file: gzip.GzipFile(fileobj=file, mode="rb")
    if head.startswith(b"BZh"):
        return bz2.BZ2File
    if head.startswith(b"\xfd7zXZ\x00"):
        return lambda file: StreamReader(_unpacked_xz(file))
    if head.startswith((_ZSTD, *_SKIPPABLE)):
        return _zstd_reader
    return None


def _unpacked_xz(file: BinaryIO) -> Iterator[bytes]:
    """The content of all streams in the file; a header alone may ask for gigabytes of memory."""
    rest, decompressor = b"", None
    while rest or (rest := file.read(_PIECE)):
        decompressor = decompressor or lzma.LZMADecompressor(memlimit=_XZ_MEMORY)
        yield decompressor.decompress(rest, _PIECE)
        while not decompressor.eof and not decompressor.needs_input:
            yield decompressor.decompress(b"", _PIECE)
        rest = b""
        if decompressor.eof:
            # Streams may have zeros between them, and behind the last one.
            rest, decompressor = decompressor.unused_data.lstrip(b"\0"), None
    if decompressor is not None and not decompressor.eof:
        raise EOFError("it is cut off")


def _zstd_reader(file: BinaryIO) -> Any:
    with contextlib.suppress(ImportError):  # Python 3.14 and newer
        return importlib.import_module("compression.zstd").ZstdFile(file)
    try:
        zstandard = importlib.import_module("zstandard")
    except ImportError:
        raise BuildError(
            "this archive is compressed with zstd, which needs the package zstandard",
            hint="Install it: pip install zstandard",
        ) from None
    decompressor = zstandard.ZstdDecompressor()
    return decompressor.stream_reader(file, read_across_frames=True, closefd=False)


def _is_header(block: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def _read_all(stream: BinaryIO, size: int) -> bytes:
    out = io.BytesIO()
    while out.tell() < size and (piece := stream.read(size - out.tell())):
        out.write(piece)
    return out.getvalue()
