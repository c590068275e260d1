"""What stands in for mounts on rungs 4 and 5: things put into the tree and taken out again.

What was there before is moved aside, next to the root, and moved back. A folder that may be written
(a cache) is moved in and out; one that is read-only is copied in and removed, so that the host's
folder is never touched. Should this process die in between, the working tree is lost with its
working container, and with it what a moved cache held.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from .command import GuestMount
from .inside import Inside
from .owners import Owner, write_owner

__all__ = ["Placing"]


class Placing:
    """Things placed in one root.

    Args:
        real_ids: Whether owners are the kernel's (rung 5) or recorded (rung 4).
    """

    def __init__(self, root: Path, inside: Inside, *, real_ids: bool) -> None:
        self._root = root
        self._inside = inside
        self._real_ids = real_ids
        self._undo: list[Callable[[], None]] = []
        self._aside: Path | None = None

    def place(self, mount: GuestMount) -> None:
        """Puts a mount's content at its target; its folder must be there."""
        with self._inside.parent(mount.target) as (parent, name):
            path = Path(os.readlink(f"/proc/self/fd/{parent}"), name)
        self._keep_times(path.parent)
        self._move_aside(path)
        if mount.kind == "tmpfs":
            path.mkdir()
            self._dress(path, mount)
            self._undo.append(lambda: _remove(path))
        elif mount.kind == "bind":
            self._bind(path, mount)
        else:
            self._write(path, mount)

    def undo(self) -> None:
        """Takes everything out again, the last first; goes on after an error and raises it then."""
        failure: OSError | None = None
        while self._undo:
            try:
                self._undo.pop()()
            except OSError as error:
                failure = failure or error
        if self._aside is not None:
            with contextlib.suppress(OSError):
                self._aside.rmdir()
        if failure:
            raise failure

    def _keep_times(self, folder: Path) -> None:
        status = folder.stat()

        def restore() -> None:
            with contextlib.suppress(FileNotFoundError):
                os.utime(folder, ns=(status.st_atime_ns, status.st_mtime_ns))

        self._undo.append(restore)

    def _move_aside(self, path: Path) -> None:
        if not os.path.lexists(path):
            return
        if self._aside is None:
            self._aside = Path(tempfile.mkdtemp(prefix=".aside-", dir=self._root.parent))
        kept = self._aside / str(len(self._undo))
        path.rename(kept)

        def back() -> None:
            _remove(path)
            kept.rename(path)

        self._undo.append(back)

    def _write(self, path: Path, mount: GuestMount) -> None:
        path.write_bytes(mount.content)
        self._dress(path, mount)
        self._undo.append(lambda: _remove(path))

    def _dress(self, path: Path, mount: GuestMount) -> None:
        path.chmod(mount.permissions)
        if not mount.uid | mount.gid:
            return
        if self._real_ids:
            os.chown(path, mount.uid, mount.gid)
        else:
            write_owner(str(path), Owner(mount.uid, mount.gid))

    def _bind(self, path: Path, mount: GuestMount) -> None:
        source = Path(mount.source)
        if mount.read_only:
            _copy(source, path)
            if self._real_ids:
                _copy_owners(source, path)
            self._undo.append(lambda: _remove(path))
            return
        try:
            source.rename(path)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            _copy(source, path)
            self._undo.append(lambda: _copy_back(path, source))
            return
        self._undo.append(lambda: _move_back(path, source))


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copy2(source, target)


def _copy_owners(source: Path, target: Path) -> None:
    """The kernel's owners; noted ones are attributes, which come along with the copy."""
    for one in (source, *source.rglob("*")):
        status = one.lstat()
        os.lchown(target / one.relative_to(source), status.st_uid, status.st_gid)


def _move_back(path: Path, source: Path) -> None:
    if os.path.lexists(path):
        path.rename(source)
    else:
        source.mkdir(exist_ok=True)  # the command removed it: an empty cache


def _copy_back(path: Path, source: Path) -> None:
    """Copies aside first, so that `source` is never half of each."""
    if not os.path.lexists(path):
        return
    new = source.with_name(source.name + ".new")
    _remove(new)
    _copy(path, new)
    _remove(source)
    new.rename(source)
    _remove(path)


def _remove(path: Path) -> None:
    """Removes whatever is there, folders that nobody may write to as well."""
    if path.is_symlink() or not path.is_dir():
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        return

    def open_up(function: Callable[..., object], name: str, _: object) -> None:
        Path(name).parent.chmod(0o700)
        Path(name).chmod(0o700)
        function(name)

    shutil.rmtree(path, onerror=open_up)
