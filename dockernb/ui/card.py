"""One live card: takes build events from any thread, shows them without flooding the browser."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..build.events import BuildEvent, StepFinished
from . import widget_state
from .card_json import CARD_MIME, view_json
from .card_model import CardModel
from .card_view import CardView
from .html import card_html
from .live_log import LogUpdate
from .saved_card import from_card_json
from .terminal_pane import OpensTerminals, TerminalPane
from .text import card_text
from .visible import visible

if TYPE_CHECKING:
    from .widget import CardWidget

__all__ = ["WIDGET_MIME", "Card", "OpensFiles", "preload"]

# The card's view, the browser's message, how to answer.
OpensFiles = Callable[
    [CardView, dict[str, Any], Callable[[dict[str, Any], list[bytes]], None]], None
]

_INTERVAL = 0.1  # seconds between two updates of a running card
_MESSAGE_LINES = 400  # of the log in one message; the rest is there on request
WIDGET_MIME = "application/vnd.jupyter.widget-view+json"


def preload() -> None:
    """Loads the widget library, which the first card needs: call it when the kernel is idle."""
    from .widget import CardWidget  # noqa: F401, PLC0415


class Card:
    """The card of one step.

    Example::

        card = Card()
        display(*card.bundle(), display_id=...)     # when the step starts
        builder.step(..., listener=card.handle)     # in any thread
        update_display(*card.bundle(), ...)         # when it is finished

    Args:
        model_id: The widget's model ID; None: a new one.
    """

    def __init__(self, *, model_id: str | None = None) -> None:
        self._prepare(CardModel(), model_id)

    @classmethod
    def restore(cls, data: object, model_id: str | None = None) -> Card:
        """A finished card from its saved JSON, under the model ID that the notebook's output names.

        Args:
            model_id: None: the one in `data`.

        Raises:
            ValueError: `data` is no card.
        """
        view = from_card_json(data)
        saved = data.get("model_id") if isinstance(data, dict) else None
        card = cls.__new__(cls)
        card._prepare(  # noqa: SLF001 (its own class)
            CardModel(view), model_id or (saved if isinstance(saved, str) else None)
        )
        card._make_widget()  # noqa: SLF001
        return card

    def _prepare(self, model: CardModel, model_id: str | None) -> None:
        self._model = model
        self._model_id = model_id
        self._widget: CardWidget | None = None
        self._lock = threading.RLock()
        self._timer: threading.Timer | None = None
        self._flushed_at = 0.0
        self._flushed_revision = -1
        self._on_action: Callable[[str], None] | None = None
        self._opener: OpensFiles | None = None
        self._terminal: TerminalPane | None = None
        self._closed = False

    @property
    def view(self) -> CardView:
        """What the card shows now."""
        with self._lock:
            return self._model.view

    @property
    def model_id(self) -> str:
        """The widget's model ID; makes the widget if there is none yet."""
        return self._make_widget().model_id or ""

    def handle(self, event: BuildEvent) -> None:
        """Takes one event of the build; the browser hears of it within a tenth of a second."""
        with self._lock:
            self._model.apply(event)
            if isinstance(event, StepFinished):
                self._flush()
                self._send_whole_log()
            elif self._timer is None:
                self._schedule()

    def title(self) -> None:
        """Names the instruction on the card, because its cell holds several."""
        with self._lock:
            self._model.title()

    def bundle(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Data and metadata for `display_data` and `update_display_data`, running or finished."""
        with self._lock:
            view = self._model.view
            # A card closed while its step went on has no widget any more; the rest stays true.
            model_id = None if self._closed else self._make_widget().model_id
        data: dict[str, Any] = {"text/html": card_html(view), "text/plain": card_text(view)}
        if model_id is not None:
            data[WIDGET_MIME] = {"version_major": 2, "version_minor": 0, "model_id": model_id}
        if view.status != "running":
            data[CARD_MIME] = view_json(view, model_id=model_id)
        return data, {}

    def finish(self) -> None:
        """Sends what has not been sent yet; waits for nothing."""
        with self._lock:
            self._flush()

    def mark_stale(self, reason: str) -> None:
        """Shows that the step's snapshot no longer fits the notebook; "" takes the mark away."""
        self._make_widget().stale = visible(reason)

    def show_findings(self, findings: Sequence[Sequence[str]]) -> None:
        """Shows what a check found in the card's cell, in place of what it found before.

        Args:
            findings: Level, place in the cell, rule, message and link of each.
        """
        shown = [[visible(text[:1000]) for text in finding] for finding in findings[:50]]
        if self._widget is not None or shown:
            self._make_widget().findings = shown

    def offer(self, actions: Sequence[tuple[str, str]], on_action: Callable[[str], None]) -> None:
        """Puts buttons on the card.

        Args:
            actions: An ID and a label each; none: the buttons go.
            on_action: Gets the ID of the button that was pressed, on the kernel's main thread.
        """
        self._on_action = on_action
        offered = [[name, visible(label)] for name, label in actions]
        self._make_widget().actions = offered

    def open_files_with(self, opener: OpensFiles) -> None:
        """Says who answers when the reader opens or downloads a file.

        Args:
            opener: Gets the card's view, the browser's message, and how to answer it; called on
                the kernel's main thread, answers from any.
        """
        self._opener = opener

    def open_terminals_with(self, opener: OpensTerminals) -> None:
        """Says who opens a terminal in the card's snapshot, or in what its failed step left."""
        self._terminal = TerminalPane(self._send, self._show_terminal, opener)

    def _show_terminal(self, state: dict[str, Any]) -> None:
        with self._lock:
            if self._widget is not None:
                self._widget.terminal = state

    def _send(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        with self._lock:
            if self._widget is not None:
                self._widget.send(content, buffers)

    def close(self) -> None:
        """Takes the widget out of the browser: the cell was run again. The html stays."""
        with self._lock:
            self._closed = True
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            if self._widget is not None:
                self._widget.layout.close()
                self._widget.close()
                self._widget = None
        if self._terminal is not None:
            self._terminal.close()

    def _make_widget(self) -> CardWidget:
        from .widget import CardWidget  # noqa: PLC0415 (ipywidgets stays out of the start)

        with self._lock:
            if self._closed:
                raise RuntimeError("the card is closed")
            if self._widget is None:
                arguments = {} if self._model_id is None else {"model_id": self._model_id}
                self._widget = CardWidget(
                    answer=self._answer, late=self._late_state, **self._state(), **arguments
                )
            return self._widget

    def _state(self) -> dict[str, Any]:
        view = self._model.view
        self._flushed_revision = self._model.revision
        return {
            "header": widget_state.header(view),
            "progress": widget_state.progress(view),
            "files": widget_state.files(self._model.tree),
        }

    def _late_state(self) -> dict[str, Any]:
        with self._lock:
            self._model.log.update()
            return {
                "elapsed": self._model.elapsed,
                "log": widget_state.log(self._model.log.tail()),
            }

    def _schedule(self) -> None:
        wait = max(0.0, self._flushed_at + _INTERVAL - time.monotonic())
        self._timer = threading.Timer(wait, self._flush_later)
        self._timer.daemon = True
        self._timer.start()

    def _flush_later(self) -> None:
        with self._lock:
            self._timer = None
            self._flush()

    def _flush(self) -> None:
        """Sends what changed; the lock is held, so increments of the log stay in order."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._flushed_at = time.monotonic()
        widget = self._widget
        if widget is None:
            return
        update = self._model.log.update()
        if update is not None:
            widget.send({"kind": "log", **widget_state.log(_newest(update))})
        if self._flushed_revision != self._model.revision:
            state = self._state()
            with widget.hold_sync():
                widget.progress = state["progress"]
                widget.files = state["files"]
                widget.header = state["header"]

    def _send_whole_log(self) -> None:
        """A finished log looks the same to those who saw it grow and to those who come later."""
        whole = self._model.log.tail()
        if self._widget is not None and whole.total:
            self._widget.send({"kind": "whole", **widget_state.log(whole)})

    def _answer(self, message: dict[str, Any]) -> None:
        """Answers the browser: a folder's rows, the log's tail, a file, a pressed button."""
        kind = message.get("kind")
        with self._lock:
            widget = self._widget
            if widget is None:
                return
            if kind == "folder":
                path, start = message.get("path"), message.get("start")
                if isinstance(path, str) and isinstance(start, int) and start >= 0:
                    rows = widget_state.folder(self._model.tree, path, start)
                    widget.send({"kind": "folder", "path": path, "start": start, **rows})
            elif kind == "late":
                widget.send({"kind": "late", **self._late_state()})
        if kind in ("open", "download") and self._opener is not None:
            self._opener(self.view, message, self._send)
        if kind == "terminal" and self._terminal is not None:
            self._terminal.receive(message)
        if kind == "action" and self._on_action is not None:
            self._on_action(str(message.get("id"))[:200])


def _newest(update: LogUpdate) -> LogUpdate:
    """At most `_MESSAGE_LINES` lines: more than a screen can show in a tenth of a second."""
    over = len(update.lines) - _MESSAGE_LINES
    if over <= 0:
        return update
    return LogUpdate(update.first + over, update.lines[over:], update.total, update.omitted)
