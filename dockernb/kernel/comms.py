"""Comms in a kernel that is not IPython: the handlers, ipywidgets' two targets and our own.

ipywidgets registers its targets only where `get_ipython()` exists. Here they are registered without
importing it: that is done when the first message comes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import comm

from .pages import Pages

__all__ = ["WIDGETS", "CommsOnMainThread", "PageComms", "connect_comms"]

WIDGETS, CONTROL = "jupyter.widget", "jupyter.widget.control"
# The lab extension says there what its notebook holds.
PAGE = "dockernb.page"


def connect_comms(
    handlers: dict[str, Callable[..., Any]], on_page: Callable[[], None], page_comms: PageComms
) -> CommsOnMainThread:
    """Registers everything that live widgets need, and what the lab extension says.

    Args:
        handlers: The kernel's shell handlers by message type; three are added.
        on_page: Called when a page connects, before it is told which widgets there are.
        page_comms: Hears what the lab extension says.

    Returns:
        What the kernel must have as `comm_manager`.
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
    manager.register_target(PAGE, page_comms.open)
    return CommsOnMainThread(manager)


class CommsOnMainThread:
    """The comm manager as the kernel's base sees it when it chooses where a message is handled.

    That is done on a thread of its own, before the opening of the comm has been handled on the main
    one. By the comm's own rule its next message would go where the front end says; on a subshell it
    is lost when it gets there first. Here all messages go to the main thread, in the order in which
    they came, and nobody warns of a comm that is about to be opened.
    """

    def __init__(self, manager: Any) -> None:
        self._manager = manager

    @property
    def comms(self) -> Mapping[str, Any]:
        """All comms by ID."""
        return dict(self._manager.comms)

    def get_comm(self, _comm_id: object) -> CommsOnMainThread:
        """What says where the messages of this comm go."""
        return self

    def _reply_subshell_for(self, _data: object, _default: str | None) -> None:
        """The ID of the subshell, by the base's name for it; None: the main thread."""


class PageComms:
    """The comms of the lab extension, one a page.

    What a page says of its cells goes to `pages`; then `on_word` hears of it.

    Attributes:
        pages: What the pages say.
        on_word: Called with the page and its message; the message is None when the page is gone,
            and a page's first one has `"cells"` in it. Nobody listens before it is set.
    """

    def __init__(self, pages: Pages) -> None:
        self.pages = pages
        self._comms: dict[str, Any] = {}
        self.on_word: Callable[[str, dict[str, Any] | None], None] = _nobody

    def open(self, opened: Any, message: dict[str, Any]) -> None:
        """A page begins to speak; the message holds its first word."""
        page = _page_of(message)
        self._close(page)
        self._comms[page] = opened
        opened.on_msg(self._hear)
        opened.on_close(lambda message: self._forget(_page_of(message)))
        self._hear(message)

    def send(self, page: str, data: dict[str, Any]) -> bool:
        """Says something to a page; from any thread. False: the page is gone."""
        comm = self._comms.get(page)
        if comm is not None:
            comm.send(data)
        return comm is not None

    def _hear(self, message: dict[str, Any]) -> None:
        page, data = _page_of(message), message["content"].get("data")
        if not (isinstance(data, dict) and "do" in data):
            forgotten = self.pages.hear(page, data)
            if forgotten is not None:
                self._close(forgotten)
        self.on_word(page, data if isinstance(data, dict) else {})

    def _forget(self, page: str) -> None:
        self._comms.pop(page, None)
        self.pages.forget(page)
        self.on_word(page, None)

    def _close(self, page: str) -> None:
        comm = self._comms.pop(page, None)
        if comm is not None:
            comm.close()
            self.on_word(page, None)


def _nobody(_page: str, _data: dict[str, Any] | None) -> None:
    """Before the kernel listens."""


def _page_of(message: dict[str, Any]) -> str:
    return str(message["header"].get("session", ""))
