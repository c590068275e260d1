"""The child processes of the helper: its workers, and what killed workers left running."""

from __future__ import annotations

import os
import select
import signal
import time
from contextlib import suppress
from pathlib import Path

__all__ = ["Children"]

_PATIENCE = 5.0


class Children:
    """Forks workers and collects them. The helper is the subreaper of all below it."""

    def __init__(self) -> None:
        self._workers: set[int] = set()
        self._ended, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)

    def fork(self) -> int:
        """As `os.fork`; what it made is a worker."""
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        else:
            self._workers.add(pid)
        return pid

    def wait_for(self, descriptor: int) -> None:
        """Until there is something to read; children that end meanwhile are collected."""
        while True:
            ready, _, _ = select.select([descriptor, self._ended], [], [])
            if self._ended in ready:
                with suppress(BlockingIOError):
                    os.read(self._ended, 4096)
                self._collect()
            if descriptor in ready:
                return

    def end(self) -> None:
        """Waits for the workers, which end when their channels close; then ends what is left."""
        deadline = time.monotonic() + _PATIENCE
        while self._workers and time.monotonic() < deadline:
            select.select([self._ended], [], [], 0.1)
            self._collect()
        self._workers.clear()
        while self._kill_orphans():
            with suppress(ChildProcessError):
                os.waitpid(-1, 0)

    def _collect(self) -> None:
        with suppress(ChildProcessError):
            while (pid := os.waitpid(-1, os.WNOHANG)[0]) != 0:
                self._workers.discard(pid)
        self._kill_orphans()

    def _kill_orphans(self) -> bool:
        """Kills what is no worker: it belonged to one that is dead. Whether there was any."""
        own = os.getpid()
        listed = Path(f"/proc/{own}/task/{own}/children").read_text().split()
        orphans = {int(pid) for pid in listed} - self._workers
        for pid in orphans:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return bool(orphans)
