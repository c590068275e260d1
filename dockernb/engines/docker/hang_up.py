"""Ends an answer that stalls: a thread that waits for its next byte looks at nothing else."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import requests

__all__ = ["hung_up_at"]


@contextmanager
def hung_up_at(stop: threading.Event, response: requests.Response) -> Iterator[None]:
    """Shuts the connection of `response` down when `stop` is set while the block goes on."""
    lock, ended = threading.Lock(), threading.Event()

    def hang_up() -> None:
        stop.wait()
        with lock:
            # The connection of an answer that was read to its end is somebody else's by now.
            connection = getattr(response.raw, "_connection", None)
            if connection is not None and not ended.is_set():
                with suppress(OSError, AttributeError):
                    connection.sock.shutdown(socket.SHUT_RDWR)

    threading.Thread(target=hang_up, name="dockernb-hang-up", daemon=True).start()
    try:
        yield
    finally:
        with lock:
            ended.set()
