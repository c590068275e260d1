"""Reads the tar of an archive that is not trusted, forwards.

The standard library's reader takes any length that a header asks for into memory (pax records, long
names) and calls itself for each of them; here everything is bounded. Source of the format: POSIX
pax, "ustar Interchange Format" and "pax Header Block"; the GNU long names of older writers.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ...errors import OciError
from ..compression import DecompressedStream
from ..json_document import quoted
from ..pax import pax_records

__all__ = ["TarMember", "TarReader"]

_BLOCK = tarfile.BLOCKSIZE
_LARGEST_EXTENSION = 1 << 16
_PIECE = 1 << 20
# What may stand after the end of the archive, to fill its last record.
_TRAILER = 1 << 20

_KINDS: dict[bytes, Literal["file", "folder", "symlink", "link"]] = {
    tarfile.REGTYPE: "file",
    tarfile.AREGTYPE: "file",
    tarfile.DIRTYPE: "folder",
    tarfile.SYMTYPE: "symlink",
    tarfile.LNKTYPE: "link",
}
_PAX = {tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE}
_LONG = {tarfile.GNUTYPE_LONGNAME: "path", tarfile.GNUTYPE_LONGLINK: "linkpath"}
_OTHER_KINDS = {
    tarfile.CHRTYPE: "a character device",
    tarfile.BLKTYPE: "a block device",
    tarfile.FIFOTYPE: "a named pipe",
    tarfile.GNUTYPE_SPARSE: "a sparse file",
}


@dataclass(frozen=True)
class TarMember:
    """A member as it says it is: names are not checked.

    Args:
        size: Bytes of a file's content; 0 for the others.
        target: Of a link.
    """

    name: str
    kind: Literal["file", "folder", "symlink", "link"]
    size: int = 0
    target: str = ""


class TarReader:
    """Iterates over the members; `content` reads the one that came last.

    Args:
        largest: Bytes that the whole archive may have: a member that says it has more is refused
            before anything of it is read.
        most: Headers that it may have.
    """

    def __init__(self, stream: DecompressedStream, *, largest: int, most: int) -> None:
        self._stream = stream
        self._largest = largest
        self._most = most
        self._headers = 0
        self._left = 0
        self._padding = 0

    def __iter__(self) -> Iterator[TarMember]:
        while (member := self._next()) is not None:
            self._begin(member.name, member.size)
            yield member
            self._finish()
        for _ in range(_TRAILER // _BLOCK):
            if not self._stream.read(_BLOCK):
                break

    def content(self) -> Iterator[bytes]:
        """The content of the present member, once."""
        while self._left:
            piece = self._stream.read(min(self._left, _PIECE))
            if not piece:
                raise _cut_off()
            self._left -= len(piece)
            yield piece

    def _next(self) -> TarMember | None:
        extended: dict[str, str] = {}
        waiting = False
        while (header := self._header()) is not None:
            waiting = True
            if header.type in _PAX:
                extended |= _pax_records(self._extension(header))
            elif header.type in _LONG:
                name = self._extension(header).split(b"\0", 1)[0]
                extended[_LONG[header.type]] = name.decode("utf-8", "surrogateescape")
            elif header.type == tarfile.XGLTYPE:
                self._extension(header)  # Comments; nothing that concerns a single member.
            else:
                return _member(header, extended)
        if waiting:
            raise _cut_off()
        return None

    def _header(self) -> tarfile.TarInfo | None:
        block = self._block()
        if not block.strip(b"\0"):
            return None
        self._headers += 1
        if self._headers > self._most:
            raise OciError("the archive has too many members", rule=f"At most {self._most:,}.")
        try:
            return tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except tarfile.HeaderError as err:
            what = "is damaged" if self._headers > 1 else "is no tar"
            raise OciError(
                f"the archive {what}: {err}",
                rule="An image archive is a tar, plain or compressed with gzip or zstd.",
            ) from err

    def _block(self) -> bytes:
        """The next header; nothing at the end of the data, which some writers leave so."""
        block = b""
        while len(block) < _BLOCK and (piece := self._stream.read(_BLOCK - len(block))):
            block += piece
        if block and len(block) < _BLOCK:
            raise _cut_off()
        return block

    def _extension(self, header: tarfile.TarInfo) -> bytes:
        if not 0 <= header.size <= _LARGEST_EXTENSION:
            raise OciError(
                f"a header of the archive is {header.size:,} bytes long",
                rule=f"At most {_LARGEST_EXTENSION:,} bytes of names and attributes are read.",
            )
        self._begin(header.name, header.size)
        data = b"".join(self.content())
        self._finish()
        return data

    def _begin(self, name: str, size: int) -> None:
        if not 0 <= size <= self._largest - self._stream.position:
            raise OciError(
                f"the member {quoted(name)} of the archive says it has {size:,} bytes",
                rule=f"The whole archive may have {self._largest:,} bytes.",
            )
        self._left, self._padding = size, -size % _BLOCK

    def _finish(self) -> None:
        for _ in self.content():
            pass
        self._left, self._padding = self._padding, 0
        for _ in self.content():
            pass


def _member(header: tarfile.TarInfo, extended: dict[str, str]) -> TarMember:
    name = extended.get("path", header.name)
    kind = _KINDS.get(header.type)
    if kind is None or any(key.startswith("GNU.sparse") for key in extended):
        what = _OTHER_KINDS.get(header.type, "of an unknown or sparse kind")
        raise OciError(
            f"the member {quoted(name)} of the archive is {what}",
            rule="An image archive holds regular files, folders and links.",
        )
    size = header.size
    if "size" in extended:
        digits = extended["size"]
        size = int(digits) if digits.isdecimal() and len(digits) < 20 else -1
    target = extended.get("linkpath", header.linkname)
    return TarMember(name, kind, size if kind == "file" else 0, target)


def _pax_records(data: bytes) -> dict[str, str]:
    try:
        return pax_records(data)
    except ValueError as err:
        raise OciError(f"the archive is damaged: {err}") from err


def _cut_off() -> OciError:
    return OciError("the archive is cut off", hint="Save or fetch it again.")
