"""What an image's files are and where their content lies, without unpacking it.

A layer's index tells of each entry of its tar what a tree needs, and where in the tar the content
begins. The indexes of an image's layers, one over the other, are the index of the image.
"""

from __future__ import annotations

import stat
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from dockernb.engines.embedded.files.attributes import image_records
from dockernb.engines.embedded.files.names import OPAQUE, WHITEOUT, parts_of
from dockernb.errors import OciError
from dockernb.oci.bounded_tar import read_tar

__all__ = ["Entry", "ImageIndex", "LayerEntries", "layer_entries"]

_TYPES = {
    tarfile.REGTYPE: stat.S_IFREG,
    tarfile.AREGTYPE: stat.S_IFREG,
    tarfile.CONTTYPE: stat.S_IFREG,
    tarfile.DIRTYPE: stat.S_IFDIR,
    tarfile.SYMTYPE: stat.S_IFLNK,
    tarfile.FIFOTYPE: stat.S_IFIFO,
    tarfile.CHRTYPE: stat.S_IFCHR,
    tarfile.BLKTYPE: stat.S_IFBLK,
}


class Entry(NamedTuple):
    """One path of an image.

    Args:
        mode: With the type's bits.
        layer: The uncompressed tar that holds it.
        offset: Where the content of a file begins in that tar. Two paths with the same layer and
            offset are names of one file.
        link: Target of a symbolic link.
    """

    mode: int
    uid: int
    gid: int
    mtime: float
    size: int
    layer: str
    offset: int
    link: str
    major: int
    minor: int
    attributes: tuple[tuple[str, str], ...]

    @property
    def node(self) -> tuple[str, int]:
        """What the names of one file have in common."""
        return self.layer, self.offset


LayerEntries = Sequence[tuple[str, Entry | None]]


class ImageIndex:
    """Path, without a slash in front -> entry.

    Without layers at first. It is not changed once somebody else has it.
    """

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self._children: dict[str, set[str]] = {}

    def with_layer(self, entries: LayerEntries) -> ImageIndex:
        """The index of an image that has one layer more.

        Args:
            entries: Of the layer; None is a whiteout.
        """
        above = ImageIndex()
        above.entries = dict(self.entries)
        above._children = {path: set(names) for path, names in self._children.items()}
        for path, entry in entries:  # first: they hide what lies below, whatever the order
            if entry is None:
                above._hide(path)
        for path, entry in entries:
            if entry is not None:
                above._add(path, entry)
        return above

    def _hide(self, path: str) -> None:
        parent, _, name = path.rpartition("/")
        if name == OPAQUE:
            for child in tuple(self._children.get(parent, ())):
                self._remove(_join(parent, child))
        elif not name.startswith(WHITEOUT * 2):
            self._remove(_join(parent, name.removeprefix(WHITEOUT)))

    def _add(self, path: str, entry: Entry) -> None:
        self._make_parents(path)
        if not stat.S_ISDIR(entry.mode):
            self._remove(path)
        parent, _, name = path.rpartition("/")
        self.entries[path] = entry
        self._children.setdefault(parent, set()).add(name)

    def _make_parents(self, path: str) -> None:
        """A folder that no layer tells of is there all the same, root's and 0755."""
        parent = path.rpartition("/")[0]
        known = self.entries.get(parent)
        if parent and (known is None or not stat.S_ISDIR(known.mode)):
            self._add(parent, _PLAIN_FOLDER)

    def _remove(self, path: str) -> None:
        """The path and all that is below it."""
        parent, _, name = path.rpartition("/")
        self._children.get(parent, set()).discard(name)
        left = [path]
        while left:
            current = left.pop()
            self.entries.pop(current, None)
            left += [_join(current, child) for child in self._children.pop(current, ())]


def layer_entries(tar: Path) -> LayerEntries:
    """The entries of an uncompressed layer, hard links resolved.

    Raises:
        OciError: it is broken or hostile.
    """
    found: list[tuple[str, Entry | None]] = []
    files: dict[str, Entry] = {}
    layer = str(tar)
    try:
        with tar.open("rb") as file, read_tar(file) as archive:
            for member in archive:
                path = "/".join(parts_of(member.name))
                if path.rpartition("/")[2].startswith(WHITEOUT):
                    found.append((path, None))
                elif path:
                    entry = _entry(member, layer, files)
                    files[path] = entry
                    found.append((path, entry))
    except tarfile.TarError as err:
        raise OciError(f"a layer is broken: {err}") from err
    return found


def _entry(member: tarfile.TarInfo, layer: str, files: Mapping[str, Entry]) -> Entry:
    if member.islnk():
        target = files.get("/".join(parts_of(member.linkname)))
        if target is None or stat.S_ISDIR(target.mode):
            raise OciError(
                f"the hard link {member.name!r} leads to {member.linkname!r}, which is not there"
            )
        return target
    kind = _TYPES.get(member.type)
    if kind is None:
        raise OciError(f"entry {member.name!r} has an unknown type {member.type!r}")
    return Entry(
        kind | stat.S_IMODE(member.mode),
        member.uid,
        member.gid,
        member.mtime,
        member.size if kind == stat.S_IFREG else 0,
        layer,
        member.offset_data if kind == stat.S_IFREG and member.size else member.offset,
        member.linkname if kind == stat.S_IFLNK else "",
        member.devmajor,
        member.devminor,
        tuple(sorted(image_records(member.pax_headers).items())),
    )


_PLAIN_FOLDER = Entry(stat.S_IFDIR | 0o755, 0, 0, 0, 0, "", 0, "", 0, 0, ())


def _join(parent: str, name: str) -> str:
    return f"{parent}/{name}" if parent else name
