"""From a terminal to the pages that show it: at once, in bounded pieces, as fast as they can draw.

A terminal that prints without end is slowed down to what the page draws: the page says how much it
has drawn, and where too much is on its way, whoever prints waits. A page that says nothing for some
seconds is taken for gone; then nothing waits, and a page that comes gets what is kept of the end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

__all__ = ["TerminalFeed"]

_KEPT = 256 * 1024  # bytes that a page which comes late gets
_WINDOW = 256 * 1024  # bytes that may be on their way
_PIECE = 64 * 1024
_PAUSE_SECONDS = 0.012  # between two messages: the first goes at once
_PATIENCE_SECONDS = 3.0


class TerminalFeed:
    """Safe for several threads.

    Args:
        send: Sends a message with bytes to the pages.
    """

    def __init__(self, send: Callable[[dict[str, Any], list[bytes]], None]) -> None:
        self._send = send
        self._news = threading.Condition()
        self._kept = bytearray()
        self._waiting = bytearray()
        self._total = 0  # bytes that came
        self._drawn = 0
        self._is_watched = True
        self._is_closed = False
        self._thread: threading.Thread | None = None

    def output(self, data: bytes) -> None:
        """Takes output; waits where a page has too much to draw."""
        with self._news:
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, daemon=True)
                self._thread.start()
            self._total += len(data)
            self._keep(data)
            if not self._is_watched:
                return
            self._waiting += data
            self._news.notify_all()
            while self._is_behind():
                drawn = self._drawn
                if not self._news.wait(_PATIENCE_SECONDS) and drawn == self._drawn:
                    self._is_watched = False
                    self._waiting.clear()

    def drawn(self, total: object) -> None:
        """A page has drawn all up to byte number `total`."""
        if type(total) is not int:
            return
        with self._news:
            if self._drawn < total <= self._total:
                self._drawn = total
                self._news.notify_all()

    def show_all(self, page: object) -> None:
        """A page comes, or has missed something: it gets all that is kept.

        Args:
            page: What it calls itself; others pass over the answer.
        """
        with self._news:
            self._waiting.clear()  # it is in what is kept
            self._drawn, self._is_watched = self._total, True
            first = self._total - len(self._kept)
            told = {"kind": "terminal", "is": "all", "at": first, "for": str(page)[:40]}
            self._send(told, [bytes(self._kept)])
            self._news.notify_all()

    def close(self) -> None:
        """Sends what waits, and keeps no thread."""
        with self._news:
            self._is_closed = True
            self._news.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(_PATIENCE_SECONDS)

    def _is_behind(self) -> bool:
        return self._is_watched and not self._is_closed and self._total - self._drawn > _WINDOW

    def _keep(self, data: bytes) -> None:
        self._kept += data
        if len(self._kept) > 2 * _KEPT:
            cut = self._kept.find(b"\n", len(self._kept) - _KEPT) + 1
            del self._kept[: cut or len(self._kept) - _KEPT]

    def _serve(self) -> None:
        with self._news:
            while True:
                while not self._waiting and not self._is_closed:
                    self._news.wait()
                if not self._waiting:
                    return
                piece = bytes(self._waiting[:_PIECE])
                first = self._total - len(self._waiting)
                del self._waiting[: len(piece)]
                self._send({"kind": "terminal", "is": "data", "at": first}, [piece])
                if not self._is_closed:
                    self._news.wait_for(lambda: self._is_closed, _PAUSE_SECONDS)
