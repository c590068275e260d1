"""The card of `%terminal`."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from ..engines.base import TerminalSize
from .card import WIDGET_MIME
from .terminal_pane import OpensTerminals, TerminalPane
from .terminal_view import lost_trait, terminal_bundle

if TYPE_CHECKING:
    from .terminal_widget import TerminalWidget

__all__ = ["TerminalCard"]


class TerminalCard:
    """One terminal.

    Args:
        title: What it is opened in.
        cell_id: Of the cell that opens it.
    """

    def __init__(self, opener: OpensTerminals, title: str, cell_id: str | None) -> None:
        self._title = title
        self._cell_id = cell_id
        self._lock = threading.Lock()
        self._widget: TerminalWidget | None = _widget(self._receive)
        self._pane = TerminalPane(self._send, self._show, opener)

    @classmethod
    def restore(cls, model_id: str) -> LostTerminal:
        """The card of a terminal whose kernel is gone."""
        return LostTerminal(model_id)

    def open(self) -> None:
        """Opens the terminal; the page tells its real size."""
        self._pane.open(TerminalSize())

    def bundle(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Data and metadata for `display_data`."""
        model_id = self._widget.model_id if self._widget is not None else None
        return terminal_bundle(self._title, model_id, self._cell_id, WIDGET_MIME), {}

    def close(self) -> None:
        """The cell was run again or deleted: the terminal ends, the widget goes."""
        with self._lock:
            widget, self._widget = self._widget, None
        if widget is not None:
            _close(widget)
        self._pane.close()

    def _receive(self, message: dict[str, Any]) -> None:
        if message.get("kind") == "terminal":
            self._pane.receive(message)

    def _send(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        with self._lock:
            if self._widget is not None:
                self._widget.send(content, buffers)

    def _show(self, state: dict[str, Any]) -> None:
        with self._lock:
            if self._widget is not None:
                self._widget.terminal = state


class LostTerminal:
    """What a saved notebook shows of a terminal."""

    def __init__(self, model_id: str) -> None:
        self._widget = _widget(lambda _: None, model_id=model_id, terminal=lost_trait())

    def close(self) -> None:
        """Takes the widget out of the browser."""
        _close(self._widget)


def _widget(answer: Any, **state: Any) -> TerminalWidget:
    from .terminal_widget import TerminalWidget  # noqa: PLC0415 (ipywidgets: not to start)

    return TerminalWidget(answer=answer, late=dict, **state)


def _close(widget: TerminalWidget) -> None:
    widget.layout.close()
    widget.close()
