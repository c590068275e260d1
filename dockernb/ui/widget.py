"""The live card in the browser: traits, and messages for folders and the log.

Importing this module loads ipywidgets and anywidget. `card` does so when the first card is made.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

__all__ = ["CardWidget", "LiveWidget", "read_static"]

_STATIC = Path(__file__).parent / "static"
_SCRIPTS = ("dom.js", "tree.js", "log.js", "viewer.js", "panes.js", "terminal.js", "card.js")


def read_static(*names: str) -> str:
    """Files of the browser's part, one behind the other.

    One ES module without a bundler: the parts share a scope, only the last one exports.
    """
    return "\n".join((_STATIC / name).read_text(encoding="utf-8") for name in names)


class LiveWidget(anywidget.AnyWidget):
    """What cards have in common: messages, and a state that is made on request.

    Args:
        answer: Called with each message of the browser.
        late: Gives the seconds so far and the log's tail when a page asks for the whole state.
    """

    # The value never changes; it is made when a page asks, so that no log is sent twice.
    late = traitlets.Dict().tag(sync=True, to_json=lambda _, widget: widget.late_state())
    own_id = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        *,
        answer: Callable[[dict[str, Any]], None],
        late: Callable[[], dict[str, Any]],
        **state: Any,
    ) -> None:
        self._answer = answer
        self._late = late
        super().__init__(**state)
        self.own_id = self.model_id or ""
        self.on_msg(self._receive)

    def late_state(self) -> dict[str, Any]:
        """Seconds so far and the tail of the log."""
        return self._late()

    def _receive(self, _: object, content: Any, __: object) -> None:
        if isinstance(content, dict):
            self._answer(content)


class CardWidget(LiveWidget):
    """The model of one card."""

    _esm = traitlets.Unicode(read_static(*_SCRIPTS)).tag(sync=True)
    _css = traitlets.Unicode(read_static("card.css", "terminal.css")).tag(sync=True)

    header = traitlets.Dict().tag(sync=True)
    progress = traitlets.Dict().tag(sync=True)
    files = traitlets.Dict().tag(sync=True)
    actions: Any = traitlets.List().tag(sync=True)
    findings: Any = traitlets.List().tag(sync=True)
    stale = traitlets.Unicode().tag(sync=True)
    terminal: Any = traitlets.Dict({"status": "none"}).tag(sync=True)
