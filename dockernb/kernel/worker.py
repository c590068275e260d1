"""Work off the event loop, in daemon threads that keep the request's context.

`asyncio.to_thread` would do but for one thing: its threads are joined when Python ends, so a step
that hangs on a dead daemon would keep the kernel process alive after its shutdown.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from typing import TypeVar

__all__ = ["start_in_background", "start_in_thread"]

T = TypeVar("T")


def start_in_thread(work: Callable[[], T], name: str = "dockernb-cell") -> asyncio.Future[T]:
    """Runs `work` in a thread of its own; the future gets its result or exception.

    The thread gets a copy of the context: messages that it sends have the right parent.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()
    context = contextvars.copy_context()

    def settle(result: T | None, error: BaseException | None) -> None:
        if future.cancelled():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result: T | None = None
        error: BaseException | None = None
        try:
            result = context.run(work)
        except BaseException as caught:  # noqa: BLE001 - it is raised again where the future is awaited
            error = caught
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return future


def start_in_background(work: Callable[[], object], name: str) -> threading.Thread:
    """Runs `work` in a daemon thread; nobody waits for it."""
    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    return thread
