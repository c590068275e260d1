"""The live card of a terminal in the browser."""

from __future__ import annotations

from typing import Any

import traitlets

from .widget import LiveWidget, read_static

__all__ = ["TerminalWidget"]


class TerminalWidget(LiveWidget):
    """The model of one terminal; what is typed and shown comes in messages."""

    _esm = traitlets.Unicode(
        read_static("dom.js", "panes.js", "terminal.js", "terminal_card.js")
    ).tag(sync=True)
    _css = traitlets.Unicode(read_static("card.css", "terminal.css")).tag(sync=True)

    terminal: Any = traitlets.Dict({"status": "none"}).tag(sync=True)
