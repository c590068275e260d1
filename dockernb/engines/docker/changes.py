"""What changed, by the API alone: for a daemon whose disk we cannot read.

GET /containers/{id}/changes compares the whole file system with the image's (trap T5) and tells
paths only. Types, sizes and link targets are asked for, in parallel, up to a bound. Two answers of
it need a second look:

- A directory counts as modified when something below it changed. Its mode and owner are compared
  with the parent image's.
- The content of a directory that a file replaced is listed as deleted. One entry says it all.

Names that are not UTF-8 arrive garbled, since JSON cannot hold them; they come without a size.
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

from dockernb.oci.diff import Change, DiffEntry

from .archive import Archive

__all__ = ["MOST_DETAILS", "changes_diff"]

MOST_DETAILS = 1000
_PARALLEL = 8
_KINDS: dict[int, Change] = {0: "M", 1: "A", 2: "D"}


def changes_diff(
    changes: list[dict[str, Any]] | None,
    archive: Archive,
    open_parent: Callable[[], AbstractContextManager[Archive]],
    *,
    all_directories: bool = False,
) -> list[DiffEntry]:
    """The changes with details, not sorted.

    Args:
        changes: The daemon's answer; it says `null` for none.
        archive: The container's files.
        open_parent: The files of the image that it was created from, when they are needed.
        all_directories: A directory may be listed as modified for no reason that one can see.
    """
    if not changes:
        return []
    kinds = {item["Path"]: _KINDS[item["Kind"]] for item in changes}
    with ThreadPoolExecutor(_PARALLEL, "dockernb-diff") as pool:
        present = [path for path, kind in kinds.items() if kind != "D"]
        entries = {
            entry.path: entry
            for entry in pool.map(lambda path: _now(archive, path, kinds), present[:MOST_DETAILS])
        }
        gone = [path for path, kind in kinds.items() if kind == "D"]
        gone = [path for path in gone if not _below_a_file(path, entries)]
        suspects = kinds if all_directories else _ancestors(kinds)
        doubtful = [path for path in suspects if _is_modified_directory(path, entries)]
        if gone or doubtful:
            with open_parent() as parent:
                for entry in pool.map(lambda path: _before(parent, path), gone[:MOST_DETAILS]):
                    entries[entry.path] = entry
                same = pool.map(lambda path: _same(archive, parent, path), doubtful)
                for path, equal in zip(doubtful, same, strict=True):
                    if equal:
                        del entries[path]
    rest = present[MOST_DETAILS:] + gone[MOST_DETAILS:]
    return [*entries.values(), *(DiffEntry(path, kinds[path], "unknown") for path in rest)]


def _ancestors(paths: Iterable[str]) -> set[str]:
    """All directories above the paths."""
    found: set[str] = set()
    for path in paths:
        above = path.rpartition("/")[0]
        while above and above not in found:
            found.add(above)
            above = above.rpartition("/")[0]
    return found


def _is_modified_directory(path: str, entries: dict[str, DiffEntry]) -> bool:
    entry = entries.get(path)
    return entry is not None and entry.change == "M" and entry.type == "dir"


def _below_a_file(path: str, entries: dict[str, DiffEntry]) -> bool:
    above = entries.get(path.rpartition("/")[0])
    return above is not None and above.type not in {"dir", "unknown"}


def _now(archive: Archive, path: str, kinds: dict[str, Change]) -> DiffEntry:
    found = archive.stat(path)
    if found is None:
        return DiffEntry(path, kinds[path], "unknown")
    size = found.size if found.type in {"file", "symlink"} else 0
    return DiffEntry(path, kinds[path], found.type, size, found.link_target)


def _before(parent: Archive, path: str) -> DiffEntry:
    found = parent.stat(path)
    return DiffEntry(path, "D", found.type if found else "unknown")


def _same(archive: Archive, parent: Archive, path: str) -> bool:
    new, old = archive.header(path), parent.header(path)
    return new is not None and old is not None and _facts(new) == _facts(old)


def _facts(header: tarfile.TarInfo) -> tuple[bytes, int, int, int]:
    return header.type, header.mode & 0o7777, header.uid, header.gid
