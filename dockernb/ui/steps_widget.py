"""The live table of the steps and the live picture of the bytes, in the browser."""

from __future__ import annotations

import anywidget
import traitlets

from .widget import read_static

__all__ = ["StepsWidget"]


class StepsWidget(anywidget.AnyWidget):
    """The model: it is sent once and says nothing afterwards."""

    _esm = traitlets.Unicode(read_static("dom.js", "steps.js")).tag(sync=True)
    _css = traitlets.Unicode(read_static("card.css", "steps.css")).tag(sync=True)

    steps = traitlets.Dict().tag(sync=True)
