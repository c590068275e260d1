"""The bytes of a directory as several layers of an overlay show it together."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence

__all__ = ["bytes_below", "is_opaque", "is_whiteout", "lstat_at"]

_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MOST_ENTRIES = 200_000
_DEEPEST = 200


class _TooMuchError(Exception):
    """There is more than is worth the time."""


def bytes_below(name: str, parents: Sequence[int], opaque: str) -> int:
    """Bytes of all files below a directory; 0 when there are more than is worth the time.

    Args:
        name: Of the directory.
        parents: Open directories whose child of that name is a part of it, the uppermost first.
        opaque: The attribute that marks a directory which hides those below it.
    """
    count = [0]
    try:
        return _bytes_in(name, parents, opaque, count, 0)
    except (OSError, _TooMuchError):
        return 0


def _bytes_in(name: str, parents: Sequence[int], opaque: str, count: list[int], depth: int) -> int:
    if depth > _DEEPEST:
        raise _TooMuchError
    opened: list[int] = []
    try:
        for parent in parents:
            opened.append(os.open(name, _OPEN, dir_fd=parent))
            if is_opaque(opened[-1], opaque):
                break
        total = 0
        for child, status, at in _shown(opened):
            count[0] += 1
            if count[0] > _MOST_ENTRIES:
                raise _TooMuchError
            if stat.S_ISREG(status.st_mode):
                total += status.st_size
            elif stat.S_ISDIR(status.st_mode):
                parts = _parts(child, opened[at:])
                total += _bytes_in(child, parts, opaque, count, depth + 1)
        return total
    finally:
        for descriptor in opened:
            os.close(descriptor)


def _shown(directories: Sequence[int]) -> Iterator[tuple[str, os.stat_result, int]]:
    """Names that show, each with what it is and the number of the uppermost directory with it."""
    seen: set[str] = set()
    for at, directory in enumerate(directories):
        for name in os.listdir(directory):  # noqa: PTH208 - of an open directory
            status = None if name in seen else lstat_at(name, directory)
            if status is not None:
                seen.add(name)
                if not is_whiteout(status):
                    yield name, status, at


def _parts(name: str, directories: Sequence[int]) -> list[int]:
    """The directories whose child of this name is a part of one directory."""
    parts = []
    for directory in directories:
        status = lstat_at(name, directory)
        if status is None:
            continue
        if not stat.S_ISDIR(status.st_mode):  # a whiteout, too
            break
        parts.append(directory)
    return parts


def lstat_at(name: str, directory: int) -> os.stat_result | None:
    """What has this name in an open directory."""
    try:
        return os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return None


def is_whiteout(status: os.stat_result) -> bool:
    """Whether it says that the name is deleted."""
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == 0


def is_opaque(directory: int, attribute: str) -> bool:
    """Whether an open directory hides those below it."""
    try:
        return os.getxattr(directory, attribute) == b"y"
    except OSError:
        return False
