"""Makes paths of a tree what an image says they are."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping

from dockernb.engines.embedded.files.attributes import set_attributes
from dockernb.engines.embedded.files.folders import OpenFolders, remove_entry
from dockernb.engines.embedded.files.index import Entry
from dockernb.engines.embedded.files.owners import Owners, Ownership

__all__ = ["Restorer"]

_DEVICES = (stat.S_IFCHR, stat.S_IFBLK)


class Restorer:
    """Puts entries of an image into a tree.

    Args:
        wanted: All entries of the image.
    """

    def __init__(self, root: str, wanted: Mapping[str, Entry], owners: Owners) -> None:
        self._root = root
        self._wanted = wanted
        self._owners = owners
        self._made: dict[tuple[str, int], str] = {}
        self._layers: dict[str, int] = {}
        self._times: list[tuple[tuple[str, ...], float]] = []

    def restore(self, paths: Iterable[str]) -> None:
        """Removes those that the image does not have, and makes the others anew.

        All names of a file have to be among `paths` if one is.
        """
        ordered = sorted(paths)
        try:
            with OpenFolders(self._root) as folders:
                for path in ordered:
                    if path not in self._wanted:
                        _remove(folders, path)
                for path in ordered:
                    if path in self._wanted:
                        self._put(folders, path, self._wanted[path])
                for parts, moment in reversed(self._times):
                    parent = folders.at(parts[:-1])
                    os.utime(parts[-1], (moment, moment), dir_fd=parent, follow_symlinks=False)
        finally:
            for descriptor in self._layers.values():
                os.close(descriptor)
            self._layers.clear()

    def _put(self, folders: OpenFolders, path: str, entry: Entry) -> None:
        parts = tuple(path.split("/"))
        if stat.S_ISDIR(entry.mode):
            self._put_folder(folders, parts, entry)
            return
        folder, name = folders.make(parts[:-1]), parts[-1]
        folders.forget(parts)
        remove_entry(folder, name)
        first = self._made.setdefault(entry.node, path)
        if first != path:
            above = tuple(first.split("/"))
            source = folders.at(above[:-1])
            os.link(
                above[-1], name, src_dir_fd=source, dst_dir_fd=folders.at(parts[:-1]),
                follow_symlinks=False,
            )  # fmt: skip
            return
        self._make(folder, name, entry)

    def _put_folder(self, folders: OpenFolders, parts: tuple[str, ...], entry: Entry) -> None:
        parent = folders.make_or_keep(parts)
        folders.forget(parts)  # before its mode is set: an open one may get its old one back
        self._set(parent, parts[-1], entry)
        self._times.append((parts, entry.mtime))

    def _make(self, folder: int, name: str, entry: Entry) -> None:
        kind = stat.S_IFMT(entry.mode)
        if kind == stat.S_IFLNK:
            os.symlink(entry.link, name, dir_fd=folder)
            self._owners.write(folder, name, entry.uid, entry.gid)
        else:
            if kind == stat.S_IFIFO:
                os.mkfifo(name, 0o600, dir_fd=folder)
            elif kind in _DEVICES:
                what = Ownership(entry.uid, entry.gid, kind, (entry.major, entry.minor))
                self._owners.make_device(folder, name, what)
            else:
                self._copy(folder, name, entry)
            self._set(folder, name, entry)
        times = (entry.mtime, entry.mtime)
        os.utime(name, times, dir_fd=folder, follow_symlinks=False)

    def _set(self, folder: int, name: str, entry: Entry) -> None:
        if stat.S_IFMT(entry.mode) not in _DEVICES:
            self._owners.write(folder, name, entry.uid, entry.gid)
        set_attributes(folder, name, dict(entry.attributes))
        os.chmod(name, stat.S_IMODE(entry.mode), dir_fd=folder)

    def _copy(self, folder: int, name: str, entry: Entry) -> None:
        """The bytes go from the layer's tar into the file without passing through here."""
        source = self._layers.get(entry.layer)
        if source is None:
            source = self._layers[entry.layer] = os.open(entry.layer, os.O_RDONLY | os.O_CLOEXEC)
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
        target = os.open(name, flags, 0o600, dir_fd=folder)
        try:
            offset, left = entry.offset, entry.size
            while left:
                sent = os.sendfile(target, source, offset, left)
                if not sent:
                    raise OSError(5, "the layer ends too early", entry.layer)
                offset, left = offset + sent, left - sent
        finally:
            os.close(target)


def _remove(folders: OpenFolders, path: str) -> None:
    parts = tuple(path.split("/"))
    folders.forget(parts)
    try:
        remove_entry(folders.at(parts[:-1]), parts[-1])
    except (FileNotFoundError, NotADirectoryError):
        return  # a folder above it went before, or is a file now
