"""open, access and readlink: served paths, and the rights and files of users other than root."""

from __future__ import annotations

import errno
import os
import stat

from ..owners import write_owner
from ..secrets import SECRETS
from .context import GO_ON, Context, Handlers, int32, uint32
from .ids import Ids
from .notify import Call
from .owner_calls import new_owner
from .paths import AT_FDCWD, open_parent, open_path
from .permissions import EXECUTE, READ, WRITE, check, check_search, check_way, permitted
from .process import read_path, umask_of, write_memory
from .root_rights import open_as_root

__all__ = ["handlers"]

_AT_SYMLINK_NOFOLLOW = 0x100
_CREATE = os.O_CREAT | os.O_WRONLY | os.O_TRUNC
#: Below these a user's rights are the kernel's matter.
_NOT_FILES = (b"/dev/", b"/proc/", b"/sys/")
#: But this is where PRoot finds a secret.
_SECRETS = os.fsencode(SECRETS)


def handlers(context: Context) -> Handlers:
    """By name of the call."""
    files = _Files(context)
    return {
        "open": lambda call: files.open(call, AT_FDCWD, *call.args[:3]),
        "creat": lambda call: files.open(call, AT_FDCWD, call.args[0], _CREATE, call.args[1]),
        "openat": lambda call: files.open(call, int32(call.args[0]), *call.args[1:4]),
        "access": lambda call: files.access(call, AT_FDCWD, call.args[0], call.args[1]),
        "faccessat": lambda call: files.access(call, int32(call.args[0]), *call.args[1:3]),
        "faccessat2": lambda call: files.access(call, int32(call.args[0]), *call.args[1:4]),
        "readlink": lambda call: files.read_link(call, AT_FDCWD, *call.args[:3]),
        "readlinkat": lambda call: files.read_link(call, int32(call.args[0]), *call.args[1:4]),
    }


class _Files:
    def __init__(self, context: Context) -> None:
        self._context = context

    def open(self, call: Call, folder: int, path: int, flags: int, mode: int) -> int | None:
        context = self._context
        ids = context.restricted(call)
        if ids is None and context.served is None and context.traced is None:
            return GO_ON
        name, flags = read_path(call, path), uint32(flags)
        if context.traced:
            if context.traced.opens_program(context, call, name):
                return GO_ON
            if ids is None:
                return self._open_as_root(call, name, flags, mode)
        if context.served:
            opened = context.served.open(call.pid, folder, name, flags)
            if opened is not None:
                self._check_served(call, ids, folder, name, opened, _wanted(flags))
                self._hand_over(call, opened, flags)
                return None
        if ids is None or flags & os.O_PATH or not name or _is_kernels(name):
            return GO_ON
        follow = not flags & os.O_NOFOLLOW and flags & (os.O_CREAT | os.O_EXCL) != (
            os.O_CREAT | os.O_EXCL
        )
        try:
            found = open_path(call.pid, folder, name, follow=follow)
        except FileNotFoundError:
            if not flags & os.O_CREAT:
                return GO_ON
            self._create(call, ids, folder, name, flags, mode)
            return None
        except OSError:
            return GO_ON
        try:
            check(ids, found, _wanted(flags))
            _check_way(ids, call, folder, name)
        finally:
            os.close(found)
        return GO_ON

    def _open_as_root(self, call: Call, name: bytes, flags: int, mode: int) -> int | None:
        opened = None if _is_kernels(name) else open_as_root(call, name, flags, mode)
        if opened is None:
            return GO_ON
        self._hand_over(call, opened, flags)
        return None

    def _check_served(
        self, call: Call, ids: Ids | None, folder: int, name: bytes, opened: int, wanted: int
    ) -> None:
        """A secret is for whom it was given to; what is the kernel's was the kernel's to refuse."""
        if ids is None or self._context.served is None:
            return
        mode = os.fstat(opened).st_mode
        owner = self._context.served.owner(call.pid, folder, name)
        is_file = stat.S_ISREG(mode) and not _is_kernels(name)
        if is_file and not permitted(ids, mode, owner, wanted):
            os.close(opened)
            raise PermissionError(errno.EACCES, "denied by its mode")

    def _create(
        self, call: Call, ids: Ids, folder: int, name: bytes, flags: int, mode: int
    ) -> None:
        parent, base = open_parent(call.pid, folder, name)
        try:
            check(ids, parent, WRITE | EXECUTE)
            check_search(ids, call, parent)
            permissions = mode & 0o7777 & ~umask_of(call.pid)
            # Exclusively: what another process made meanwhile has its own owner.
            how = flags | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NOCTTY
            made = os.open(base, how, 0, dir_fd=parent)
            os.fchmod(made, permissions)
            write_owner(made, new_owner(ids, parent))
        finally:
            os.close(parent)
        self._hand_over(call, made, flags)

    def _hand_over(self, call: Call, descriptor: int, flags: int) -> None:
        try:
            self._context.listener.hand_over(
                call, descriptor, close_on_exec=bool(flags & os.O_CLOEXEC)
            )
        finally:
            os.close(descriptor)

    def access(self, call: Call, folder: int, path: int, mode: int, flags: int = 0) -> int:
        context = self._context
        ids = context.restricted(call)
        if ids is None and context.served is None:
            return GO_ON
        name, follow = read_path(call, path), not flags & _AT_SYMLINK_NOFOLLOW
        if context.served:
            served = context.served.open_status(call.pid, folder, name, follow)
            if served is not None:
                self._check_served(call, ids, folder, name, served, uint32(mode) & 7)
                os.close(served)
                return 0
        if ids is None or not name or _is_kernels(name):
            return GO_ON
        try:
            found = open_path(call.pid, folder, name, follow=follow)
        except OSError:
            return GO_ON
        try:
            check(ids, found, uint32(mode) & 7)
            _check_way(ids, call, folder, name)
        finally:
            os.close(found)
        return GO_ON

    def read_link(self, call: Call, folder: int, path: int, buffer: int, size: int) -> int:
        served = self._context.served
        if served is None:
            return GO_ON
        target = served.read_link(call.pid, folder, read_path(call, path))
        if target is None:
            return GO_ON
        if int32(size) <= 0:
            raise OSError(errno.EINVAL, "no room")
        target = target[: int32(size)]
        write_memory(call, buffer, target)
        return len(target)


def _check_way(ids: Ids, call: Call, folder: int, name: bytes) -> None:
    """The folder in which a secret lies is the host's; in the guest there is no such one."""
    if not name.startswith(_SECRETS):
        check_way(ids, call, folder, name)


def _is_kernels(path: bytes) -> bool:
    return path.startswith(_NOT_FILES) and not path.startswith(_SECRETS)


def _wanted(flags: int) -> int:
    wanted = {os.O_RDONLY: READ, os.O_WRONLY: WRITE}.get(flags & os.O_ACCMODE, READ | WRITE)
    return wanted | (WRITE if flags & os.O_TRUNC else 0)
