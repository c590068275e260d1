"""The process between a worker and its guest: it starts, supervises and ends the guest.

It is a process of its own so that the guest ends whoever else dies: when the worker is killed, its
end of a pipe closes and the keeper kills everything; when the keeper is killed, the guest's first
process gets SIGKILL from the kernel, and the worker ends what is left.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
from dataclasses import dataclass, field

from . import syscalls
from .killing import become_subreaper, kill_descendants
from .rung import Rung
from .signals import pass_signal_on
from .start import LISTENER_MESSAGE, Start, become_guest
from .supervisor.ids import Ids
from .supervisor.served import Served
from .supervisor.supervisor import Supervisor

__all__ = ["Outcome", "keep"]

_MOST_ERROR_BYTES = 65536


@dataclass
class Outcome:
    """What a keeper tells its worker."""

    exit_code: int = 0
    cancelled: bool = False
    error: dict[str, str | int] | None = None
    warnings: list[str] = field(default_factory=list)

    def to_json(self) -> bytes:
        """The form in which it travels."""
        return json.dumps(self.__dict__).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Outcome:
        """The reverse of `to_json`."""
        return cls(**json.loads(text))


def keep(start: Start, served: Served | None, *, cancel: int, worker: int) -> Outcome:
    """Runs a guest to its end.

    Args:
        cancel: A descriptor; hung up means: kill the guest. See `pass_signal_on`.
        worker: Another one, which hangs up when the worker dies.
    """
    os.setsid()  # its own session has no terminal: /dev/tty says so
    become_subreaper()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pid = syscalls.clone(_namespaces(start))
    if pid == 0:
        ours.close()
        become_guest(start, theirs)
    theirs.close()
    try:
        return _Keeping(start, served, ours, pid).until_end(cancel, worker)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        kill_descendants()


def _namespaces(start: Start) -> int:
    flags = syscalls.CLONE_NEWNET if start.command.network == "none" else 0
    if start.rung is Rung.PLAIN_CHROOT:
        return flags
    flags |= syscalls.CLONE_NEWUTS | syscalls.CLONE_NEWIPC
    if start.rung.has_mounts:
        flags |= syscalls.CLONE_NEWNS
    return flags | (syscalls.CLONE_NEWPID if start.own_proc else 0)


class _Keeping:
    def __init__(
        self, start: Start, served: Served | None, control: socket.socket, pid: int
    ) -> None:
        self._start = start
        self._served = served
        self._control = control
        self._pid = pid
        self._poll = select.poll()
        self._listener = -1
        self._supervisor: Supervisor | None = None
        self._outcome = Outcome()

    def until_end(self, cancel: int, worker: int) -> Outcome:
        process = os.pidfd_open(self._pid)
        for descriptor in (process, cancel, worker, self._control.fileno()):
            self._poll.register(descriptor, select.POLLIN)
        while True:
            ready = dict(self._poll.poll())
            if worker in ready or (cancel in ready and not pass_signal_on(cancel, self._pid)):
                self._outcome.cancelled = True
                os.kill(self._pid, signal.SIGKILL)
                return self._end()
            if self._control.fileno() in ready:
                self._hear()
            if self._listener in ready:
                self._answer(ready[self._listener])
            elif process in ready:
                return self._end()

    def _end(self) -> Outcome:
        _, status = os.waitpid(self._pid, 0)
        code = os.waitstatus_to_exitcode(status)
        self._outcome.exit_code = code if code >= 0 else 128 - code
        self._hear()
        if self._supervisor:
            self._outcome.warnings.extend(self._supervisor.warnings)
        return self._outcome

    def _hear(self) -> None:
        """The listener, an error, or the end of the conversation by a successful execve(2)."""
        if self._control.fileno() < 0:
            return
        message, descriptors, _, _ = socket.recv_fds(self._control, _MOST_ERROR_BYTES, 1)
        if message == LISTENER_MESSAGE and descriptors:
            self._listener = descriptors[0]
            who = self._start.command.credentials
            ids = Ids.of(who.uid, who.gid, tuple(sorted({who.gid, *who.groups})))
            self._supervisor = Supervisor(self._listener, ids, self._served)
            self._poll.register(self._listener, select.POLLIN)
            return
        if message:
            self._outcome.error = json.loads(message)
        self._poll.unregister(self._control.fileno())
        self._control.close()

    def _answer(self, events: int) -> None:
        if events & select.POLLIN and self._supervisor:
            self._supervisor.answer_one()
        elif events & (select.POLLHUP | select.POLLERR):
            self._poll.unregister(self._listener)  # nobody is left under the filter
            self._listener = -1
