"""What changed, read from the overlay's own directories.

The upper directory of a container holds what changed and nothing else, so this takes as long as the
change is big (trap T5). Kernel documentation: filesystems/overlayfs.rst. Words:

    whiteout   a character device 0:0 in the upper directory: the name is deleted
    opaque     a directory whose lower namesakes are hidden: it was deleted and made again

Everything in there is hostile: a container wrote it. No link is followed, no path is resolved; the
walk goes from open directory to open directory.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dockernb.oci.diff import Change, DiffEntry, type_of_mode

__all__ = ["Identity", "IdentityOf", "identity_on_disk", "overlay_diff"]

_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True)
class Identity:
    """What makes an entry another one, beside size and time: mode with type, owner, device."""

    mode: int
    uid: int
    gid: int
    device: int


# Open parent directory, name in it, its status.
IdentityOf = Callable[[int, str, os.stat_result], Identity]


def identity_on_disk(_folder: int, _name: str, status: os.stat_result) -> Identity:
    """As the disk says."""
    return Identity(status.st_mode, status.st_uid, status.st_gid, status.st_rdev)


def overlay_diff(
    upper: Path,
    lowers: Sequence[Path],
    opaque_attribute: str = "trusted.overlay.opaque",
    identity_of: IdentityOf = identity_on_disk,
) -> list[DiffEntry]:
    """The changes, not sorted.

    Args:
        lowers: The directories below, topmost first.
        opaque_attribute: Name of the extended attribute that marks opaque directories.
        identity_of: Where owners and devices are not what the disk says.

    Raises:
        OSError: something could not be read. More directories below one another than the process
            may have open files is such a case.
    """
    entries: list[DiffEntry] = []
    walk = [_Frame.open_roots(upper, lowers, _Rules(opaque_attribute, identity_of))]
    try:
        while walk:
            below = next(walk[-1].steps(entries), None)
            if below is None:
                walk.pop().close()
            else:
                walk.append(below)
    finally:
        for frame in walk:
            frame.close()
    return entries


@dataclass(frozen=True)
class _Rules:
    opaque: str
    identity_of: IdentityOf


@dataclass
class _Lower:
    """What the layers below have under one name; `parent` is the open folder it is in."""

    parent: int
    status: os.stat_result
    directories: tuple[int, ...]  # open parents whose child of this name is a part of the directory


class _Frame:
    """One directory of the upper layer, open, with the directories below that show through it."""

    def __init__(self, path: str, upper: int, lowers: tuple[int, ...], rules: _Rules) -> None:
        self._path = path
        self._upper = upper
        self._lowers = lowers
        self._rules = rules
        self._steps: Iterator[_Frame] | None = None

    @classmethod
    def open_roots(cls, upper: Path, lowers: Sequence[Path], rules: _Rules) -> _Frame:
        opened: list[int] = []
        try:
            for path in (upper, *lowers):
                # The path to a root is the daemon's own, so links in it are followed.
                opened.append(  # noqa: PERF401 - closed if one fails
                    os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                )
        except OSError:
            _close(opened)
            raise
        return cls("", opened[0], tuple(opened[1:]), rules)

    def close(self) -> None:
        _close((self._upper, *self._lowers))

    def steps(self, entries: list[DiffEntry]) -> Iterator[_Frame]:
        """Adds what changed right here to `entries`; gives the directories to go into."""
        if self._steps is None:
            self._steps = self._walk(entries)
        return self._steps

    def _walk(self, entries: list[DiffEntry]) -> Iterator[_Frame]:
        names = os.listdir(self._upper)  # noqa: PTH208 - of an open directory
        for name in names:
            status = _lstat(name, self._upper)
            if status is None:
                continue
            lower = self._lower(name)
            if _is_whiteout(status):
                if lower is not None:
                    entries.append(self._deleted(name, lower))
                continue
            change = self._change(name, status, lower)
            if change is not None:
                entries.append(self._entry(name, status, change))
            if stat.S_ISDIR(status.st_mode):
                yield self._into(name, lower)
        if _is_opaque(self._upper, self._rules.opaque):
            entries.extend(self._hidden(set(names)))

    def _lower(self, name: str) -> _Lower | None:
        """What shows through from below under `name`."""
        first: tuple[int, os.stat_result] | None = None
        directories: list[int] = []
        for parent in self._lowers:
            status = _lstat(name, parent)
            if status is None:
                continue
            if _is_whiteout(status):
                break
            first = first or (parent, status)
            if not stat.S_ISDIR(status.st_mode):
                break
            directories.append(parent)
        return _Lower(*first, tuple(directories)) if first else None

    def _change(self, name: str, status: os.stat_result, lower: _Lower | None) -> Change | None:
        if lower is None:
            return "A"
        return "M" if self._differs(name, status, lower) else None

    def _differs(self, name: str, new: os.stat_result, lower: _Lower) -> bool:
        """The daemon's rule (moby pkg/archive, statDifferent): of directories, mode and owner."""
        old = lower.status
        identity = self._rules.identity_of
        if identity(self._upper, name, new) != identity(lower.parent, name, old):
            return True
        if stat.S_ISDIR(new.st_mode):
            return False
        if new.st_size != old.st_size or not _same_time(new.st_mtime_ns, old.st_mtime_ns):
            return True
        if not stat.S_ISREG(new.st_mode):
            return False
        return _capability(name, self._upper) != _capability(name, lower.parent)

    def _into(self, name: str, lower: _Lower | None) -> _Frame:
        opened = [os.open(name, _OPEN, dir_fd=self._upper)]
        try:
            if not (lower is None or stat.S_ISDIR(lower.status.st_mode)):
                lower = None
            for parent in lower.directories if lower else ():
                opened.append(os.open(name, _OPEN, dir_fd=parent))
                if _is_opaque(opened[-1], self._rules.opaque):
                    break
        except OSError:
            _close(opened)
            raise
        return _Frame(f"{self._path}/{name}", opened[0], tuple(opened[1:]), self._rules)

    def _hidden(self, names: set[str]) -> Iterator[DiffEntry]:
        """What an opaque directory hides and has no namesake for."""
        below = {name for fd in self._lowers for name in os.listdir(fd)}  # noqa: PTH208
        for name in below - names:
            lower = self._lower(name)
            if lower is not None:
                yield self._deleted(name, lower)

    def _deleted(self, name: str, lower: _Lower) -> DiffEntry:
        mode = self._rules.identity_of(lower.parent, name, lower.status).mode
        return DiffEntry(f"{self._path}/{name}", "D", type_of_mode(mode))

    def _entry(self, name: str, status: os.stat_result, change: Change) -> DiffEntry:
        kind = type_of_mode(self._rules.identity_of(self._upper, name, status).mode)
        size = status.st_size if kind in {"file", "symlink"} else 0
        target = os.readlink(name, dir_fd=self._upper) if kind == "symlink" else None
        return DiffEntry(f"{self._path}/{name}", change, kind, size, target)


def _lstat(name: str, directory: int) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _is_whiteout(status: os.stat_result) -> bool:
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == 0


def _is_opaque(directory: int, attribute: str) -> bool:
    try:
        return os.getxattr(directory, attribute) == b"y"
    except OSError:
        return False


def _capability(name: str, directory: int) -> bytes:
    try:
        path = f"/proc/self/fd/{directory}/{name}"
        return os.getxattr(path, "security.capability", follow_symlinks=False)
    except OSError:
        return b""


def _same_time(one: int, other: int) -> bool:
    """Equal, or equal in seconds where one of the two has no fractions (a tar may lose them)."""
    if one == other:
        return True
    (seconds, fraction), (others, other_fraction) = divmod(one, 10**9), divmod(other, 10**9)
    return seconds == others and not (fraction and other_fraction)


def _close(descriptors: Sequence[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
