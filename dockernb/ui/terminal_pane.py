"""Joins a terminal with the widget that shows it: the browser's messages, and what goes back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from ..engines.base import TerminalSize
from ..errors import DockernbError, RunError
from ..use.terminal import TerminalSession, TerminalState
from ..use.typed import run_of
from .terminal_feed import TerminalFeed
from .terminal_view import refused, terminal_trait
from .visible import visible_lines

__all__ = ["OpensTerminals", "TerminalPane"]

_STATIC = Path(__file__).parent / "static" / "xterm"
_MOST_TYPED = 20_000  # characters in one message


class OpensTerminals(Protocol):
    """What a pane asks of the kernel; called on its main thread."""

    def open(self) -> TerminalSession:
        """A session that has not begun.

        Raises:
            DockernbError: there can be none.
        """

    def offer(self, session: TerminalSession, source: str) -> bool:
        """Puts a new cell into the notebook; False: no page can."""


class TerminalPane:
    """One place on a page for a terminal; when one has ended, another one can be opened.

    Args:
        send: Sends a message with bytes to the browser.
        show: Gives the browser the state.
    """

    def __init__(
        self,
        send: Callable[[dict[str, Any], list[bytes]], None],
        show: Callable[[dict[str, Any]], None],
        opener: OpensTerminals,
    ) -> None:
        self._send = send
        self._show = show
        self._opener = opener
        self._lock = threading.Lock()
        self._session: TerminalSession | None = None
        self._feed = TerminalFeed(send)
        self._closed = False

    def receive(self, message: dict[str, Any]) -> None:
        """Takes one message of the browser; returns soon."""
        session, do = self._session, message.get("do")
        if do == "open":
            self.open(TerminalSize.bounded(message.get("rows"), message.get("columns")))
        elif do == "module":
            self._send({"kind": "terminal", "is": "module"}, _module())
        elif do == "late":
            self._feed.show_all(message.get("page"))
        elif session is None:
            return
        elif do == "type":
            text = message.get("text")
            if isinstance(text, str) and not session.type(
                text[:_MOST_TYPED].encode("utf-8", "replace")
            ):
                self._send({"kind": "terminal", "is": "full"}, [])
        elif do == "size":
            size = TerminalSize.bounded(message.get("rows"), message.get("columns"))
            threading.Thread(target=session.resize, args=(size,), daemon=True).start()
        elif do == "drawn":
            self._feed.drawn(message.get("total"))
        elif do == "end":
            threading.Thread(target=session.close, daemon=True).start()
        elif do == "run":
            self._offer_run(session)

    def open(self, size: TerminalSize) -> None:
        """Opens a terminal, if none is open."""
        with self._lock:
            if self._closed or (self._session is not None and not self._session.state.is_over):
                return
            try:
                session = self._opener.open()
            except DockernbError as error:
                self._show(refused(error))
                return
            self._session = session
            self._feed.close()
            feed = self._feed = TerminalFeed(self._send)
        self._show(terminal_trait(None, session.state))

        def tell(state: TerminalState) -> None:
            if state.is_over:
                feed.close()
            if session is self._session and not self._closed:
                self._show(terminal_trait(session.place, state))

        session.begin(size, feed.output, tell)

    def close(self) -> None:
        """Nobody sees it any more: the terminal ends."""
        with self._lock:
            self._closed = True
            session, feed = self._session, self._feed

        def end() -> None:
            if session is not None:
                session.close()
            feed.close()

        threading.Thread(target=end, daemon=True).start()

    def _offer_run(self, session: TerminalSession) -> None:
        source = run_of(session.commands())
        if not source:
            error = RunError(
                "no command is known that was typed here and succeeded",
                rule="bash and BusyBox's ash tell their commands; other shells do not.",
            )
            told = {"text": "", "note": "\n".join([error.message, *error.details()])}
        elif self._opener.offer(session, source):
            told = {"text": visible_lines(source), "note": "A new cell holds what was typed."}
        else:
            told = {"text": visible_lines(source), "note": "Copy this into a new cell:"}
        self._send({"kind": "terminal", "is": "run", **told}, [])


@cache
def _module() -> list[bytes]:
    """xterm.js: sent when a page opens its first terminal, not with every card."""
    return [(_STATIC / name).read_bytes() for name in ("xterm.mjs", "addon-fit.mjs", "xterm.css")]
