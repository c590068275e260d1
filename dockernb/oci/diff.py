"""What changed in a file system between two snapshots."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

__all__ = ["Change", "DiffEntry", "FileType", "FilesystemDiff", "type_of_mode"]

Change = Literal["A", "M", "D"]
FileType = Literal["file", "dir", "symlink", "char", "block", "fifo", "socket", "unknown"]

_TYPES: dict[int, FileType] = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "dir",
    stat.S_IFLNK: "symlink",
    stat.S_IFCHR: "char",
    stat.S_IFBLK: "block",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
}


def type_of_mode(mode: int) -> FileType:
    """The type of an entry by its `st_mode`."""
    return _TYPES.get(stat.S_IFMT(mode), "unknown")


class DiffEntry(NamedTuple):
    """One path that was added, modified or deleted. A tuple, because a step may change thousands.

    Args:
        path: Absolute path in the snapshot, without a trailing slash. May hold any character
            but NUL (bytes that are not UTF-8 as surrogate escapes): escape it before showing it.
        change: "A" added, "M" modified, "D" deleted. A directory is "M" only if its own mode or
            owner changed, not because something below it did. A deleted directory is one entry.
        size: Bytes of the new content for files and link targets; 0 for other types and for "D".
    """

    path: str
    change: Change
    type: FileType = "file"
    size: int = 0
    link_target: str | None = None

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {
            "path": self.path,
            "change": self.change,
            "type": self.type,
            "size": self.size,
        }
        if self.link_target is not None:
            data["link_target"] = self.link_target
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> DiffEntry:
        return cls(
            data["path"], data["change"], data["type"], data["size"], data.get("link_target")
        )


@dataclass(frozen=True)
class FilesystemDiff:
    """All changes of one step, sorted by path."""

    entries: tuple[DiffEntry, ...] = ()

    @cached_property
    def counts(self) -> dict[str, int]:
        """Number of entries by change: keys "A", "M", "D"."""
        counts = {"A": 0, "M": 0, "D": 0}
        for entry in self.entries:
            counts[entry.change] += 1
        return counts

    @cached_property
    def bytes(self) -> int:
        """Bytes of all added and modified files."""
        return sum(entry.size for entry in self.entries if entry.change != "D")
