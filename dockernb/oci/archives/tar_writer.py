"""Writes the tar of an archive, forwards; the same image gives the same bytes."""

from __future__ import annotations

import hashlib
import tarfile

from ...errors import OciError
from ..compression import Readable, Writable

__all__ = ["TarWriter"]

_PIECE = 1 << 20
_RECORD = tarfile.RECORDSIZE


class TarWriter:
    """Adds members, all of root and of no time; a name that is there is not written again.

    After an error, what was written is a part of an archive without its end.
    """

    def __init__(self, out: Writable) -> None:
        self._out = out
        self._names: set[str] = set()
        self._position = 0

    def has(self, name: str) -> bool:
        return name in self._names

    def add_folder(self, name: str) -> None:
        member = tarfile.TarInfo(name)
        member.type, member.mode = tarfile.DIRTYPE, 0o755
        if not self.has(name):
            self._header(member)

    def add_bytes(self, name: str, data: bytes) -> None:
        if not self.has(name):
            self._header(_file(name, len(data)))
            self._write(data)
            self._pad(tarfile.BLOCKSIZE)

    def add_stream(self, name: str, size: int, source: Readable, digest: str) -> None:
        """Adds all of `source`, which has `size` bytes.

        Raises:
            OciError: Its digest is another.
        """
        if self.has(name):
            return
        self._header(_file(name, size))
        found, left = hashlib.sha256(), size
        while left and (piece := source.read(min(left, _PIECE))):
            found.update(piece)
            self._write(piece)
            left -= len(piece)
        if left or source.read(1) or "sha256:" + found.hexdigest() != digest:
            raise OciError(
                f'the blob "{digest}" is damaged: its digest is sha256:{found.hexdigest()}',
                state="The archive is not complete: do not use it.",
                hint="Pull or build the image again.",
            )
        self._pad(tarfile.BLOCKSIZE)

    def close(self) -> None:
        """Writes the end: two empty blocks, and zeros up to a full record."""
        self._write(bytes(2 * tarfile.BLOCKSIZE))
        self._pad(_RECORD)

    def _header(self, member: tarfile.TarInfo) -> None:
        self._names.add(member.name)
        self._write(member.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape"))

    def _write(self, data: bytes) -> None:
        self._out.write(data)
        self._position += len(data)

    def _pad(self, unit: int) -> None:
        self._write(bytes(-self._position % unit))


def _file(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o644
    return member
