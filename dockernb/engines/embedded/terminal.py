"""The engine's end of a guest's terminal."""

from __future__ import annotations

import os
import select
import socket
import threading
from contextlib import suppress
from typing import Any

from dockernb.engines.base import OnOutput, TerminalSize
from dockernb.engines.embedded.guest.terminal import set_size
from dockernb.engines.embedded.worker.client import WorkerProcess
from dockernb.errors import EngineError

__all__ = ["EmbeddedTerminal"]

_CHUNK = 1 << 16
_FULL_SECONDS = 0.02
_KILLED = 137


class EmbeddedTerminal:
    """See `Terminal`. The guest made the terminal and sent this end of it.

    Args:
        worker: Has the root open; it is busy until `follow` returns.
        message: What to run.

    Raises:
        EngineError: the command cannot be started.
    """

    def __init__(self, worker: WorkerProcess, message: dict[str, Any], size: TerminalSize) -> None:
        self._worker = worker
        self._lock = threading.Lock()
        self._ended = threading.Event()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        cancel_end, self._cancel = os.pipe2(os.O_CLOEXEC)
        self._is_cancelled = False
        try:
            terminal = [size.rows, size.columns]
            worker.send("run", [theirs.fileno(), cancel_end], **message, terminal=terminal)
        finally:
            theirs.close()
            os.close(cancel_end)
        with ours:
            _, files, _, _ = socket.recv_fds(ours, 64, 1)
        if not files:
            self.close()
            worker.answer()  # raises what went wrong
            raise EngineError("the command ended before it had a terminal")
        self._terminal = files[0]
        os.set_inheritable(self._terminal, False)
        os.set_blocking(self._terminal, False)

    def follow(self, on_output: OnOutput) -> int:
        try:
            self._pass_on(on_output)
            end = self._worker.answer()
        finally:
            with self._lock:
                self._ended.set()
                os.close(self._terminal)
            self.close()
        return _KILLED if end["cancelled"] else int(end["exit_code"])

    def send(self, data: bytes) -> None:
        while data:
            with self._lock:
                if self._ended.is_set():
                    return
                with suppress(OSError):  # full, or nobody has the other end
                    data = data[os.write(self._terminal, data) :]
            if data:
                self._ended.wait(_FULL_SECONDS)

    def resize(self, size: TerminalSize) -> None:
        with self._lock:
            if not self._ended.is_set():
                set_size(self._terminal, size.rows, size.columns)

    def close(self) -> None:
        with self._lock:
            if not self._is_cancelled:
                self._is_cancelled = True
                os.close(self._cancel)

    def _pass_on(self, on_output: OnOutput) -> None:
        """Until the worker answers: then all processes have ended, and the rest is there."""
        poll = select.poll()
        answer = self._worker.channel.fileno()
        poll.register(answer, select.POLLIN)
        poll.register(self._terminal, select.POLLIN)
        try:
            while True:
                ready = dict(poll.poll())
                if self._terminal in ready:
                    if data := self._read():
                        on_output(data)
                        continue
                    poll.unregister(self._terminal)  # nobody has the other end now
                if answer in ready:
                    return
        except BaseException:
            self.close()  # what on_output raised
            raise

    def _read(self) -> bytes:
        try:
            return os.read(self._terminal, _CHUNK)
        except OSError:  # EIO (tty_io(4)): the last process that had it is gone
            return b""
