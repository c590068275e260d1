"""The output of a command that runs in a worker, and the wish to end it."""

from __future__ import annotations

import fcntl
import os
import select
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

from dockernb.engines.base import OnOutput

__all__ = ["Pipes", "follow"]

_CHUNK = 1 << 18
# What a command prints while this process does something else, it need not wait for: sixteen times
# of what a pipe holds, and as much as Linux gives anybody (pipe(7)).
_PIPE_BYTES = 1 << 20
_LOOK_SECONDS = 0.05


class Pipes:
    """Two pipes to a worker: what the command prints comes in; closing the other one ends it.

    Standard output and standard error share one pipe, so their order is the one in which they were
    written.
    """

    def __init__(self) -> None:
        self.output, self.output_end = os.pipe2(os.O_CLOEXEC)
        with suppress(OSError):  # a user has only so many pages of pipes
            fcntl.fcntl(self.output, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self.cancel_end, self._cancel = os.pipe2(os.O_CLOEXEC)
        self._open = {self.output, self.output_end, self.cancel_end, self._cancel}

    def close_theirs(self) -> None:
        """The worker has its own copies of its ends."""
        self._close(self.output_end)
        self._close(self.cancel_end)

    def send_signal(self, number: int) -> None:
        """The command gets a signal; nothing happens if it has ended."""
        if self._cancel in self._open:
            with suppress(BrokenPipeError):
                os.write(self._cancel, bytes([number]))

    def cancel(self) -> None:
        """The worker kills the command and all its processes."""
        self._close(self._cancel)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for descriptor in tuple(self._open):
            self._close(descriptor)

    def _close(self, descriptor: int) -> None:
        if descriptor in self._open:
            self._open.discard(descriptor)
            os.close(descriptor)


def follow(pipes: Pipes, answer: int, on_output: OnOutput, cancel: threading.Event) -> None:
    """Passes the output on until the worker answers (on the descriptor `answer`).

    Of what a command wrote before its end nothing is lost: the worker answers when all processes
    have ended, and then the pipe holds the rest.
    """
    poll = select.poll()
    poll.register(pipes.output, select.POLLIN)
    poll.register(answer, select.POLLIN)
    try:
        while True:
            ready = dict(poll.poll(_LOOK_SECONDS * 1000))
            if pipes.output in ready:
                data = os.read(pipes.output, _CHUNK)
                if data:
                    on_output(data)
                else:
                    poll.unregister(pipes.output)
            elif answer in ready:
                return
            if cancel.is_set():
                pipes.cancel()
    except BaseException:
        pipes.cancel()  # what on_output raised; the worker's answer is left unread
        raise
    finally:
        with suppress(KeyError):
            poll.unregister(answer)
