"""Paths inside a root, while nothing but us runs in it; links are resolved inside the root."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator

from . import syscalls

__all__ = ["Inside"]

_RESOLVE = syscalls.RESOLVE_IN_ROOT | syscalls.RESOLVE_NO_MAGICLINKS
_FOLDER = os.O_PATH | os.O_DIRECTORY


class Inside:
    """A root folder, opened; close it when done."""

    def __init__(self, root: str) -> None:
        self._root = os.open(root, _FOLDER | os.O_CLOEXEC)

    def close(self) -> None:
        """Closes the root."""
        os.close(self._root)

    def open(self, path: str, flags: int = os.O_PATH, mode: int = 0) -> int:
        """An open descriptor of an absolute path of the guest."""
        return syscalls.openat2(self._root, os.fsencode(path), flags, _RESOLVE, mode)

    def open_folder(self, path: str) -> int:
        """An O_PATH descriptor of a folder."""
        return self.open(path, _FOLDER)

    def exists(self, path: str) -> bool:
        """Whether something is there, the last link followed."""
        with contextlib.suppress(OSError):
            os.close(self.open(path))
            return True
        return False

    def make(self, path: str, *, folder: bool, mode: int = 0o755) -> list[str]:
        """Makes what is missing of `path`: its folders and, as the last name, a folder or file.

        Returns:
            The paths that were made, topmost first.
        """
        made = []
        names = [name for name in path.split("/") if name not in {"", "."}]
        for depth in range(1, len(names) + 1):
            here = "/" + "/".join(names[:depth])
            if self.exists(here):
                continue
            with self.parent(here) as (parent, name):
                _make_one(parent, name, folder=folder or depth < len(names), mode=mode)
            made.append(here)
        return made

    @contextlib.contextmanager
    def parent(self, path: str) -> Iterator[tuple[int, str]]:
        """The open folder that holds the last name of `path`, and that name."""
        above, name = os.path.split(path.rstrip("/"))
        if name in {"", ".", ".."}:
            raise OSError(errno.EINVAL, f'"{path}" names no entry of a folder')
        parent = self.open_folder(above or "/")
        try:
            yield parent, name
        finally:
            os.close(parent)


def _make_one(parent: int, name: str, *, folder: bool, mode: int) -> None:
    try:
        if folder:
            os.mkdir(name, mode, dir_fd=parent)
        else:
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
            os.close(os.open(name, flags, 0o644, dir_fd=parent))
    except FileExistsError:
        # A link that leads nowhere: a mount cannot be made there, nor anything through it.
        raise OSError(errno.ENOENT, f'"{name}" is a link that leads nowhere') from None
