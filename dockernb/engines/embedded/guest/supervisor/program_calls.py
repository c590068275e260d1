"""execve: set-ID programs, and the right to execute."""

from __future__ import annotations

import errno
import os
import stat

from .context import GO_ON, Context, Handlers, int32
from .ids import Ids, exec_program
from .notify import Call
from .paths import AT_FDCWD, open_path
from .permissions import EXECUTE, check, check_way, owner_of
from .process import read_path, write_memory

__all__ = ["handlers"]


def handlers(context: Context) -> Handlers:
    """By name of the call."""
    return {
        "execve": lambda call: _execute(context, call, AT_FDCWD, call.args[0]),
        "execveat": lambda call: _execute(context, call, int32(call.args[0]), call.args[1]),
    }


def _execute(context: Context, call: Call, folder: int, address: int) -> int:
    if context.traced:
        return context.traced.execute(call)
    if context.table.only_root and context.served is None:
        return GO_ON
    path = read_path(call, address) if address else b""
    if context.served:
        shorter = context.served.program(call.pid, path)
        if shorter is not None:
            write_memory(call, address, shorter + b"\0")
            return GO_ON
    if context.table.only_root or path.startswith((b"/proc/", b"/dev/")):
        return GO_ON
    ids = context.table.of(call.pid)
    try:
        program = open_path(call.pid, folder, path, follow=True)
    except OSError:
        return GO_ON
    try:
        status = os.fstat(program)
        if not stat.S_ISREG(status.st_mode):
            return GO_ON
        _check_execute(ids, call, folder, path, program)
        after = _after(ids, program, status.st_mode)
    finally:
        os.close(program)
    if after != ids:
        context.table.set(call.pid, after)
    return GO_ON


def _check_execute(ids: Ids, call: Call, folder: int, path: bytes, program: int) -> None:
    check(ids, program, EXECUTE)
    if not path or ids.capable:
        return
    check_way(ids, call, folder, path)


def _after(ids: Ids, program: int, mode: int) -> Ids:
    """The ids that the program runs with; set-ID bits of scripts have no effect (execve(2))."""
    wanted = stat.S_ISUID | (stat.S_ISGID if mode & stat.S_IXGRP else 0)
    if not mode & wanted or _is_script(program):
        return exec_program(ids)
    owner = owner_of(program)
    return exec_program(
        ids,
        set_uid=owner.uid if mode & stat.S_ISUID else None,
        set_gid=owner.gid if mode & stat.S_ISGID and mode & stat.S_IXGRP else None,
    )


def _is_script(program: int) -> bool:
    try:
        descriptor = os.open(f"/proc/self/fd/{program}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ETXTBSY:
            return False
        raise
    try:
        return os.read(descriptor, 2) == b"#!"
    finally:
        os.close(descriptor)
