"""Ctrl-C while something is being built: the step is told to end, and is waited for."""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn, TypeVar

__all__ = ["interruptible"]

_Result = TypeVar("_Result")
_Answer = TypeVar("_Answer")

SECONDS_BETWEEN_LOOKS = 0.2


def interruptible(work: Callable[[threading.Event], _Result]) -> _Result:
    """Runs `work` in a thread of its own and waits for it.

    The thread is a different one from that which gets the signal: a signal handler may not touch
    an event that the interrupted code is just about to use.

    Args:
        work: Gets the event that is set by Ctrl-C or SIGTERM, and should end soon after it with an
            error of its own.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed again before the work ended.
        BaseException: What `work` raised.
    """
    cancel = threading.Event()
    answers: queue.SimpleQueue[tuple[_Result | None, BaseException | None]] = queue.SimpleQueue()

    begin = threading.Event()

    def job() -> None:
        begin.wait()
        try:
            answers.put((work(cancel), None))
        except BaseException as err:  # noqa: BLE001  (handed to the waiting thread)
            answers.put((None, err))

    # A daemon thread: a second Ctrl-C ends the process even if the engine does not answer.
    thread = threading.Thread(target=job, name="dockernb-build", daemon=True)
    with _terminate_as_interrupt():
        thread.start()  # interrupted here, nothing has begun
        try:
            begin.set()
            result, error = _next(answers)
        except KeyboardInterrupt:
            cancel.set()
            result, error = _next(answers)
    if error is not None:
        raise error
    return result  # type: ignore[return-value]  # None only if the work returned it


def _next(answers: queue.SimpleQueue[_Answer]) -> _Answer:
    """As `get`, but a signal is noticed that came just before the thread went to sleep.

    Python runs a handler when the main thread comes back from what it does. A signal between its
    last look and the system call that waits does not wake it.
    """
    while True:
        try:
            return answers.get(timeout=SECONDS_BETWEEN_LOOKS)
        except queue.Empty:
            continue


@contextmanager
def _terminate_as_interrupt() -> Iterator[None]:
    """SIGTERM (a CI job that is cancelled) cleans up as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
