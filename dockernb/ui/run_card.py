"""The live card of a running container: takes its output and its changes from any thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..build.result import StepLog
from ..use.run import Run, RunState
from . import widget_state
from .card import WIDGET_MIME
from .live_log import LiveLog, LogUpdate
from .run_view import RUN_MIME, RunView, from_run_json, run_html, run_json, run_text, run_trait

if TYPE_CHECKING:
    from .run_widget import RunWidget

__all__ = ["RunCard"]

_INTERVAL = 0.1
_MESSAGE_LINES = 400


class RunCard:
    """One container.

    Args:
        view: How it is now.
        output: Gives all that it has printed.
        stop: Asks it to stop; called on the kernel's main thread.
        abandon: Nobody sees the card any more: the container goes, too.
        cell_id: Of the cell that started it.
    """

    def __init__(
        self,
        view: RunView,
        *,
        output: Callable[[], StepLog],
        stop: Callable[[], None],
        abandon: Callable[[], None],
        cell_id: str | None = None,
        model_id: str | None = None,
    ) -> None:
        self._view = view
        self._output = output
        self._stop = stop
        self._abandon = abandon
        self._cell_id = cell_id
        self._model_id = model_id
        self._log = LiveLog()
        self._lock = threading.RLock()
        self._timer: threading.Timer | None = None
        self._flushed_at = 0.0
        self._started = time.monotonic()
        self._closed = False
        self._widget: RunWidget | None = None

    @classmethod
    def of_run(
        cls, run: Run, stop: Callable[[], None], abandon: Callable[[], None], cell_id: str | None
    ) -> RunCard:
        """The card of a container that was launched; give `handle` to its `begin`."""
        view = RunView(run.facts, run.state)
        return cls(view, output=run.output, stop=stop, abandon=abandon, cell_id=cell_id)

    @classmethod
    def restore(cls, data: dict[str, Any], model_id: str) -> RunCard:
        """The card of a container of a kernel that is gone.

        Raises:
            ValueError: `data` is no card.
        """
        view = from_run_json(data)
        card = cls(
            view, output=lambda: view.log, stop=_nothing, abandon=_nothing, model_id=model_id
        )
        card._log.finish(view.log)
        card._make_widget()
        return card

    def handle(self, event: bytes | RunState) -> None:
        """Takes output or a change; the browser hears of it within a tenth of a second."""
        with self._lock:
            if isinstance(event, bytes):
                self._log.append(event)
                if self._timer is None:
                    self._schedule()
                return
            self._view = RunView(self._view.facts, event)
            self._flush()
            if self._widget is not None:
                self._widget.run = run_trait(self._view)
            if event.is_over:
                self._finish_log()

    def bundle(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Data and metadata for `display_data` and `update_display_data`."""
        with self._lock:
            view = RunView(self._view.facts, self._view.state, self._output(), self._view.lost)
            model_id = None if self._closed else self._make_widget().model_id
        data: dict[str, Any] = {"text/html": run_html(view), "text/plain": run_text(view)}
        if model_id is not None:
            data[WIDGET_MIME] = {"version_major": 2, "version_minor": 0, "model_id": model_id}
        data[RUN_MIME] = run_json(view, model_id=model_id, cell_id=self._cell_id)
        return data, {}

    def finish(self) -> None:
        """Sends what has not been sent yet."""
        with self._lock:
            self._flush()

    def close(self) -> None:
        """The cell was run again or deleted: the container ends, the widget goes."""
        with self._lock:
            self._closed = True
            self._cancel_timer()
            if self._widget is not None:
                self._widget.layout.close()
                self._widget.close()
                self._widget = None
        self._abandon()

    def _make_widget(self) -> RunWidget:
        from .run_widget import RunWidget  # noqa: PLC0415 (ipywidgets stays out of the start)

        if self._widget is None:
            arguments = {} if self._model_id is None else {"model_id": self._model_id}
            self._widget = RunWidget(
                answer=self._answer,
                late=self._late_state,
                run=run_trait(self._view),
                **arguments,
            )
        return self._widget

    def _late_state(self) -> dict[str, Any]:
        with self._lock:
            self._log.update()
            seconds = time.monotonic() - self._started
            return {"elapsed": seconds, "log": widget_state.log(self._log.tail())}

    def _answer(self, message: dict[str, Any]) -> None:
        kind = message.get("kind")
        if kind == "stop":
            self._stop()
        elif kind == "late":
            state = self._late_state()
            with self._lock:
                if self._widget is not None:
                    self._widget.send({"kind": "late", **state})

    def _finish_log(self) -> None:
        """From now on the beginning is shown, too."""
        self._log.finish(self._output())
        whole = self._log.tail()
        if self._widget is not None and whole.total:
            self._widget.send({"kind": "whole", **widget_state.log(whole)})

    def _schedule(self) -> None:
        wait = max(0.0, self._flushed_at + _INTERVAL - time.monotonic())
        self._timer = threading.Timer(wait, self.finish)
        self._timer.daemon = True
        self._timer.start()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _flush(self) -> None:
        self._cancel_timer()
        self._flushed_at = time.monotonic()
        update = self._log.update()
        if update is not None and self._widget is not None:
            self._widget.send({"kind": "log", **widget_state.log(_newest(update))})


def _newest(update: LogUpdate) -> LogUpdate:
    over = max(0, len(update.lines) - _MESSAGE_LINES)
    return LogUpdate(update.first + over, update.lines[over:], update.total, update.omitted)


def _nothing() -> None:
    pass
