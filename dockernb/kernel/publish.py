"""Messages of one request to the front end. Safe to use from any thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["FrontEnd", "Publisher", "Send", "front_end_of"]

# What kind of front end asked:
#   notebook   JupyterLab, Notebook, VS Code: widgets live, outputs are updated in place
#   batch      nbclient, papermill: outputs are updated in place and saved, nobody looks on
#   terminal   jupyter console, qtconsole: text only, what was printed stays
FrontEnd = Literal["notebook", "batch", "terminal"]

# Sends one message: type and content; the parent is bound already.
Send = Callable[[str, dict[str, Any]], None]


def front_end_of(metadata: Mapping[str, Any] | None, *, allow_stdin: bool) -> FrontEnd:
    """Who sent an execute_request, told by its metadata and by whether it can answer prompts."""
    if metadata and ("cellId" in metadata or "deletedCells" in metadata):
        return "notebook"
    return "terminal" if allow_stdin else "batch"


@dataclass(frozen=True)
class Publisher:
    """Publishes on behalf of one request.

    Args:
        send: Sends a message with the request as its parent; None (a `silent` request): nothing
            is sent.
    """

    send: Send | None
    front_end: FrontEnd = "notebook"

    def stream(self, text: str, name: Literal["stdout", "stderr"] = "stdout") -> None:
        """Text as it would be printed."""
        if text:
            self._publish("stream", {"name": name, "text": text})

    def display(
        self,
        data: Mapping[str, Any],
        metadata: Mapping[str, Any] | None = None,
        display_id: str | None = None,
    ) -> None:
        """A new output. `data` is a bundle: mime type -> content."""
        self._publish("display_data", _display(data, metadata, display_id))

    def update(
        self, data: Mapping[str, Any], metadata: Mapping[str, Any] | None, display_id: str
    ) -> None:
        """Replaces the outputs that were displayed with `display_id`."""
        self._publish("update_display_data", _display(data, metadata, display_id))

    def error(self, content: dict[str, Any]) -> None:
        """An error output; content as `reply.error_content` makes it."""
        self._publish("error", content)

    def _publish(self, kind: str, content: dict[str, Any]) -> None:
        if self.send is not None:
            self.send(kind, content)


def _display(
    data: Mapping[str, Any], metadata: Mapping[str, Any] | None, display_id: str | None
) -> dict[str, Any]:
    return {
        "data": dict(data),
        "metadata": dict(metadata or {}),
        "transient": {"display_id": display_id} if display_id else {},
    }
