"""Waiting for a daemon or a registry without being at its mercy.

A read from a connection cannot be called off from outside. So it happens in a thread of its own,
which hands over what it gets; the caller takes it, and looks every few hundredths of a second
whether the reader has interrupted the step. A peer that hangs keeps that thread, not the caller.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

__all__ = ["Pump"]

Item = TypeVar("Item")
_LOOK_SECONDS = 0.02
# Full means that the caller is slower than the peer: then the peer waits (256 x 64 kB at most).
_MOST_WAITING = 256


class _End:
    """Put last; carries the exception that ended the source, if one did."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class Pump(Generic[Item]):
    """Items of `source`, which runs in a thread.

    Args:
        source: A generator; it is closed in its thread, soon after `close`.
    """

    def __init__(self, source: Callable[[], Iterator[Item]], name: str) -> None:
        self._queue: queue.Queue[Item | _End] = queue.Queue(_MOST_WAITING)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(source,), name=name, daemon=True)
        self._thread.start()

    def items(
        self, cancel: threading.Event, on_wait: Callable[[], None] | None = None
    ) -> Iterator[Item]:
        """The items as they arrive, until the source ends or `cancel` is set.

        An exception of the source is raised here.

        Args:
            on_wait: Called again and again while nothing arrives, in the caller's thread.
        """
        while not cancel.is_set():
            try:
                item = self._queue.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                if on_wait is not None:
                    on_wait()
                continue
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item

    def close(self, wait: float = 0.0) -> None:
        """Nobody takes items any more; waits up to `wait` seconds for the thread to end."""
        self._closed.set()
        if wait:
            self._thread.join(wait)

    def _run(self, source: Callable[[], Iterator[Item]]) -> None:
        end = _End(None)
        try:
            for item in source():
                if not self._put(item):
                    return
        except BaseException as err:  # noqa: BLE001 - handed to the caller as it is
            end = _End(err)
        self._put(end)

    def _put(self, item: Item | _End) -> bool:
        while not self._closed.is_set():
            try:
                self._queue.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False
