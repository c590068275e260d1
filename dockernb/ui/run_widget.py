"""The live card of a running container in the browser."""

from __future__ import annotations

import traitlets

from .widget import LiveWidget, read_static

__all__ = ["RunWidget"]


class RunWidget(LiveWidget):
    """The model of one container; the log comes in messages."""

    _esm = traitlets.Unicode(read_static("dom.js", "log.js", "panes.js", "run.js")).tag(sync=True)
    _css = traitlets.Unicode(read_static("card.css", "run.css")).tag(sync=True)

    run = traitlets.Dict().tag(sync=True)
