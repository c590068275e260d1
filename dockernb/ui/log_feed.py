"""A live log on its way to the browser, ten times a second at most."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from ..build.result import StepLog
from . import widget_state
from .live_log import LiveLog, LogUpdate

__all__ = ["LogFeed"]

_INTERVAL = 0.1
_MESSAGE_LINES = 400


class LogFeed:
    """Takes output from any thread.

    Args:
        send: Gives the browser a message; called with `lock` held.
        lock: The card's.
        flushed: Called after each flush, with `lock` held: for what changes as often as the log.
    """

    def __init__(
        self,
        send: Callable[[dict[str, Any]], None],
        lock: threading.RLock,
        flushed: Callable[[], None] = lambda: None,
    ) -> None:
        self._send = send
        self._lock = lock
        self._flushed = flushed
        self._log = LiveLog()
        self._timer: threading.Timer | None = None
        self._flushed_at = 0.0
        self._started = time.monotonic()

    def append(self, data: bytes) -> None:
        """Output; the browser hears of it within a tenth of a second."""
        with self._lock:
            self._log.append(data)
            if self._timer is None:
                self._schedule()

    def flush(self) -> None:
        """Sends what has not been sent yet."""
        with self._lock:
            self.stop()
            self._flushed_at = time.monotonic()
            update = self._log.update()
            if update is not None:
                self._send({"kind": "log", **widget_state.log(_newest(update))})
            self._flushed()

    def finish(self, log: StepLog, *, tell: bool = True) -> None:
        """It is over, and `log` is all of it: from now on the beginning is shown, too."""
        with self._lock:
            self.stop()
            self._log.finish(log)
            whole = self._log.tail()
            if tell and whole.total:
                self._send({"kind": "whole", **widget_state.log(whole)})

    def late_state(self) -> dict[str, Any]:
        """For a page that comes late: seconds so far and the tail of the log."""
        with self._lock:
            self._log.update()
            seconds = time.monotonic() - self._started
            return {"elapsed": seconds, "log": widget_state.log(self._log.tail())}

    def stop(self) -> None:
        """Nothing is sent any more by itself."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _schedule(self) -> None:
        wait = max(0.0, self._flushed_at + _INTERVAL - time.monotonic())
        self._timer = threading.Timer(wait, self.flush)
        self._timer.daemon = True
        self._timer.start()


def _newest(update: LogUpdate) -> LogUpdate:
    over = max(0, len(update.lines) - _MESSAGE_LINES)
    return LogUpdate(update.first + over, update.lines[over:], update.total, update.omitted)
