"""The live card of a build by buildx: takes its lines from any thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..build.log import LogBuffer
from ..build.result import StepLog
from .build_view import (
    BUILD_MIME,
    BuildView,
    build_html,
    build_json,
    build_text,
    build_trait,
    is_build_trait,
)
from .card import WIDGET_MIME
from .log_feed import LogFeed

if TYPE_CHECKING:
    from .build_widget import BuildWidget

__all__ = ["BuildCard", "SavedBuildCard"]

_MOST_LOG = 100_000  # characters of a saved one


class BuildCard:
    """One build.

    Args:
        view: Gives how it is now.
        stop: Asks it to end; called on the kernel's main thread.
        go: Brings the cell of this ID into view.
        cell_id: Of the cell that shows it.
    """

    def __init__(
        self,
        view: Callable[[], BuildView],
        stop: Callable[[], None],
        go: Callable[[str], None],
        cell_id: str | None,
    ) -> None:
        self._view = view
        self._cell_id = cell_id
        self._log = LogBuffer()
        self._lock = threading.RLock()
        self._feed = LogFeed(self._send, self._lock, self._draw)
        self._widget: BuildWidget | None = _widget(self._feed, build_trait(view()), stop, go)

    def hear(self, text: str) -> None:
        """A line for the log; the rows are drawn anew with it."""
        data = text.encode() + b"\n"
        with self._lock:
            self._log.append(data)
        self._feed.append(data)

    def finish(self) -> None:
        """The build is over, one way or another."""
        with self._lock:
            self._feed.flush()
            self._feed.finish(self._log.finish())

    def bundle(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Data and metadata for `display_data` and `update_display_data`."""
        with self._lock:
            view = self._view()
            model_id = None if self._widget is None else self._widget.model_id
            log = self._log.finish()
        data: dict[str, Any] = {"text/html": build_html(view), "text/plain": build_text(view)}
        if model_id is not None:
            data[WIDGET_MIME] = {"version_major": 2, "version_minor": 0, "model_id": model_id}
        trait = build_trait(view)
        data[BUILD_MIME] = build_json(trait, log, model_id=model_id, cell_id=self._cell_id)
        return data, {}

    def close(self) -> None:
        """The cell was run again or deleted."""
        with self._lock:
            self._feed.stop()
            if self._widget is not None:
                self._widget.layout.close()
                self._widget.close()
                self._widget = None

    def _draw(self) -> None:
        if self._widget is not None:
            self._widget.build = build_trait(self._view())

    def _send(self, message: dict[str, Any]) -> None:
        if self._widget is not None:
            self._widget.send(message)


class SavedBuildCard:
    """The card of a build that another kernel made.

    Args:
        data: As `build_json` makes it. Its cells may be others by now: no row leads to one.

    Raises:
        ValueError: `data` is no card.
    """

    def __init__(self, data: Mapping[str, Any], model_id: str) -> None:
        build, text = data.get("build"), data.get("log")
        if not isinstance(build, dict) or not is_build_trait(build) or not isinstance(text, str):
            raise ValueError("this is no card of a build")
        saved = {**build, "rows": [[row[0], "", *row[2:]] for row in build["rows"]]}
        if saved["status"] == "running":
            saved["status"] = "lost"
        text = text[:_MOST_LOG]
        feed = LogFeed(lambda _: None, threading.RLock())
        feed.finish(StepLog(text, len(text.splitlines()), 0), tell=False)
        self._widget = _widget(feed, saved, lambda: None, lambda _: None, model_id)

    def close(self) -> None:
        """The cell was run again or deleted."""
        self._widget.layout.close()
        self._widget.close()


def _widget(
    feed: LogFeed,
    build: Mapping[str, Any],
    stop: Callable[[], None],
    go: Callable[[str], None],
    model_id: str | None = None,
) -> BuildWidget:
    from .build_widget import BuildWidget  # noqa: PLC0415 (ipywidgets stays out of the start)

    def answer(message: dict[str, Any]) -> None:
        if message.get("kind") == "stop":
            stop()
        elif message.get("kind") == "go" and isinstance(message.get("cell"), str):
            go(message["cell"])
        elif message.get("kind") == "late":
            made.send({"kind": "late", **feed.late_state()})

    arguments = {} if model_id is None else {"model_id": model_id}
    made = BuildWidget(answer=answer, late=feed.late_state, build=dict(build), **arguments)
    return made
