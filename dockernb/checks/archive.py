"""Reading the tar streams of a FileView: bounded, nothing is unpacked.

An engine goes on sending until its stream is closed, so each is closed here while its view is open.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager

from dockernb.engines.base import FileView
from dockernb.errors import EngineError
from dockernb.oci.bounded_tar import open_tar

__all__ = ["first_member", "members", "read_text"]

TEXT_LIMIT = 1 << 20


class _Stream(io.RawIOBase):
    """Chunks as a file that is read once."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


@contextmanager
def _opened(chunks: Iterator[bytes]) -> Iterator[tarfile.TarFile]:
    file = io.BufferedReader(_Stream(chunks))
    try:
        with open_tar(file) as tar:
            yield tar
    except tarfile.TarError as err:
        raise EngineError(f"the engine sent a wrong archive: {err}") from err
    finally:
        if isinstance(chunks, Generator):
            chunks.close()


def first_member(chunks: Iterator[bytes]) -> tarfile.TarInfo:
    """The entry of the path that was read itself; what is below it is not fetched."""
    with _opened(chunks) as tar:
        found = tar.next()
    if found is None:
        raise EngineError("the engine sent an empty archive")
    return found


def members(chunks: Iterator[bytes]) -> Generator[tuple[tarfile.TarInfo, Iterator[bytes]]]:
    """All entries that are files, each with its content in pieces.

    Whoever stops before the end closes the generator.
    """
    with _opened(chunks) as tar:
        for member in tar:
            file = tar.extractfile(member) if member.isreg() else None
            if file is not None:
                yield member, iter(lambda file=file: file.read(1 << 16), b"")  # type: ignore[misc]


def read_text(view: FileView, path: str) -> str | None:
    """The text of a file, at most its first MiB; None where `path` is no file."""
    with closing(members(view.read(path))) as found:
        for _, content in found:
            data = b""
            for piece in content:
                data += piece
                if len(data) >= TEXT_LIMIT:
                    break
            return data[:TEXT_LIMIT].decode("utf-8", "replace")
    return None
