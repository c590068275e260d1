"""Interrupts: SIGINT and `interrupt_request` set the cancel event of the running cell.

The base kernel installs Python's default handler around every request. With an async kernel that
would raise KeyboardInterrupt in the event loop and end the process, so one handler of our own is
installed for the kernel's whole life. It does nothing when no cell runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

__all__ = ["Cancel", "Interrupts", "raising_sigint"]


class Cancel:
    """The cancel request of one cell: an event for threads, and something to await."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self._requested = asyncio.Event()

    def request(self) -> None:
        """Asks the cell to end. Called on the event loop."""
        self.event.set()
        self._requested.set()

    async def requested(self) -> None:
        """Returns when the cell is asked to end."""
        await self._requested.wait()


class Interrupts:
    """Knows the running cell and turns signals into its cancel request."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._cell: Cancel | None = None

    def install(self) -> None:
        """Installs the handler; only the main thread can (elsewhere nothing happens)."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._on_signal)

    @contextlib.contextmanager
    def cell(self) -> Iterator[Cancel]:
        """For the length of the block, interrupts go to the yielded request."""
        self._watch(asyncio.get_running_loop())
        self._cell = Cancel()
        try:
            yield self._cell
        finally:
            self._cell = None

    def request(self) -> None:
        """Interrupts the running cell, if there is one. From any thread or signal handler."""
        # The handler may run in the middle of any code of the main thread, which may hold the lock
        # of an Event; call_soon_threadsafe takes no lock.
        if self._cell is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(self._cell.request)

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """SIGINT wakes the loop; a mere handler does not when the loop is just going to sleep."""
        if loop is self._loop:
            return
        self._loop = loop
        if threading.current_thread() is threading.main_thread():
            loop.add_signal_handler(signal.SIGINT, self.request)

    def _on_signal(self, _signum: int, _frame: FrameType | None) -> None:
        self.request()


@contextlib.contextmanager
def raising_sigint() -> Iterator[None]:
    """SIGINT raises KeyboardInterrupt in the block: for prompts that block the main thread.

    Raises:
        KeyboardInterrupt: also for a signal that came while the handlers were being changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
