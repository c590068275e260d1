"""What differs for a guest whose paths PRoot translates.

PRoot stops a process at each system call, before the filter is asked: what the supervisor gets are
absolute paths of the host. PRoot itself is under the filter too, since nothing but itself could put
only its child there; its own calls go on as they are.
"""

from __future__ import annotations

import errno
import os
import stat
import struct
from collections.abc import Mapping

from ..syscalls import DOCKER_CAPABILITIES
from .context import GO_ON, Context, Handlers, int32
from .ids import exec_program
from .notify import Call
from .paths import open_path
from .permissions import EXECUTE, check, owner_of
from .process import read_memory, read_path, thread_group, write_memory

__all__ = ["Traced"]

#: What PRoot is told, and what it sets by itself.
_FOREIGN = (b"PROOT_NO_SECCOMP=", b"PWD=", b"OLDPWD=")
_CAPABILITY_VERSION_3 = 0x20080522
_MOST_VARIABLES = 1 << 16
_CLONE_VFORK, _CLONE_THREAD = 0x4000, 0x10000
_POINTER = struct.Struct("=Q")


class Traced:
    """A guest under PRoot.

    Args:
        root: The guest's root on the host.
        tracer: PRoot's process.
        env: The environment that the guest is to have.
    """

    def __init__(self, root: str, tracer: int, env: Mapping[str, str]) -> None:
        self._foreign = tuple(name for name in _FOREIGN if name.rstrip(b"=").decode() not in env)
        self._root = root
        self.tracer = tracer
        #: The guest's first process, once it has called.
        self.main: int | None = None
        #: What the first process has ended with by itself.
        self.exit_code: int | None = None
        self._starting: set[int] = set()
        self._has_hidden = False

    def meet(self, call: Call) -> None:
        """Takes note of who calls."""
        if self.main is None:
            self.main = call.pid

    def handlers(self, context: Context) -> Handlers:
        """By name of the call."""
        return {
            "capget": lambda call: _show_capabilities(context, call),
            "chroot": self._chroot,
            "clone3": _clone,
            "exit": self._exit,
            "exit_group": self._exit,
        }

    def _chroot(self, call: Call) -> int:
        """Into the root that it has, as package scripts do; PRoot knows no other."""
        if os.path.normpath(os.fsdecode(read_path(call, call.args[0]))) == self._root:
            return 0
        return GO_ON

    def _exit(self, call: Call) -> int:
        if self.main is not None and self.main in {call.pid, thread_group(call.pid)}:
            self.exit_code = int32(call.args[0]) & 0xFF
        return GO_ON

    def execute(self, call: Call) -> int:
        """The path is that of PRoot's loader, which opens the program as its first file."""
        if not self._has_hidden:
            self._has_hidden = True
            _hide_variables(call, call.args[2], self._foreign)
        self._starting.add(call.pid)
        return GO_ON

    def opens_program(self, context: Context, call: Call, path: bytes) -> bool:
        """Whether this call opens the program of an execve(2); its ids are set then."""
        if call.pid not in self._starting:
            return False
        self._starting.discard(call.pid)
        ids = context.table.of(call.pid)
        program = open_path(call.pid, -1, path, follow=True)
        try:
            mode = os.fstat(program).st_mode
            check(ids, program, EXECUTE)
            owner = owner_of(program)
        finally:
            os.close(program)
        after = exec_program(
            ids,
            set_uid=owner.uid if mode & stat.S_ISUID else None,
            set_gid=owner.gid if mode & stat.S_ISGID and mode & stat.S_IXGRP else None,
        )
        if after != ids:
            context.table.set(call.pid, after)
        return True


def _clone(call: Call) -> int:
    """Only for a process that is about to start a program; else a caller falls back to clone(2).

    PRoot 5.1 knows the flags of clone(2) alone. With CLONE_VM parent and child have one heap for
    it, as threads must. But of two programs that posix_spawn(3) started so, the one that asks for
    memory later would be given the heap of the other (PRoot's tracee.c and heap.c), and crash.
    """
    (flags,) = _POINTER.unpack(read_memory(call, call.args[0], _POINTER.size))
    if flags & _CLONE_VFORK and not flags & _CLONE_THREAD:
        return GO_ON
    raise OSError(errno.ENOSYS, "clone3 is not there")


def _show_capabilities(context: Context, call: Call) -> int:
    """Docker's, of the caller itself; in a user namespace the kernel would say so."""
    header, address = call.args[:2]
    version, pid = struct.unpack("=Ii", read_memory(call, header, 8))
    if version != _CAPABILITY_VERSION_3 or pid not in {0, call.pid} or not address:
        return GO_ON
    held = DOCKER_CAPABILITIES if context.table.of(call.pid).capable else 0
    write_memory(call, address, struct.pack("=6I", held, held, 0, 0, 0, 0))
    return 0


def _hide_variables(call: Call, array: int, names: tuple[bytes, ...]) -> None:
    """Takes variables out of the environment of the first program."""
    kept = []
    for index in range(_MOST_VARIABLES):
        (pointer,) = _POINTER.unpack(read_memory(call, array + 8 * index, 8))
        if not pointer:
            break
        if not any(read_memory(call, pointer, len(name)) == name for name in names):
            kept.append(pointer)
    write_memory(call, array, b"".join(map(_POINTER.pack, (*kept, 0))))
