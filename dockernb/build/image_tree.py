"""The tree of an image as values: what a comparison looks at of every path. Times are left out."""

from __future__ import annotations

import hashlib
import posixpath
import stat
import tarfile
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from dockernb.engines.base import FileView
from dockernb.oci.bounded_tar import open_tar
from dockernb.oci.byte_stream import StreamReader
from dockernb.oci.diff import FileType

__all__ = ["ImageSource", "Node", "Tree", "image_tree", "read_tree"]

_TYPES: Mapping[bytes, FileType] = {
    tarfile.REGTYPE: "file",
    tarfile.AREGTYPE: "file",
    tarfile.DIRTYPE: "dir",
    tarfile.SYMTYPE: "symlink",
    tarfile.CHRTYPE: "char",
    tarfile.BLKTYPE: "block",
    tarfile.FIFOTYPE: "fifo",
}
_XATTR = "SCHILY.xattr."
# The label that the host's policy gives to every file, not the image.
_XATTRS_OF_THE_HOST = frozenset({"security.selinux"})
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Node:
    """One path of an image.

    Args:
        mode: Permission bits with setuid, setgid and sticky.
        link_target: Of a symbolic link. A hard link is the file that it names.
        content: `sha256` hex digest of a file's bytes.
        device: "major:minor" of a device.
        xattrs: Extended attributes, sorted.
    """

    type: FileType
    mode: int
    uid: int
    gid: int
    size: int = 0
    link_target: str = ""
    content: str = ""
    device: str = ""
    xattrs: tuple[tuple[str, str], ...] = ()

    @property
    def owner(self) -> str:
        return f"{self.uid}:{self.gid}"


Tree = Mapping[str, Node]


class ImageSource(Protocol):
    """The part of an engine that a comparison reads."""

    def open_image(self, image_id: str) -> AbstractContextManager[FileView]: ...


def image_tree(engine: ImageSource, image_id: str) -> dict[str, Node]:
    """All paths of an image on an engine."""
    with engine.open_image(image_id) as container:
        return read_tree(container.read("/"))


def read_tree(tar: Iterable[bytes]) -> dict[str, Node]:
    """Absolute path -> node, from a tar stream of a whole file system.

    A path that stands in the stream twice is what its last entry says.
    """
    tree: dict[str, Node] = {}
    with open_tar(StreamReader(tar)) as archive:
        for member in archive:
            path = _absolute(member.name)
            if member.islnk():
                tree[path] = tree[_absolute(member.linkname)]
            else:
                tree[path] = _node(archive, member)
    return tree


def _absolute(name: str) -> str:
    return posixpath.normpath("/" + name.lstrip("/"))


def _node(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Node:
    kind = _TYPES.get(member.type, "file" if member.isreg() else "unknown")
    is_device = kind in {"char", "block"}
    return Node(
        type=kind,
        mode=stat.S_IMODE(member.mode),
        uid=member.uid,
        gid=member.gid,
        size=member.size if kind == "file" else 0,
        link_target=member.linkname if kind == "symlink" else "",
        content=_digest(archive, member) if kind == "file" else "",
        device=f"{member.devmajor}:{member.devminor}" if is_device else "",
        xattrs=_xattrs(member.pax_headers),
    )


def _xattrs(headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    found = ((key.removeprefix(_XATTR), value) for key, value in headers.items() if _XATTR in key)
    return tuple(sorted(item for item in found if item[0] not in _XATTRS_OF_THE_HOST))


def _digest(archive: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    file = archive.extractfile(member)
    digest = hashlib.sha256()
    while file is not None and (chunk := file.read(_CHUNK)):
        digest.update(chunk)
    return digest.hexdigest()
