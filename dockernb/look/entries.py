"""The entries below a path of an image: what they are, how big, and the totals of folders.

They come out of a tar stream; contents are passed over, not kept.
"""

from __future__ import annotations

import posixpath
import stat
import tarfile
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from ..engines.base import FileView
from ..errors import LookError
from ..oci.bounded_tar import open_tar
from ..oci.byte_stream import StreamReader
from ..oci.diff import FileType

__all__ = ["FileEntry", "entry_of", "read_entries"]

MAX_ENTRIES = 1_000_000

_TYPES: dict[bytes, FileType] = {
    tarfile.DIRTYPE: "dir",
    tarfile.SYMTYPE: "symlink",
    tarfile.CHRTYPE: "char",
    tarfile.BLKTYPE: "block",
    tarfile.FIFOTYPE: "fifo",
}


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One path of a snapshot.

    Args:
        path: Absolute, without a slash at the end ("/" is the root).
        mode: Permission bits with setuid, setgid and sticky.
        size: Bytes of a file. Of a further name of the same file (a hard link) as well.
        modified: Unix time.
        link_target: Of a symbolic link.
        is_hard_link: Another name of a file that stood before it; its bytes are there once.
    """

    path: str
    type: FileType
    mode: int
    uid: int
    gid: int
    size: int = 0
    modified: float = 0.0
    link_target: str | None = None
    is_hard_link: bool = False

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2] or "/"

    @property
    def owner(self) -> str:
        return f"{self.uid}:{self.gid}"

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {
            "path": self.path,
            "type": self.type,
            "mode": f"{self.mode:04o}",
            "owner": self.owner,
            "size": self.size,
        }
        if self.link_target is not None:
            data["link_target"] = self.link_target
        return data


def read_entries(view: FileView, path: str, *, limit: int = MAX_ENTRIES) -> list[FileEntry]:
    """The entry at `path` and all that are below it, sorted by path.

    Raises:
        FileNotFoundError: there is nothing.
        LookError: there are more than `limit`, or the stream is no tar.
    """
    parent = posixpath.dirname(path.rstrip("/")) if path.strip("/") else "/"
    found: dict[str, FileEntry] = {}
    try:
        with closing(StreamReader(view.read(path))) as stream, open_tar(stream) as archive:
            for member in archive:
                entry = entry_of(member, posixpath.join(parent, member.name.lstrip("/")), found)
                found[entry.path] = entry
                if len(found) > limit:
                    raise LookError(
                        f'"{path}" holds more than {limit:,} entries',
                        hint="Look into a folder below it.",
                    )
    except tarfile.TarError as err:
        raise LookError(f'the files of "{path}" cannot be read: {err}') from err
    return sorted(found.values(), key=lambda entry: entry.path)


def entry_of(member: tarfile.TarInfo, path: str, before: dict[str, FileEntry]) -> FileEntry:
    """A tar header as an entry.

    Args:
        before: The entries that stood before it, for the sizes of hard links.
    """
    path = posixpath.normpath("/" + path.lstrip("/"))
    size = member.size if member.isreg() else 0
    if member.islnk():
        target = before.get(posixpath.normpath("/" + member.linkname.lstrip("/")))
        size = target.size if target else 0
    return FileEntry(
        path=path,
        type=_TYPES.get(member.type, "file"),
        mode=stat.S_IMODE(member.mode),
        uid=member.uid,
        gid=member.gid,
        size=size,
        modified=float(member.mtime),
        link_target=member.linkname if member.issym() else None,
        is_hard_link=member.islnk(),
    )
