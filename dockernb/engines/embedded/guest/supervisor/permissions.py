"""What a process with given ids may do, by mode bits and recorded owners (path_resolution(7))."""

from __future__ import annotations

import errno
import os
import stat

from ..owners import Owner, read_owner
from .ids import Ids
from .notify import Call
from .paths import open_parent

__all__ = [
    "EXECUTE",
    "READ",
    "WRITE",
    "check",
    "check_search",
    "check_way",
    "is_owner",
    "owner_of",
    "permitted",
]

READ, WRITE, EXECUTE = 4, 2, 1
_MOST_FOLDERS = 2048


def permitted(ids: Ids, mode: int, owner: Owner, wanted: int) -> bool:
    """Whether `ids` may do `wanted` (READ | WRITE | EXECUTE) with a file of this mode and owner."""
    if ids.capable or ids.user.file_system == 0:
        return not wanted & EXECUTE or stat.S_ISDIR(mode) or bool(mode & 0o111)
    if ids.user.file_system == owner.uid:
        bits = mode >> 6
    elif ids.in_group(owner.gid):
        bits = mode >> 3
    else:
        bits = mode
    return bits & wanted == wanted


def owner_of(descriptor: int) -> Owner:
    """The owner of an open file or folder; 0:0 when none is recorded."""
    return read_owner(descriptor) or Owner()


def check(ids: Ids, descriptor: int, wanted: int) -> None:
    """Raises EACCES unless `ids` may do `wanted` with what is open and reach it."""
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISLNK(mode):
        return
    if not permitted(ids, mode, owner_of(descriptor), wanted):
        raise PermissionError(errno.EACCES, "denied by its mode")


def check_search(ids: Ids, call: Call, folder: int) -> None:
    """Raises EACCES unless `ids` may pass through the open `folder` and all above it."""
    roots = call.listener.roots or (os.stat(f"/proc/{call.pid}/root"),)
    here = os.dup(folder)
    try:
        for _ in range(_MOST_FOLDERS):
            status = os.fstat(here)
            if not permitted(ids, status.st_mode, owner_of(here), EXECUTE):
                raise PermissionError(errno.EACCES, "a folder on the way is closed")
            if any(os.path.samestat(status, root) for root in roots):
                return
            flags = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
            above = os.open("..", flags, dir_fd=here)
            os.close(here)
            here = above
            if os.path.samestat(status, os.fstat(here)):
                return
    finally:
        os.close(here)


def check_way(ids: Ids, call: Call, folder: int, path: bytes) -> None:
    """Raises EACCES unless `ids` may pass through the folders that lead to `path`.

    A path whose folder cannot be found is the kernel's to refuse.
    """
    try:
        parent, _ = open_parent(call.pid, folder, path)
    except OSError:
        return
    try:
        check_search(ids, call, parent)
    finally:
        os.close(parent)


def is_owner(ids: Ids, owner: Owner) -> bool:
    """Whether `ids` may change mode and times of a file of this owner."""
    return ids.capable or ids.user.file_system in {0, owner.uid}
