"""What changed, by reading both trees from end to end: the last resort, since it moves every byte.

Podman's `/changes` fails where a directory took the place of a file.
"""

from __future__ import annotations

import tarfile
from typing import BinaryIO, cast

from dockernb.oci.byte_stream import StreamReader
from dockernb.oci.diff import Change, DiffEntry, FileType

from .archive import NAMES, Archive

__all__ = ["listing_diff"]

_TYPES: dict[bytes, FileType] = {
    tarfile.DIRTYPE: "dir",
    tarfile.SYMTYPE: "symlink",
    tarfile.CHRTYPE: "char",
    tarfile.BLKTYPE: "block",
    tarfile.FIFOTYPE: "fifo",
}


def listing_diff(before: Archive, now: Archive) -> list[DiffEntry]:
    """The changes from `before` to `now`, not sorted. Times of directories do not count."""
    old, new = _listing(before), _listing(now)
    entries = [
        _entry(path, "M" if path in old else "A", header)
        for path, header in new.items()
        if path not in old or _facts(old[path]) != _facts(header)
    ]
    gone = [path for path in old if path not in new and _is_folder(path.rpartition("/")[0], new)]
    return [*entries, *(DiffEntry(path, "D", _type(old[path])) for path in gone)]


def _is_folder(path: str, listing: dict[str, tarfile.TarInfo]) -> bool:
    return not path or (path in listing and listing[path].isdir())


def _listing(archive: Archive) -> dict[str, tarfile.TarInfo]:
    """Absolute path -> header, of all but the root."""
    reader = cast("BinaryIO", StreamReader(archive.read("/")))
    found: dict[str, tarfile.TarInfo] = {}
    with tarfile.open(fileobj=reader, mode="r|", **NAMES) as tar:
        for header in tar:
            path = header.name.removeprefix("./").strip("/")
            if path not in {"", "."}:
                found[f"/{path}"] = header
            tar.members = []  # type: ignore[attr-defined]
    return found


def _entry(path: str, change: Change, header: tarfile.TarInfo) -> DiffEntry:
    kind = _type(header)
    if kind == "symlink":
        return DiffEntry(path, change, kind, len(header.linkname), header.linkname)
    return DiffEntry(path, change, kind, header.size if kind == "file" else 0)


def _type(header: tarfile.TarInfo) -> FileType:
    return _TYPES.get(header.type, "file")


def _facts(header: tarfile.TarInfo) -> tuple[object, ...]:
    time = None if header.isdir() else header.mtime
    owner = header.uid, header.gid, header.mode & 0o7777
    return header.type, owner, header.size, header.linkname, time
