"""Layers as overlay mounts want them: one folder a layer, whiteouts as device nodes.

Kernel documentation: filesystems/overlayfs.rst. A working container's upper folder is packed as a
layer, and becomes that layer's folder.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath

from dockernb.engines.embedded.files.folders import remove_entry
from dockernb.engines.embedded.files.names import OPAQUE, WHITEOUT
from dockernb.engines.embedded.files.owners import Owners
from dockernb.engines.embedded.files.pack import Packed, Packer

__all__ = ["OverlayWhiteouts", "pack_upper"]

_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class OverlayWhiteouts:
    """Whiteouts of a layer that is unpacked into a folder of its own."""

    def __init__(self, owners: Owners) -> None:
        self._opaque = owners.opaque

    def delete(self, folder: int, name: str) -> None:
        remove_entry(folder, name)
        os.mknod(name, stat.S_IFCHR, 0, dir_fd=folder)

    def hide_all(self, folder: int) -> None:
        os.setxattr(folder, self._opaque, b"y")


def pack_upper(
    upper: str, descriptor: int, owners: Owners, *, changed: Container[str], with_root: bool
) -> Packed:
    """Packs what an upper folder holds, with whiteouts as the OCI specification writes them.

    Args:
        changed: Paths that the diff names. A folder that it does not name was only copied up; if
            nothing below it is packed, it is removed: the folder is to hold what the layer holds,
            which may come to lie on another image.
        with_root: Whether the root folder itself changed, and has an entry.
    """
    return _UpperPacker(Packer(descriptor, owners), owners, changed).pack(
        upper, with_root=with_root
    )


@dataclass
class _Folder:
    """A folder on the way.

    Args:
        path: From the root, with a slash behind; "" for the root.
        entry: What adds its entry, if that is still to be done.
    """

    descriptor: int
    path: str
    names: Iterator[str]
    entry: Callable[[], None] | None = None


class _UpperPacker:
    def __init__(self, packer: Packer, owners: Owners, changed: Container[str]) -> None:
        self._packer = packer
        self._owners = owners
        self._changed = changed
        self._way: list[_Folder] = []

    def pack(self, upper: str, *, with_root: bool) -> Packed:
        root = os.open(upper, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._way.append(_Folder(root, "", iter(sorted(os.listdir(root)))))  # noqa: PTH208
        try:
            if with_root:
                self._packer.add("./", root, ".", os.fstat(root))
            while self._way:
                name = next(self._way[-1].names, None)
                if name is None:
                    self._leave(self._way.pop())
                else:
                    self._pack_entry(self._way[-1], name)
        finally:
            for folder in self._way:
                os.close(folder.descriptor)
        return self._packer.finish()

    def _pack_entry(self, folder: _Folder, name: str) -> None:
        status = os.stat(name, dir_fd=folder.descriptor, follow_symlinks=False)
        path = folder.path + name
        if stat.S_ISCHR(status.st_mode) and status.st_rdev == 0:
            self._add_folders()
            self._packer.add_marker(f"{folder.path}{WHITEOUT}{name}")
        elif name.startswith(WHITEOUT):
            # A layer cannot hold such a name: it would be read as a whiteout. Gone here, too.
            remove_entry(folder.descriptor, name)
        elif stat.S_ISDIR(status.st_mode):
            self._enter(folder, name, status)
        else:
            self._add_folders()
            self._packer.add(path, folder.descriptor, name, status)

    def _enter(self, folder: _Folder, name: str, status: os.stat_result) -> None:
        path = f"{folder.path}{name}/"
        below = os.open(name, _OPEN, dir_fd=folder.descriptor)
        add = partial(self._packer.add, path, folder.descriptor, name, status)
        names = iter(sorted(os.listdir(below)))  # noqa: PTH208
        self._way.append(_Folder(below, path, names, add))
        is_opaque = _is_opaque(below, self._owners)
        if is_opaque or f"/{folder.path}{name}" in self._changed:
            self._add_folders()
        if is_opaque:
            self._packer.add_marker(f"{path}{OPAQUE}")

    def _leave(self, folder: _Folder) -> None:
        os.close(folder.descriptor)
        if folder.entry is not None:
            os.rmdir(PurePosixPath(folder.path).name, dir_fd=self._way[-1].descriptor)

    def _add_folders(self) -> None:
        """Adds the entries of the folders on the way that have none yet."""
        for folder in self._way:
            if folder.entry is not None:
                folder.entry()
                folder.entry = None


def _is_opaque(folder: int, owners: Owners) -> bool:
    try:
        return os.getxattr(folder, owners.opaque) == b"y"
    except OSError:
        return False
