"""chown and mknod: what needs more owners, or more rights, than a user namespace of one ID has."""

from __future__ import annotations

import errno
import functools
import os
import stat
from dataclasses import replace
from typing import Literal

from ..owners import Device, Owner, read_owner, write_owner
from .context import GO_ON, Context, Handlers, int32, uint32
from .ids import NO_CHANGE, Ids
from .notify import Call
from .paths import AT_FDCWD, open_parent, open_path
from .permissions import WRITE, check, check_search
from .process import read_path, umask_of

__all__ = ["handlers", "new_owner"]

_AT_SYMLINK_NOFOLLOW, _AT_EMPTY_PATH = 0x100, 0x1000


def handlers(context: Context) -> Handlers:
    """By name of the call."""
    found: Handlers = {
        "chown": lambda call: _change(context, call, AT_FDCWD, 0, follow=True),
        "lchown": lambda call: _change(context, call, AT_FDCWD, 0, follow=False),
        "mknod": lambda call: _make(context, call, AT_FDCWD, 0),
        "mknodat": lambda call: _make(context, call, int32(call.args[0]), 1),
    }
    found["fchown"] = functools.partial(_change_open, context)
    found["fchownat"] = functools.partial(_change_at, context)
    return found


def _change_open(context: Context, call: Call) -> int:
    descriptor = open_path(call.pid, int32(call.args[0]), b"", follow=True)
    try:
        return _record(context, call, descriptor, None, call.args[1:3])
    finally:
        os.close(descriptor)


def _change_at(context: Context, call: Call) -> int:
    follow = not call.args[4] & _AT_SYMLINK_NOFOLLOW
    return _change(context, call, int32(call.args[0]), 1, follow=follow)


def _change(context: Context, call: Call, folder: int, first: int, *, follow: bool) -> int:
    """The call's registers are path, uid, gid from the index `first` on."""
    path = read_path(call, call.args[first])
    wanted = call.args[first + 1 : first + 3]
    if not path and not (first and call.args[4] & _AT_EMPTY_PATH):
        raise FileNotFoundError(errno.ENOENT, "empty path")
    try:
        descriptor = open_path(call.pid, folder, path, follow=follow)
    except OSError:
        # /dev/stdout leads over /proc/self, which is another process's here.
        if path.startswith((b"/dev/", b"/proc/")):
            return 0
        raise
    try:
        if stat.S_ISREG(mode := os.fstat(descriptor).st_mode) or stat.S_ISDIR(mode):
            return _record(context, call, descriptor, None, wanted)
        parent, name = _real_parent(call, folder, path, follow=follow)
        try:
            return _record(context, call, descriptor, (parent, name), wanted)
        finally:
            os.close(parent)
    finally:
        os.close(descriptor)


def _real_parent(call: Call, folder: int, path: bytes, *, follow: bool) -> tuple[int, bytes]:
    """The folder that holds a pipe, socket or link, for its record there."""
    parent, name = open_parent(call.pid, folder, path)
    if follow and stat.S_ISLNK(os.lstat(name, dir_fd=parent).st_mode):
        os.close(parent)
        raise OSError(errno.EPERM, "a pipe behind a link")
    return parent, name


def _record(
    context: Context,
    call: Call,
    descriptor: int,
    place: tuple[int, bytes] | None,
    wanted: tuple[int, ...],
) -> int:
    """Sets the owner of the open file; `place` for what cannot carry an attribute itself."""
    uid, gid = (uint32(register) for register in wanted)
    if place is None:
        old = read_owner(descriptor) or Owner()
    else:
        old = read_owner(place[1], dir_fd=place[0]) or Owner()
    new = replace(
        old,
        uid=old.uid if uid == NO_CHANGE else uid,
        gid=old.gid if gid == NO_CHANGE else gid,
    )
    ids = context.restricted(call)
    if ids is not None:
        _check_change(ids, old, new)
    try:
        # The kernel's own part: ctime, set-ID bits and capabilities go, overlay copies up.
        os.chown(f"/proc/self/fd/{descriptor}", os.geteuid(), os.getegid())
        if place is None:
            write_owner(descriptor, new)
        else:
            write_owner(place[1], new, dir_fd=place[0])
    except OSError as error:
        if error.errno not in {errno.ENOTSUP, errno.ENOSPC, errno.EPERM, errno.EINVAL}:
            raise
        context.warnings.add("some owners could not be recorded")
    return 0


def _check_change(ids: Ids, old: Owner, new: Owner) -> None:
    if ids.capable:
        return
    allowed_group = new.gid == old.gid or ids.in_group(new.gid)
    if ids.user.file_system != old.uid or new.uid != old.uid or not allowed_group:
        raise PermissionError(errno.EPERM, "not the owner")


def _make(context: Context, call: Call, folder: int, first: int) -> int:
    mode, number = uint32(call.args[first + 1]), uint32(call.args[first + 2])
    ids = context.restricted(call)
    is_device = stat.S_ISCHR(mode) or stat.S_ISBLK(mode)
    if not is_device and ids is None:
        return GO_ON
    if is_device and ids is not None and not ids.capable:
        raise PermissionError(errno.EPERM, "only root makes device nodes")
    parent, name = open_parent(call.pid, folder, read_path(call, call.args[first]))
    try:
        if ids is not None:
            check(ids, parent, WRITE)
            check_search(ids, call, parent)
        permissions = stat.S_IMODE(mode) & ~umask_of(call.pid)
        owner = new_owner(ids, parent)
        if is_device:
            kind: Literal["c", "b"] = "c" if stat.S_ISCHR(mode) else "b"
            owner = replace(owner, device=Device(kind, os.major(number), os.minor(number)))
            mode = stat.S_IFREG
        os.mknod(name, stat.S_IFMT(mode) | permissions, 0, dir_fd=parent)
        os.chmod(f"/proc/self/fd/{parent}/{os.fsdecode(name)}", permissions)
        write_owner(name, owner, dir_fd=parent)
    finally:
        os.close(parent)
    return 0


def new_owner(ids: Ids | None, parent: int) -> Owner:
    """The owner of a file that a process with `ids` (None: root) makes in the open folder."""
    gid = ids.group.file_system if ids else 0
    if os.fstat(parent).st_mode & stat.S_ISGID:
        gid = (read_owner(parent) or Owner()).gid
    return Owner(ids.user.file_system if ids else 0, gid)
