"""The live card of a build by buildx in the browser."""

from __future__ import annotations

import traitlets

from .widget import LiveWidget, read_static

__all__ = ["BuildWidget"]


class BuildWidget(LiveWidget):
    """The model of one build; the log comes in messages."""

    _esm = traitlets.Unicode(read_static("dom.js", "log.js", "panes.js", "build.js")).tag(sync=True)
    _css = traitlets.Unicode(read_static("card.css", "steps.css", "build.css")).tag(sync=True)

    build = traitlets.Dict().tag(sync=True)
