"""Removals that nobody waits for."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

from dockernb.errors import EngineError, EngineNotAvailableError

__all__ = ["Background"]

_MOST_SECONDS = 60.0
_log = logging.getLogger(__name__)


class Background:
    """One worker thread that does what it is given, in order.

    What is still waiting when the interpreter ends is done before it ends (that is what
    `ThreadPoolExecutor` promises). What met a daemon that did not answer is tried once more with
    each task after it, and at the end; what could not be removed then is found by
    `remove_leftovers` of a later process.
    """

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, "dockernb-removal")
        self._pending: set[Future[None]] = set()
        self._closed = False
        self._again: list[Callable[[], None]] = []  # used by the worker only

    def submit(self, task: Callable[[], None]) -> None:
        """Does `task` later."""
        future = self._executor.submit(self._do, task)
        self._pending.add(future)
        future.add_done_callback(self._pending.discard)

    def drain(self, timeout: float | None = None) -> None:
        """Waits until all that was submitted is done."""
        wait(tuple(self._pending), timeout)

    def close(self) -> None:
        """Waits for all, but not forever for a daemon that hangs, and ends the thread."""
        if self._closed:
            return
        self._closed = True
        self.submit(_nothing)
        self.drain(_MOST_SECONDS)
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _do(self, task: Callable[[], None]) -> None:
        waiting, self._again = [*self._again, task], []
        for each in waiting:
            try:
                each()
            except EngineNotAvailableError as err:
                _log.debug("removal in the background is tried again: %s", err.message)
                self._again.append(each)
            except EngineError as err:
                _log.debug("removal in the background failed: %s", err.message)


def _nothing() -> None:
    pass
