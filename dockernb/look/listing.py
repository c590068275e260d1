"""The tree of a snapshot, to list folders with totals and to search."""

from __future__ import annotations

import fnmatch
from collections import Counter
from collections.abc import Iterable, Sequence

from .entries import FileEntry

__all__ = ["Listing"]


class Listing:
    """All entries below one path.

    Args:
        root: The path that was read.
        entries: It and all that is below it.
    """

    def __init__(self, root: str, entries: Iterable[FileEntry]) -> None:
        self.root = root
        self._entries = {entry.path: entry for entry in entries}
        self._children: dict[str, list[FileEntry]] = {}
        self._bytes: Counter[str] = Counter()
        self._files: Counter[str] = Counter()
        for entry in self._entries.values():
            if entry.path != "/":
                self._children.setdefault(_parent(entry.path), []).append(entry)
                self._count(entry)

    def _count(self, entry: FileEntry) -> None:
        if entry.type == "dir":
            return
        size = 0 if entry.is_hard_link else entry.size
        folder = entry.path
        while folder not in ("/", self.root):
            folder = _parent(folder)
            self._bytes[folder] += size
            self._files[folder] += 1

    def __len__(self) -> int:
        return len(self._entries)

    def entry(self, path: str) -> FileEntry | None:
        """The entry at exactly this path."""
        return self._entries.get(path)

    def children(self, path: str) -> Sequence[FileEntry]:
        """What is directly in a folder: folders first, each sorted by name."""
        found = self._children.get(path, [])
        return sorted(found, key=lambda entry: (entry.type != "dir", entry.path))

    def bytes_below(self, path: str) -> int:
        """Bytes of all files below a folder, a file with several names counted once."""
        return self._bytes[path]

    def files_below(self, path: str) -> int:
        """Number of entries below a folder that are no folders."""
        return self._files[path]

    def size(self, entry: FileEntry) -> int:
        """Bytes of a file, or of all that is below a folder."""
        return self.bytes_below(entry.path) if entry.type == "dir" else entry.size

    def below(self, path: str) -> Iterable[FileEntry]:
        """All entries below a folder."""
        prefix = path.rstrip("/") + "/"
        return (e for e in self._entries.values() if e.path.startswith(prefix) and e.path != "/")

    def find(self, name: str) -> list[FileEntry]:
        """Entries by name, sorted by path.

        Args:
            name: A pattern with `*`, `?` and `[...]`, else a part of the name in any case of
                letters. With a slash it is compared with the whole path.
        """
        if any(mark in name for mark in "*?["):
            pattern = name if "/" in name else f"*/{name}"
            matches = fnmatch.filter(self._entries, pattern)
            if "/" not in name:  # `*` of fnmatch goes over slashes; here it does not
                matches = [p for p in matches if fnmatch.fnmatchcase(p.rpartition("/")[2], name)]
        else:
            wanted = name.lower()
            whole = "/" in name
            matches = [
                path
                for path in self._entries
                if wanted in (path if whole else path.rpartition("/")[2]).lower()
            ]
        return [self._entries[path] for path in sorted(matches)]


def _parent(path: str) -> str:
    return path.rpartition("/")[0] or "/"
