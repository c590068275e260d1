"""Opening what a guest's path names, as the guest would: inside its root, from its folder."""

from __future__ import annotations

import errno
import os

from .. import syscalls

__all__ = ["AT_FDCWD", "guest_text", "open_parent", "open_path", "start_of"]

AT_FDCWD = -100
_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC


def start_of(pid: int, folder: int) -> str:
    """The /proc link of the folder that a relative path starts from."""
    return f"/proc/{pid}/cwd" if folder == AT_FDCWD else f"/proc/{pid}/fd/{folder}"


def open_path(pid: int, folder: int, path: bytes, *, follow: bool) -> int:
    """An O_PATH descriptor of what `path` names.

    Args:
        folder: Descriptor number in the guest, or AT_FDCWD. An empty path names it.
    """
    flags = os.O_PATH | (0 if follow else os.O_NOFOLLOW)
    if not path:
        return os.open(start_of(pid, folder), os.O_PATH | os.O_CLOEXEC)
    if path[:1] != b"/":
        start = os.open(start_of(pid, folder), _FOLDER)
        try:
            return syscalls.openat2(start, path, flags, syscalls.RESOLVE_BENEATH)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
        finally:
            os.close(start)
        # It goes up, or over an absolute link: from the root, then.
        path = os.path.join(guest_text(pid, start_of(pid, folder)), path)
    root = os.open(f"/proc/{pid}/root", _FOLDER)
    try:
        return syscalls.openat2(root, path, flags, syscalls.RESOLVE_IN_ROOT)
    finally:
        os.close(root)


def open_parent(pid: int, folder: int, path: bytes) -> tuple[int, bytes]:
    """An O_PATH descriptor of the folder that holds the last name of `path`, and that name.

    Raises:
        OSError: EEXIST when the path ends in no name of its own (".", "..", "/").
    """
    parent, name = os.path.split(path.rstrip(b"/"))
    if not path:
        raise OSError(errno.ENOENT, "empty path")
    if name in {b"", b".", b".."}:
        raise OSError(errno.EEXIST, "no name of its own")
    if parent or path[:1] == b"/":
        return open_path(pid, folder, parent or b"/", follow=True), name
    return os.open(start_of(pid, folder), _FOLDER), name


def guest_text(pid: int, link: str) -> bytes:
    """Where a /proc link of a process points to, as an absolute path in the guest.

    Raises:
        OSError: ENOENT when that is outside the guest's root.
    """
    root = os.readlink(os.fsencode(f"/proc/{pid}/root"))
    target = os.readlink(os.fsencode(link))
    if root == b"/":
        return target
    if target == root:
        return b"/"
    if target.startswith(root + b"/"):
        return target[len(root) :]
    raise OSError(errno.ENOENT, "outside the root")
