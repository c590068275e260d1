"""What a tree holds, as cheaply as can be told: one `lstat` an entry, no content read.

The kernel sets a file's ctime whenever content, mode, owner or an attribute changes, and nobody can
set it back; so equal marks mean an equal entry.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import NamedTuple

from dockernb.engines.embedded.files.folders import close_again, open_closed

__all__ = ["Mark", "Scan", "Touched", "compare", "scan_tree"]


class Mark(NamedTuple):
    """Of one entry. A folder's times also change with the entries in it."""

    mode: int
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


# Path relative to the root, without a slash in front -> mark.
Scan = dict[str, Mark]


@dataclass(frozen=True)
class Touched:
    """Paths that may have changed between two scans, each sorted."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    deleted: tuple[str, ...]


def scan_tree(root: str) -> Scan:
    """The marks of all entries below `root`. Folders that nobody may enter are entered."""
    found: Scan = {}
    modes: dict[int, int] = {}
    top = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    way = [("", top, iter(_note(top, "", found)))]
    try:
        while way:
            prefix, folder, names = way[-1]
            name = next(names, None)
            if name is None:
                close_again(way.pop()[1], modes)
                continue
            path = prefix + name
            below = open_closed(folder, name, modes)
            way.append((f"{path}/", below, iter(_note(below, f"{path}/", found))))
    finally:
        for _, folder, _ in way:
            close_again(folder, modes)
    return found


def compare(before: Scan, now: Scan) -> Touched:
    """What may have changed."""
    return Touched(
        added=tuple(sorted(now.keys() - before.keys())),
        changed=tuple(sorted(path for path, mark in now.items() if before.get(path, mark) != mark)),
        deleted=tuple(sorted(before.keys() - now.keys())),
    )


def _note(folder: int, prefix: str, found: Scan) -> list[str]:
    """Adds the marks of what is in the folder; returns the names of the folders in it.

    Every step without mounts waits for it once for each entry of the image, so it is kept flat.
    """
    folders = []
    with os.scandir(folder) as entries:
        for entry in entries:
            status = entry.stat(follow_symlinks=False)
            mode, name, size = status.st_mode, entry.name, status.st_size
            if stat.S_IFMT(mode) == stat.S_IFDIR:
                folders.append(name)
                size = 0
            found[prefix + name] = Mark(
                mode, size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
            )
    return folders
