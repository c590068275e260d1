"""mkdir, symlink, unlink, rename, chmod and their like, for users other than root.

Root's calls go on to the kernel. A user's new folders and links are made for it and get its owner;
what it may not do is refused as path_resolution(7), unlink(2), chmod(2) and so on say.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable

from ..owners import Owner, read_owner, write_owner
from .context import GO_ON, Context, Handler, Handlers, int32
from .ids import Ids
from .notify import Call
from .owner_calls import new_owner
from .paths import AT_FDCWD, open_parent, open_path
from .permissions import EXECUTE, WRITE, check, check_search, is_owner, owner_of, permitted
from .process import read_path, umask_of
from .root_rights import change_as_root

__all__ = ["handlers"]

_AT_SYMLINK_NOFOLLOW = 0x100


def handlers(context: Context) -> Handlers:
    """By name of the call."""
    # Call -> where its arguments stand: pairs of (folder's register or None, path's register).
    changes: dict[str, list[tuple[int | None, int]]] = {
        "unlink": [(None, 0)], "rmdir": [(None, 0)], "unlinkat": [(0, 1)],
        "rename": [(None, 0), (None, 1)], "renameat": [(0, 1), (2, 3)],
        "renameat2": [(0, 1), (2, 3)], "link": [(None, 1)], "linkat": [(2, 3)],
    }  # fmt: skip
    attributes: dict[str, tuple[int | None, int]] = {
        "chmod": (None, 0), "fchmodat": (0, 1), "utimensat": (0, 1), "fchmod": (0, -1),
    }  # fmt: skip
    found: Handlers = {
        "truncate": _restricted(context, lambda ids, call: _check_path(ids, call, WRITE)),
        "chdir": _restricted(context, lambda ids, call: _check_path(ids, call, EXECUTE)),
    }
    making: dict[str, tuple[Callable[[Ids, Call, int, int], int], int | None, int]] = {
        "mkdir": (_make_folder, None, 0), "mkdirat": (_make_folder, 0, 1),
        "symlink": (_make_link, None, 1), "symlinkat": (_make_link, 1, 2),
    }  # fmt: skip
    for name, (make, folder, path) in making.items():
        found[name] = _making(context, name, make, folder, path)
    for name, places in changes.items():
        found[name] = _changing(context, name, places)
    for name, (at, path) in attributes.items():
        found[name] = _owning(context, at, path)
    return found


def _restricted(context: Context, handler: Callable[[Ids, Call], int]) -> Handler:
    def handle(call: Call) -> int | None:
        ids = context.restricted(call)
        return GO_ON if ids is None else handler(ids, call)

    return handle


def _making(
    context: Context,
    name: str,
    make: Callable[[Ids, Call, int, int], int],
    folder_register: int | None,
    path_register: int,
) -> Handler:
    """Calls that make a folder or a link, which belongs to the user who made it."""

    def handle(call: Call) -> int:
        ids = context.restricted(call)
        if ids is None:
            return change_as_root(name, call, [path_register]) if context.traced else GO_ON
        folder = AT_FDCWD if folder_register is None else int32(call.args[folder_register])
        return make(ids, call, folder, path_register)

    return handle


def _changing(context: Context, name: str, places: list[tuple[int | None, int]]) -> Handler:
    """Calls that take a name out of a folder or put one into it."""

    def handle(call: Call) -> int:
        served = context.served
        ids = context.restricted(call)
        if ids is None and context.traced:
            return change_as_root(name, call, [register for _, register in places])
        if ids is None and served is None:
            return GO_ON
        for folder_register, path_register in places:
            folder = AT_FDCWD if folder_register is None else int32(call.args[folder_register])
            path = read_path(call, call.args[path_register])
            if served and served.is_mount_point(call.pid, folder, path):
                raise OSError(errno.EBUSY, "a mount point")
            if ids is not None:
                _check_change(ids, call, folder, path)
        return GO_ON

    return handle


def _check_change(ids: Ids, call: Call, folder: int, path: bytes) -> None:
    parent, name = open_parent(call.pid, folder, path)
    try:
        check(ids, parent, WRITE | EXECUTE)
        check_search(ids, call, parent)
        if os.fstat(parent).st_mode & stat.S_ISVTX and not is_owner(ids, owner_of(parent)):
            try:
                owner = read_owner(name, dir_fd=parent) or Owner()
            except FileNotFoundError:
                return
            if not is_owner(ids, owner):
                raise PermissionError(errno.EPERM, "sticky folder")
    finally:
        os.close(parent)


def _owning(context: Context, folder_register: int | None, path_register: int) -> Handler:
    """Calls that only the owner of a file may do."""

    def handle(call: Call) -> int:
        ids = context.restricted(call)
        if ids is None:
            return GO_ON
        folder = AT_FDCWD if folder_register is None else int32(call.args[folder_register])
        address = call.args[path_register] if path_register >= 0 else 0
        path = read_path(call, address) if address else b""
        if path.startswith((b"/dev/", b"/proc/")):
            return GO_ON
        try:
            found = open_path(call.pid, folder, path, follow=True)
        except OSError:
            return GO_ON
        try:
            _check_attributes(ids, call, found)
        finally:
            os.close(found)
        return GO_ON

    return handle


def _check_attributes(ids: Ids, call: Call, found: int) -> None:
    mode = os.fstat(found).st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)) or is_owner(ids, owner_of(found)):
        return
    # utimensat(2) to the present moment needs only the right to write.
    to_now = call.number not in {90, 91, 52, 53, 268} and not call.args[2]
    if not (to_now and permitted(ids, mode, owner_of(found), WRITE)):
        raise PermissionError(errno.EPERM, "not the owner")


def _make_folder(ids: Ids, call: Call, folder: int, first: int) -> int:
    parent, name = open_parent(call.pid, folder, read_path(call, call.args[first]))
    try:
        _check_new(ids, call, parent, name)
        owner = new_owner(ids, parent)
        inherited = os.fstat(parent).st_mode & stat.S_ISGID
        permissions = call.args[first + 1] & 0o1777 & ~umask_of(call.pid) | inherited
        os.mkdir(name, 0o700, dir_fd=parent)
        made = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
        try:
            os.fchmod(made, permissions)
            write_owner(made, owner)
        finally:
            os.close(made)
    finally:
        os.close(parent)
    return 0


def _make_link(ids: Ids, call: Call, folder: int, path_register: int) -> int:
    target = read_path(call, call.args[0])
    parent, name = open_parent(call.pid, folder, read_path(call, call.args[path_register]))
    try:
        _check_new(ids, call, parent, name)
        os.symlink(target, name, dir_fd=parent)
        write_owner(name, new_owner(ids, parent), dir_fd=parent)
    finally:
        os.close(parent)
    return 0


def _check_new(ids: Ids, call: Call, parent: int, name: bytes) -> None:
    """EEXIST comes before EACCES, as mkdir -p relies on."""
    check_search(ids, call, parent)
    try:
        os.lstat(name, dir_fd=parent)
    except FileNotFoundError:
        check(ids, parent, WRITE | EXECUTE)
        return
    raise FileExistsError(errno.EEXIST, "exists")


def _check_path(ids: Ids, call: Call, wanted: int) -> int:
    path = read_path(call, call.args[0])
    try:
        found = open_path(call.pid, AT_FDCWD, path, follow=True)
    except OSError:
        return GO_ON
    try:
        check(ids, found, wanted)
    finally:
        os.close(found)
    return GO_ON
