"""Widgets in a kernel that is not IPython: the comm handlers and ipywidgets' two targets.

ipywidgets registers its targets only where `get_ipython()` exists. Here they are registered without
importing it: that is done when the first message comes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import comm

__all__ = ["connect_comms"]

WIDGETS, CONTROL = "jupyter.widget", "jupyter.widget.control"


def connect_comms(handlers: dict[str, Callable[..., Any]], on_page: Callable[[], None]) -> Any:
    """Registers everything that live widgets need.

    Args:
        handlers: The kernel's shell handlers by message type; three are added.
        on_page: Called when a page connects, before it is told which widgets there are.

    Returns:
        The comm manager, which the kernel must have as `comm_manager`.
    """
    manager = comm.get_comm_manager()
    for message in ("comm_open", "comm_msg", "comm_close"):
        handlers[message] = getattr(manager, message)

    def open_widget(opened: Any, message: dict[str, Any]) -> None:
        from ipywidgets import Widget  # noqa: PLC0415 - not needed to start

        Widget.handle_comm_opened(opened, message)

    def open_control(opened: Any, message: dict[str, Any]) -> None:
        from ipywidgets import Widget  # noqa: PLC0415 - not needed to start

        on_page()
        Widget.handle_control_comm_opened(opened, message)

    manager.register_target(WIDGETS, open_widget)
    manager.register_target(CONTROL, open_control)
    return manager
