"""The names in a snapshot's folders, quick to make from those of the snapshot below.

Of a file that a step wrote its mode is not known; it counts as one that can be run.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..oci.diff import DiffEntry
from .entries import FileEntry
from .links import LinkCircleError, behind_links

__all__ = ["FolderIndex", "Name"]


@dataclass(frozen=True, slots=True)
class Name:
    """An entry of a folder.

    Args:
        target: Of a symbolic link, as it is written in it.
        runs: Its mode lets somebody run it.
    """

    is_folder: bool = False
    runs: bool = False
    target: str | None = None


_FOLDER, _FILE, _PROGRAM = Name(is_folder=True), Name(), Name(runs=True)
_Folder = Mapping[str, Name]


class FolderIndex:
    """Immutable; a changed one shares what did not change.

    Args:
        folders: Absolute path -> its entries by name.
    """

    def __init__(self, folders: Mapping[str, _Folder]) -> None:
        self._folders = folders

    @classmethod
    def of_entries(cls, entries: Iterable[FileEntry]) -> FolderIndex:
        """From the whole tree of a snapshot."""
        folders: dict[str, dict[str, Name]] = {"/": {}}
        for entry in entries:
            if entry.path == "/":
                continue
            parent, _, name = entry.path.rpartition("/")
            folders.setdefault(parent or "/", {})[name] = _name_of(entry)
        for path in list(folders):  # where only some folders were read
            names = path.split("/")[1:] if path != "/" else []
            for depth, name in enumerate(names):
                folders.setdefault("/" + "/".join(names[:depth]), {}).setdefault(name, _FOLDER)
        return cls(folders)

    def after(self, changes: Iterable[DiffEntry]) -> FolderIndex:
        """The index once a step has changed this."""
        folders = dict(self._folders)
        own: dict[str, dict[str, Name]] = {}  # folders that were copied
        for change in sorted(changes, key=lambda each: each.change != "D"):
            parent, _, name = change.path.rpartition("/")
            parent = parent or "/"
            if parent not in own:
                own[parent] = dict(folders.get(parent, {}))
                folders[parent] = own[parent]
            if change.change == "D" or change.type != "dir":
                _forget_below(folders, own, change.path)
            if change.change == "D":
                own[parent].pop(name, None)
            elif change.path != "/":
                own[parent][name] = _changed(change)
        return FolderIndex(folders)

    def names(self, path: str) -> _Folder:
        """The entries of a folder, links on the way followed; none if there is no such folder."""
        real = self._resolve(path)
        return self._folders.get(real, {}) if real is not None else {}

    def is_folder(self, path: str) -> bool:
        """Whether there is a folder, behind links."""
        real = self._resolve(path)
        return real is not None and (real == "/" or real in self._folders or self._says(real))

    def runs(self, path: str) -> bool:
        """Whether there is a program, behind links. A link that leads nowhere is none."""
        real = self._resolve(path)
        if real is None or real == "/":
            return False
        name = self._entry(real)
        return name is not None and name.runs and not name.is_folder

    def commands(self, search: str) -> frozenset[str]:
        """The programs that a shell finds.

        Args:
            search: As the variable PATH has it.
        """
        found: set[str] = set()
        folders = dict.fromkeys(self._resolve(path) for path in search.split(":") if path)
        for folder in folders:
            if folder is None:
                continue
            for name, entry in self._folders.get(folder, {}).items():
                if entry.runs if entry.target is None else self.runs(posixpath.join(folder, name)):
                    found.add(name)
        return frozenset(found)

    def _entry(self, path: str) -> Name | None:
        parent, _, name = path.rpartition("/")
        return self._folders.get(parent or "/", {}).get(name)

    def _says(self, path: str) -> bool:
        entry = self._entry(path)
        return entry is not None and entry.is_folder

    def _resolve(self, path: str) -> str | None:
        """The path behind all links; None: they lead nowhere, or in a circle."""

        def target_of(current: str, _: bool) -> str | None:
            entry = self._entry(current)
            if entry is None:
                raise FileNotFoundError(current)
            return entry.target

        try:
            return behind_links(path, target_of)
        except (FileNotFoundError, LinkCircleError):
            return None


def _name_of(entry: FileEntry) -> Name:
    if entry.link_target is not None:
        return Name(target=entry.link_target)
    if entry.type == "dir":
        return _FOLDER
    return _PROGRAM if entry.type == "file" and entry.mode & 0o111 else _FILE


def _changed(change: DiffEntry) -> Name:
    if change.type == "symlink":
        return Name(target=change.link_target or "")
    if change.type == "dir":
        return _FOLDER
    return _PROGRAM if change.type == "file" else _FILE


def _forget_below(folders: dict[str, _Folder], own: dict[str, dict[str, Name]], path: str) -> None:
    """A folder is gone, with all below it."""
    if path not in folders:
        return
    inside = path.rstrip("/") + "/"
    for folder in [each for each in folders if each == path or each.startswith(inside)]:
        del folders[folder]
        own.pop(folder, None)
