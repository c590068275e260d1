"""Calls that block, ended by `cancel`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from dockernb.errors import BuildInterruptedError
from dockernb.oci.pump import Pump

__all__ = ["acquired", "interruptible"]

Result = TypeVar("Result")
_LOOK_SECONDS = 0.05


def interruptible(call: Callable[[], Result], cancel: threading.Event) -> Result:
    """What `call` returns; it runs in a thread of its own, which is left alone if `cancel` is set.

    Raises:
        BuildInterruptedError: `cancel` was set first.
    """

    def source() -> Iterator[Result]:
        yield call()

    pump = Pump(source, "dockernb-registry-call")
    try:
        for result in pump.items(cancel):
            return result
    finally:
        pump.close()
    raise _interrupted()


@contextmanager
def acquired(lock: threading.Lock, cancel: threading.Event) -> Iterator[None]:
    """Holds `lock`, waiting for it no longer than until `cancel` is set.

    Raises:
        BuildInterruptedError: `cancel` was set first.
    """
    while not lock.acquire(timeout=_LOOK_SECONDS):
        if cancel.is_set():
            raise _interrupted()
    try:
        yield
    finally:
        lock.release()


def _interrupted() -> BuildInterruptedError:
    return BuildInterruptedError("waiting for the registry was interrupted")
