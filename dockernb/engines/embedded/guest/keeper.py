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
from dataclasses import dataclass, field, replace
from pathlib import Path

from . import syscalls
from .cgroups import MOST_PROCESSES_OF_ROOT, Group, make_group
from .command import Limits
from .killing import become_subreaper, kill_descendants
from .main_process import MainProcess
from .proot import end_traced, has_guests, stop_tracer
from .rung import Rung
from .secrets import SECRETS
from .signals import pass_signal_on
from .start import LISTENER_MESSAGE, Start, become_guest
from .supervisor.ids import Ids
from .supervisor.served import Served
from .supervisor.supervisor import Supervisor
from .supervisor.traced import Traced

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
    group = make_group(_limits(start))
    pid = syscalls.clone(_namespaces(start))
    if pid == 0:
        ours.close()
        become_guest(start, theirs)
    theirs.close()
    # While it mounts what it needs, and before it runs anything of the image.
    limited = sorted(group.take_in(pid)) if group else []
    with contextlib.suppress(OSError):  # it has failed already, and says so
        ours.send(json.dumps(limited).encode())
    keeping = _Keeping(start, served, ours, pid, group)
    try:
        return keeping.until_end(cancel, worker)
    finally:
        keeping.clean_up()


def _limits(start: Start) -> Limits:
    """Of root, whose processes setrlimit(2) does not count, at least the number is limited."""
    asked = start.command.limits
    if start.rung.has_real_ids and asked.processes is None:
        return replace(asked, processes=MOST_PROCESSES_OF_ROOT)
    return asked


def _secrets(start: Start) -> list[str]:
    return [path for path in start.binds if path.startswith(SECRETS)]


def _namespaces(start: Start) -> int:
    flags = syscalls.CLONE_NEWNET if start.command.network == "none" else 0
    if not start.rung.has_own_names:
        return flags
    flags |= syscalls.CLONE_NEWUTS | syscalls.CLONE_NEWIPC
    if start.rung.has_mounts:
        flags |= syscalls.CLONE_NEWNS
    return flags | (syscalls.CLONE_NEWPID if start.own_proc else 0)


class _Keeping:
    def __init__(
        self,
        start: Start,
        served: Served | None,
        control: socket.socket,
        pid: int,
        group: Group | None,
    ) -> None:
        self._group = group
        self._start = start
        self._served = served
        self._control = control
        self._pid = pid
        self._poll = select.poll()
        self._listener = -1
        self._supervisor: Supervisor | None = None
        self._traced = (
            Traced(start.root, pid, start.command.env) if start.rung is Rung.PROOT else None
        )
        self._main: MainProcess | None = None
        self._is_reaped = False
        self._outcome = Outcome()

    def until_end(self, cancel: int, worker: int) -> Outcome:
        process = os.pidfd_open(self._pid)
        for descriptor in (process, cancel, worker, self._control.fileno()):
            self._poll.register(descriptor, select.POLLIN)
        while True:
            ready = dict(self._poll.poll())
            if worker in ready or (
                cancel in ready and not pass_signal_on(cancel, self._main_pid())
            ):
                self._outcome.cancelled = True
                return self._end(kill=True)
            if self._traced and (process in ready or self._main_has_ended(ready)):
                return self._end(kill=True)
            if self._control.fileno() in ready:
                self._hear()
            if self._listener in ready:
                self._answer(ready[self._listener])
            elif process in ready:
                return self._end()

    def _main_pid(self) -> int:
        """The command's own: under PRoot it is not the first process."""
        return (self._traced and self._traced.main) or self._pid

    def _main_has_ended(self, ready: dict[int, int]) -> bool:
        """PRoot goes on until the last process of the guest has ended: a RUN does not."""
        if self._main is not None:
            if self._main.descriptor not in ready:
                return False
            if has_guests(self._pid):
                return True
            self._poll.unregister(self._main.descriptor)  # PRoot ends by itself
            return False
        if self._traced and self._traced.main:
            with contextlib.suppress(ProcessLookupError):
                self._main = MainProcess(self._traced.main)
                self._poll.register(self._main.descriptor, select.POLLIN)
        return False

    def _end(self, *, kill: bool = False) -> Outcome:
        if kill:
            self._kill()
        _, status = os.waitpid(self._pid, 0)
        self._is_reaped = True
        code = os.waitstatus_to_exitcode(status)
        self._outcome.exit_code = code if code >= 0 else 128 - code
        if self._traced and self._traced.exit_code is not None:
            self._outcome.exit_code = self._traced.exit_code
        elif self._main:
            self._outcome.exit_code = self._main.code_of_signal()
        self._hear()
        if self._supervisor:
            self._outcome.warnings.extend(self._supervisor.warnings)
        return self._outcome

    def _kill(self) -> None:
        if self._traced:
            stop_tracer(self._pid)
            if self._listener >= 0:
                # From now on the kernel refuses what the supervisor was asked for.
                self._poll.unregister(self._listener)
                os.close(self._listener)
                self._listener = -1
            end_traced(self._pid)
        if self._group:
            self._group.kill()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)

    def clean_up(self) -> None:
        """Ends all that is left, however the guest has ended, or this process has failed."""
        if not self._is_reaped:  # else the number may be another process's
            self._kill()
        if self._group:
            self._group.kill()
        kill_descendants()
        if self._group:
            self._group.remove()
        for secret in _secrets(self._start):  # also when the worker is dead
            with contextlib.suppress(OSError):
                os.unlink(secret)
                os.rmdir(os.path.dirname(secret))

    def _hear(self) -> None:
        """The listener, an error, or the end of the conversation by a successful execve(2)."""
        if self._control.fileno() < 0:
            return
        try:
            message, descriptors, _, _ = socket.recv_fds(self._control, _MOST_ERROR_BYTES, 1)
        except ConnectionResetError:  # it was killed before it had read what it was told
            message, descriptors = b"", []
        if message == LISTENER_MESSAGE and descriptors:
            self._listener = descriptors[0]
            who = self._start.command.credentials
            ids = Ids.of(who.uid, who.gid, tuple(sorted({who.gid, *who.groups})))
            self._supervisor = Supervisor(
                self._listener, ids, self._served, self._traced, self._roots(), self._first_port()
            )
            self._poll.register(self._listener, select.POLLIN)
            return
        if message:
            self._outcome.error = json.loads(message)
        self._poll.unregister(self._control.fileno())
        self._control.close()

    def _first_port(self) -> int:
        """In a network namespace of its own, a guest has all ports, and as real root."""
        is_root = self._start.rung is Rung.PROOT and os.geteuid() == 0
        if is_root or self._start.command.network == "none":
            return 0
        try:
            return int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
        except (OSError, ValueError):
            return 1024

    def _roots(self) -> tuple[os.stat_result, ...]:
        """Where PRoot's guests are at the top: in the tree, and in the folder of a secret."""
        if not self._traced:
            return ()
        tops = {self._start.root, *map(os.path.dirname, _secrets(self._start))}
        return tuple(map(os.stat, tops))

    def _answer(self, events: int) -> None:
        if events & select.POLLIN and self._supervisor:
            self._supervisor.answer_one()
        elif events & (select.POLLHUP | select.POLLERR):
            self._poll.unregister(self._listener)  # nobody is left under the filter
            self._listener = -1
