"""Values that take a while to get: got once, in the background, and kept."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

__all__ = ["InBackground"]

log = logging.getLogger(__name__)

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class _Getting(Generic[Value]):
    def __init__(self) -> None:
        self.done = threading.Event()
        self.cancel = threading.Event()
        self.value: Value | None = None
        self.began = time.monotonic()
        self.ended = 0.0


class InBackground(Generic[Key, Value]):
    """Remembers values by key; whoever asks waits no longer than he wants to.

    Args:
        get: Gets a value; may raise. It gets an event that is set when nobody wants it any more.
        kept: So many values at most.
        seconds: A value is got anew after so long; None: it stays true.
        failed_seconds: After a failure it is tried again so long after.
    """

    def __init__(
        self,
        get: Callable[[Key, threading.Event], Value],
        *,
        kept: int,
        seconds: float | None = None,
        failed_seconds: float = 30.0,
    ) -> None:
        self._get = get
        self._kept = kept
        self._seconds = seconds
        self._failed_seconds = failed_seconds
        self._lock = threading.Lock()
        self._known: OrderedDict[Key, _Getting[Value]] = OrderedDict()

    def ask(self, key: Key, wait: float) -> Value | None:
        """The value; None: it is not there `wait` seconds after it was first asked for, or never.

        So only one of many questions waits for what is slow.
        """
        with self._lock:
            getting = self._known.get(key)
            if getting is None or self._is_old(getting):
                getting = self._start(key)
            self._known.move_to_end(key)
        getting.done.wait(max(0.0, getting.began + wait - time.monotonic()))
        return getting.value

    def close(self) -> None:
        """Nobody asks any more."""
        with self._lock:
            for getting in self._known.values():
                getting.cancel.set()
            self._known.clear()

    def _is_old(self, getting: _Getting[Value]) -> bool:
        if not getting.done.is_set():
            return False
        limit = self._failed_seconds if getting.value is None else self._seconds
        return limit is not None and time.monotonic() - getting.ended > limit

    def _start(self, key: Key) -> _Getting[Value]:
        getting = self._known[key] = _Getting()
        while len(self._known) > self._kept:
            self._known.popitem(last=False)[1].cancel.set()
        threading.Thread(
            target=self._run, args=(key, getting), name="dockernb-ahead", daemon=True
        ).start()
        return getting

    def _run(self, key: Key, getting: _Getting[Value]) -> None:
        try:
            getting.value = self._get(key, getting.cancel)
        except Exception as error:  # noqa: BLE001 - whoever asks goes on without
            log.info("not known: %s", error)
        finally:
            getting.ended = time.monotonic()
            getting.done.set()
