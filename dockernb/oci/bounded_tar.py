"""The standard library's tar reader with bounds, for archives that are not trusted.

Without them, a header may ask for any length of memory, stand behind a thousand others of its kind,
say a negative size (the reader then begins again and again at the same place), or give the next
file two names. What `tarfile` would trip over is told as one of its own errors.

Source of the format: POSIX pax, "ustar Interchange Format" and "pax Header Block"; GNU tar's
manual, "Basic Tar Format".
"""

from __future__ import annotations

import math
import tarfile
from collections.abc import Iterator
from typing import Any, BinaryIO, Self, cast

from .pax import pax_records

__all__ = ["BoundedTar", "TarLimitError", "open_tar", "read_tar"]

# Attributes of a file may fill 64 KiB each; nobody has a megabyte of them.
_LARGEST_EXTENSION = 1 << 20
_MOST_EXTENSIONS = 16
# With the list of a sparse file's parts.
_LARGEST_HEADERS = 4 << 20
_MOST_ENTRIES = 10_000_000
_UNBOUNDED = 1 << 62
_LARGEST_ID = (1 << 32) - 2  # -1 is "no change" to the kernel
_LARGEST_DEVICE = (1 << 12, 1 << 20)
_LONGEST_TARGET = 4095
_LATEST = float(1 << 40)

_NAMES = {tarfile.GNUTYPE_LONGNAME: "path", tarfile.GNUTYPE_LONGLINK: "linkpath"}
_EXTENSIONS = {*_NAMES, tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.XGLTYPE}
_NUMBERS = {"size", "uid", "gid", "GNU.sparse.realsize"}
# What the reader raises of headers whose numbers are none.
_BROKEN = (ValueError, OverflowError, IndexError, KeyError)


class TarLimitError(tarfile.ReadError):
    """The archive is no wrong one, but asks for more than is allowed."""


class _Member(tarfile.TarInfo):
    """A header. Overriding these two is what `tarfile` offers for other kinds of headers."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(archive)
        except tarfile.InvalidHeaderError as err:  # type: ignore[attr-defined]
            # The reader would take a damaged header for the end of the archive.
            raise tarfile.ReadError(f"a header is damaged: {err}") from err

    def _proc_member(self, archive: BoundedTar) -> tarfile.TarInfo:
        if self.type in _EXTENSIONS:
            archive.note_extension(self)
        if self.type == tarfile.XGLTYPE:
            # Builders pass over what it says of all files to come, names and sizes among it.
            self._content(archive)
            return self.fromtarfile(archive)
        if self.type == tarfile.GNUTYPE_SPARSE and not archive.allows_sparse:
            raise tarfile.ReadError(f"{self.name[:200]!a} is a sparse file")
        member: tarfile.TarInfo = super()._proc_member(archive)  # type: ignore[misc]
        return member

    def _proc_pax(self, archive: BoundedTar) -> tarfile.TarInfo:
        """As the library's own, which takes a day for a megabyte of digits (CVE-2024-6232)."""
        records = pax_records(self._content(archive))
        for key in _NUMBERS & records.keys():
            if not (records[key].isdecimal() and len(records[key]) < 20):
                raise ValueError(f"{key}={records[key][:40]!r}")
        member = self._following(archive)
        is_sparse = any(key.startswith("GNU.sparse.") for key in records)
        if is_sparse:
            if not archive.allows_sparse or records.get("GNU.sparse.major") != "1":
                raise tarfile.ReadError(f"{member.name[:200]!a} is a sparse file")
            self._proc_gnusparse_10(member, records, archive)  # type: ignore[attr-defined]
        member._apply_pax_info(records, "utf-8", "surrogateescape")  # type: ignore[attr-defined]  # noqa: SLF001
        member.offset = self.offset
        if "size" in records and not is_sparse:
            has_content = member.isreg() or member.type not in tarfile.SUPPORTED_TYPES
            size = member.size + -member.size % tarfile.BLOCKSIZE if has_content else 0
            archive.offset = member.offset_data + size
        return member

    def _content(self, archive: BoundedTar) -> bytes:
        data = archive.headers.read(self.size + -self.size % tarfile.BLOCKSIZE)
        return data[: self.size]

    def _following(self, archive: BoundedTar) -> tarfile.TarInfo:
        try:
            return self.fromtarfile(archive)
        except tarfile.HeaderError as err:  # the end among them
            raise tarfile.ReadError(f"a header stands before no file: {err}") from err


class _Metered:
    """The archive's bytes, of which a header and what belongs to it may take so many."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.left = _LARGEST_HEADERS

    def read(self, size: int) -> bytes:
        if size > self.left:
            raise TarLimitError(f"the headers of a file have more than {_LARGEST_HEADERS:,} bytes")
        self.left -= size
        data: bytes = self._file.read(size)
        return data

    def seek(self, position: int) -> int:
        try:
            return int(self._file.seek(position) or 0)
        except OSError as err:  # farther than a file can be long
            raise tarfile.ReadError("unexpected end of data") from err

    def tell(self) -> int:
        return int(self._file.tell())

    def close(self) -> None:
        self._file.close()


class BoundedTar(tarfile.TarFile):
    """Reads forwards and keeps nothing of the members that have gone by.

    Attributes:
        most_entries: Members that it may have.
        most_bytes: Bytes that its files may have together, as they say before anything is read.
        allows_sparse: Whether files with holes are read; what they hold is counted with the holes.
    """

    tarinfo = _Member
    most_entries = _MOST_ENTRIES
    most_bytes = _UNBOUNDED
    allows_sparse = False

    _members_seen = 0
    _bytes_seen = 0
    _extensions: tuple[bytes, ...] = ()

    def __init__(
        self, name: str | None = None, mode: Any = "r", fileobj: Any = None, **options: Any
    ) -> None:
        self.headers = _Metered(fileobj)
        super().__init__(name, mode, cast("BinaryIO", self.headers), **options)

    def next(self) -> tarfile.TarInfo | None:
        """The next member, whose fields are within their bounds.

        Raises:
            tarfile.TarError: it is broken, hostile or beyond a limit.
        """
        is_first = getattr(self, "firstmember", None) is not None  # it was read on opening
        self._extensions = ()
        self.headers.left = _LARGEST_HEADERS
        try:
            member = super().next()
        except _BROKEN as err:
            raise tarfile.ReadError(f"a header has a wrong number: {err}") from err
        finally:
            self.headers.left = _UNBOUNDED
        self.members: list[tarfile.TarInfo] = []  # it would keep them all
        if member is not None and not is_first:
            self._examine(member)
        return member

    def __iter__(self) -> Iterator[tarfile.TarInfo]:
        while (member := self.next()) is not None:
            yield member

    def note_extension(self, header: tarfile.TarInfo) -> None:
        """A header that is going to say something of the next one."""
        if not 0 <= header.size <= _LARGEST_EXTENSION:
            raise TarLimitError(
                f"a header is {header.size:,} bytes long, at most {_LARGEST_EXTENSION:,} are read"
            )
        self._extensions += (header.type,)
        if len(self._extensions) > _MOST_EXTENSIONS:
            raise TarLimitError(f"more than {_MOST_EXTENSIONS} headers speak of one file")

    def _examine(self, member: tarfile.TarInfo) -> None:
        shown = ascii(member.name[:200])
        if fault := self._fault(member):
            raise tarfile.ReadError(f"{shown} {fault}")
        member.mode &= 0o7777
        member.mtime = _moment(member.mtime)
        self._members_seen += 1
        self._bytes_seen += member.size if member.isreg() else 0
        if self._members_seen > self.most_entries:
            raise TarLimitError(f"it has more than {self.most_entries:,} entries")
        if self._bytes_seen > self.most_bytes:
            raise TarLimitError(f"its files have more than {self.most_bytes:,} bytes together")

    def _fault(self, member: tarfile.TarInfo) -> str:
        """Why the member is refused; "" if it is not."""
        if member.size < 0:
            return f"says it has {member.size:,} bytes"
        if not (0 <= member.uid <= _LARGEST_ID and 0 <= member.gid <= _LARGEST_ID):
            return f"has the owner {member.uid}:{member.gid}"
        if "\0" in member.name or "\0" in member.linkname:
            return "has a NUL in its name or target"
        if member.issym() and not 0 < len(member.linkname) <= _LONGEST_TARGET:
            return f"is a link whose target has {len(member.linkname):,} characters"
        if member.ischr() or member.isblk():
            numbers = (member.devmajor, member.devminor)
            if not all(0 <= n < top for n, top in zip(numbers, _LARGEST_DEVICE, strict=True)):
                return f"is the device {numbers[0]}:{numbers[1]}"
        if any(_NAMES[kind] in member.pax_headers for kind in self._extensions if kind in _NAMES):
            return "has one name as GNU tar writes it and another one as pax does"
        return self._sparse_fault(member)

    def _sparse_fault(self, member: tarfile.TarInfo) -> str:
        parts = cast("list[tuple[int, int]] | None", member.sparse)
        if parts is None:
            return ""
        if not self.allows_sparse:
            return "is a sparse file"
        end = 0
        for offset, length in parts:
            if offset < end or length < 0 or offset + length > member.size:
                return "is a sparse file whose parts lie in no order"
            end = offset + length
        return ""


def open_tar(
    stream: Any,
    *,
    most_entries: int = _MOST_ENTRIES,
    most_bytes: int = _UNBOUNDED,
    allows_sparse: bool = False,
) -> BoundedTar:
    """A tar that is read forwards; names that are not UTF-8 have surrogate escapes.

    Raises:
        tarfile.TarError: also of every later read.
    """

    class Archive(BoundedTar):
        """With the limits of this one, which count from the first member on."""

    Archive.most_entries, Archive.most_bytes = most_entries, most_bytes
    Archive.allows_sparse = allows_sparse
    return Archive.open(
        fileobj=cast("BinaryIO", stream), mode="r|", encoding="utf-8", errors="surrogateescape"
    )


def read_tar(file: BinaryIO) -> BoundedTar:
    """As `open_tar`, of a file on the disk: `offset_data` tells where a member's content lies."""
    return BoundedTar.open(fileobj=file, mode="r:", encoding="utf-8", errors="surrogateescape")


def _moment(seconds: float) -> float:
    """Seconds that the system can set as a file's time."""
    return min(max(seconds, -_LATEST), _LATEST) if math.isfinite(seconds) else 0.0
