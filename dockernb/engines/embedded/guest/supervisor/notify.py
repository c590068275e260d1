"""The seccomp notification descriptor: structures and ioctls of seccomp_unotify(2)."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import struct
from dataclasses import dataclass

from .. import syscalls

__all__ = ["Call", "Listener", "install_filter"]

_SET_MODE_FILTER, _NEW_LISTENER, _WAIT_KILLABLE = 1, 8, 32
_RECEIVE, _SEND, _IS_VALID, _ADD_FD, _SET_FLAGS = (
    0xC0502100, 0xC0182101, 0x40082102, 0x40182103, 0x40082104,
)  # fmt: skip
_CONTINUE = 1
_NOTIFICATION = struct.Struct("=QIIiIQ6Q")
_ANSWER = struct.Struct("=QqiI")
_DESCRIPTOR = struct.Struct("=QIIII")


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def install_filter(program: bytes) -> int:
    """Puts this process under the filter; returns the descriptor its calls are sent to.

    Without no_new_privs where the caller has CAP_SYS_ADMIN in its user namespace: sudo looks at it.
    """
    argument = _argument(program)
    # WAIT_KILLABLE (Linux 5.19): once received, only a fatal signal interrupts a call, so that
    # nothing is done twice.
    for flags in (_NEW_LISTENER | _WAIT_KILLABLE, _NEW_LISTENER):
        try:
            return syscalls.seccomp(_SET_MODE_FILTER, flags, argument)
        except OSError as error:
            if error.errno == errno.EACCES:
                syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
                return syscalls.seccomp(_SET_MODE_FILTER, flags, argument)
            if error.errno != errno.EINVAL:
                raise
    raise OSError(errno.ENOSYS, "seccomp user notification")


def deny(program: bytes) -> None:
    """Puts this process, which has CAP_SYS_ADMIN, under a filter that sends nothing to anybody."""
    syscalls.seccomp(_SET_MODE_FILTER, 0, _argument(program))


def _argument(program: bytes) -> object:
    buffer = ctypes.create_string_buffer(program, len(program))
    return ctypes.byref(_Program(len(program) // 8, ctypes.cast(buffer, ctypes.c_void_p)))


@dataclass(frozen=True, slots=True)
class Call:
    """A system call that waits for an answer.

    Args:
        pid: The calling thread, in the supervisor's pid namespace. Another process may get the
            number as soon as this one is killed: ask `listener.is_waiting` after opening /proc/PID.
        args: The six raw 64-bit registers.
    """

    id: int
    pid: int
    number: int
    args: tuple[int, ...]
    listener: Listener


class Listener:
    """The supervisor's end of the notification descriptor.

    Args:
        roots: The folders at which a way up through the guest's tree ends, where they are not the
            root of the guest's processes (PRoot).
    """

    def __init__(self, descriptor: int, roots: tuple[os.stat_result, ...] = ()) -> None:
        self.descriptor = descriptor
        self.roots = roots
        self._buffer = bytearray(_NOTIFICATION.size)
        with contextlib.suppress(OSError):
            # Linux 6.6: wake up the other side on this processor; halves the time of a call.
            fcntl.ioctl(descriptor, _SET_FLAGS, 1)

    def receive(self) -> Call | None:
        """The next call; None if the caller died meanwhile."""
        self._buffer[:] = bytes(_NOTIFICATION.size)
        try:
            fcntl.ioctl(self.descriptor, _RECEIVE, self._buffer)
        except OSError as error:
            if error.errno in {errno.ENOENT, errno.EINTR}:
                return None
            raise
        word, pid, _, number, _, _, *args = _NOTIFICATION.unpack(self._buffer)
        return Call(word, pid, number, tuple(args), self)

    def is_waiting(self, call: Call) -> bool:
        """Whether the caller still waits: what was read of its memory before was really its own."""
        try:
            fcntl.ioctl(self.descriptor, _IS_VALID, struct.pack("=Q", call.id))
        except OSError:
            return False
        return True

    def let_go_on(self, call: Call) -> None:
        """Lets the kernel do the call as it stands."""
        self._send(call, 0, 0, _CONTINUE)

    def answer(self, call: Call, value: int) -> None:
        """Answers with a result."""
        self._send(call, value, 0, 0)

    def refuse(self, call: Call, code: int) -> None:
        """Answers with an error number."""
        self._send(call, 0, -code, 0)

    def hand_over(self, call: Call, descriptor: int, *, close_on_exec: bool) -> None:
        """Answers with a copy of `descriptor` in the caller's table."""
        flags = os.O_CLOEXEC if close_on_exec else 0
        send_too = 2
        try:
            request = _DESCRIPTOR.pack(call.id, send_too, descriptor, 0, flags)
            fcntl.ioctl(self.descriptor, _ADD_FD, request)
        except OSError as error:
            if error.errno not in {errno.ENOENT, errno.EINPROGRESS}:
                self.refuse(call, error.errno or errno.EIO)

    def _send(self, call: Call, value: int, error: int, flags: int) -> None:
        try:
            fcntl.ioctl(self.descriptor, _SEND, _ANSWER.pack(call.id, value, error, flags))
        except OSError as failure:
            if failure.errno not in {errno.ENOENT, errno.EINPROGRESS}:
                raise
