"""Open folders below a root, reached name by name without following a link."""

from __future__ import annotations

import errno
import os
import stat
from collections import OrderedDict
from types import TracebackType
from typing import Self

__all__ = ["OpenFolders", "close_again", "open_closed", "remove_entry"]

_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_KEPT = 64

Parts = tuple[str, ...]


class OpenFolders:
    """The folders on the way to entries; the latest ones stay open, because entries come in order.

    Args:
        root: The root's folder.
    """

    def __init__(self, root: str) -> None:
        self._root = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._open: OrderedDict[Parts, int] = OrderedDict()
        self._root_mode = stat.S_IMODE(os.fstat(self._root).st_mode)
        if os.geteuid() != 0 and self._root_mode & 0o700 != 0o700:  # as in `open_closed`
            os.fchmod(self._root, self._root_mode | 0o700)
        self._modes: dict[int, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.forget(())
        if stat.S_IMODE(os.fstat(self._root).st_mode) != self._root_mode:
            os.fchmod(self._root, self._root_mode)
        os.close(self._root)

    def set_root_mode(self, mode: int) -> None:
        """The mode that the root has when all this ends."""
        self._root_mode = mode

    def at(self, parts: Parts) -> int:
        """The folder, open. It belongs to this object and lives until the next few are opened.

        Raises:
            FileNotFoundError: a name on the way is missing.
            NotADirectoryError: a name on the way is no folder, or a link.
        """
        return self._walk(parts, make=False)

    def make(self, parts: Parts) -> int:
        """As `at`, but what is missing is made (0755), and what is in the way goes."""
        return self._walk(parts, make=True)

    def make_or_keep(self, parts: Parts) -> int:
        """Makes the folder `parts`, in the place of what is no folder; gives its parent, open.

        A new one is 0700 until somebody sets its mode.
        """
        parent, name = self.make(parts[:-1]), parts[-1]
        try:
            os.mkdir(name, 0o700, dir_fd=parent)
        except FileExistsError:
            if not stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
                self.forget(parts)
                remove_entry(parent, name)
                os.mkdir(name, 0o700, dir_fd=parent)
        return parent

    def status(self, parts: Parts) -> os.stat_result:
        """Of an entry, with its own mode: a folder that was opened up is closed before."""
        self.forget(parts)
        return os.stat(parts[-1], dir_fd=self.at(parts[:-1]), follow_symlinks=False)

    def forget(self, parts: Parts) -> None:
        """Closes the folder and those below it: it is going to be removed or replaced."""
        for known in [each for each in self._open if each[: len(parts)] == parts]:
            close_again(self._open.pop(known), self._modes)

    def _walk(self, parts: Parts, *, make: bool) -> int:
        depth = len(parts)
        while depth and parts[:depth] not in self._open:
            depth -= 1
        current = self._open[parts[:depth]] if depth else self._root
        if depth:
            self._open.move_to_end(parts[:depth])
        for at in range(depth, len(parts)):
            current = self._enter(current, parts[at], make=make)
            self._keep(parts[: at + 1], current)
        return current

    def _enter(self, folder: int, name: str, *, make: bool) -> int:
        try:
            return open_closed(folder, name, self._modes)
        except FileNotFoundError:
            if not make:
                raise
        except OSError as err:
            if err.errno not in {errno.ENOTDIR, errno.ELOOP}:
                raise
            if not make:
                raise NotADirectoryError(errno.ENOTDIR, "not a directory", name) from err
            remove_entry(folder, name)
        os.mkdir(name, 0o755, dir_fd=folder)
        os.chmod(name, 0o755, dir_fd=folder)  # noqa: S103 - whatever the umask
        return os.open(name, _OPEN, dir_fd=folder)

    def _keep(self, parts: Parts, descriptor: int) -> None:
        self._open[parts] = descriptor
        while len(self._open) > _KEPT:
            oldest = next(iter(self._open))
            if oldest == parts:
                break
            close_again(self._open.pop(oldest), self._modes)


def open_closed(folder: int, name: str, modes: dict[int, int]) -> int:
    """An open folder, opened up for its owner if its mode closes it: to be ended by `close_again`.

    Where a user namespace gives root's rights, nothing is changed. Elsewhere every name in a folder
    needs the right to search it, for as long as something is done there.

    Args:
        modes: Takes note of what to give back.
    """
    if os.geteuid() == 0:  # of the machine, or of a user namespace
        return os.open(name, _OPEN, dir_fd=folder)
    mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    if not stat.S_ISDIR(mode) or mode & 0o700 == 0o700:
        return os.open(name, _OPEN, dir_fd=folder)
    os.chmod(name, stat.S_IMODE(mode) | 0o700, dir_fd=folder)
    opened = os.open(name, _OPEN, dir_fd=folder)
    modes[opened] = stat.S_IMODE(mode)
    return opened


def close_again(descriptor: int, modes: dict[int, int]) -> None:
    """Closes what `open_closed` has opened, and gives it back its mode."""
    if descriptor in modes:
        os.fchmod(descriptor, modes.pop(descriptor))
    os.close(descriptor)


def remove_entry(folder: int, name: str) -> bool:
    """Removes what is there, a folder with all that is in it; whether there was something.

    Only descriptors lead down, so links are removed, never followed.
    """
    try:
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        return False
    except (IsADirectoryError, PermissionError):  # unlink of a folder: EISDIR, or EPERM by POSIX
        _remove_folder(folder, name)
    return True


def _remove_folder(folder: int, name: str) -> None:
    """Depth first, with a list instead of recursion: a container may nest folders at will."""
    way = [(folder, name, _open_readable(folder, name))]
    try:
        while way:
            parent, current, opened = way[-1]
            below = _empty_but_for_a_folder(opened)
            if below is not None:
                way.append((opened, below, _open_readable(opened, below)))
                continue
            way.pop()
            os.close(opened)
            os.rmdir(current, dir_fd=parent)
    finally:
        for _, _, opened in way:
            os.close(opened)


def _empty_but_for_a_folder(folder: int) -> str | None:
    """Removes all but the folders in it, and gives the first of those."""
    found = None
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                found = found or entry.name
            else:
                os.unlink(entry.name, dir_fd=folder)
    return found


def _open_readable(folder: int, name: str) -> int:
    mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    if mode & 0o700 != 0o700:
        os.chmod(name, 0o700, dir_fd=folder)
    return os.open(name, _OPEN, dir_fd=folder)
