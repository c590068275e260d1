"""Mount points that the image does not have: made before a command, removed after it.

As BuildKit does it: what is still empty goes away, and the folders above keep their times, so that
no trace of a mount is in the snapshot.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass

from .inside import Inside

__all__ = ["Stubs"]


@dataclass(frozen=True)
class _Made:
    path: str
    is_folder: bool
    parent_times: tuple[int, int]


class Stubs:
    """The mount points made in one root."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside
        self._made: list[_Made] = []

    def make(self, path: str, *, folder: bool) -> None:
        """Makes what is missing of an absolute path; does nothing if it is all there."""
        names = [name for name in path.split("/") if name]
        for depth in range(1, len(names) + 1):
            here = "/" + "/".join(names[:depth])
            if self._inside.exists(here):
                continue
            is_folder = folder or depth < len(names)
            with self._inside.parent(here) as (parent, _):
                times = os.fstat(parent)
            self._inside.make(here, folder=is_folder)
            self._made.append(_Made(here, is_folder, (times.st_atime_ns, times.st_mtime_ns)))
            self._restore_times(here, self._made[-1].parent_times)

    def make_all(self, folders: Iterable[str], files: Iterable[str]) -> None:
        """Makes folders and empty files."""
        for path in folders:
            self.make(path, folder=True)
        for path in files:
            self.make(path, folder=False)

    def remove(self) -> tuple[str, ...]:
        """Removes them, deepest first; returns those that are no longer empty and stay."""
        left = []
        for made in reversed(self._made):
            try:
                gone = self._remove_one(made)
            except FileNotFoundError:
                continue  # the command removed it itself
            except OSError:
                gone = False
            if not gone:
                left.append(made.path)
        self._made.clear()
        return tuple(reversed(left))

    def _remove_one(self, made: _Made) -> bool:
        with self._inside.parent(made.path) as (parent, name):
            before = os.fstat(parent)
            status = os.lstat(name, dir_fd=parent)
            if made.is_folder:
                if not stat.S_ISDIR(status.st_mode):
                    return False
                try:
                    os.rmdir(name, dir_fd=parent)
                except OSError:
                    return False
            elif stat.S_ISREG(status.st_mode) and status.st_size == 0:
                os.unlink(name, dir_fd=parent)
            else:
                return False
        self._restore_times(made.path, (before.st_atime_ns, before.st_mtime_ns))
        return True

    def _restore_times(self, path: str, times: tuple[int, int]) -> None:
        with (
            contextlib.suppress(OSError),
            self._inside.parent(path) as (parent, _),
        ):
            os.utime(f"/proc/self/fd/{parent}", ns=times)
