"""What a terminal's pane and card show beside the terminal itself. Pure."""

from __future__ import annotations

from html import escape
from typing import Any

from ..errors import DockernbError
from ..use.terminal import Place, TerminalState
from .thrown_away import thrown_away
from .visible import visible, visible_lines

__all__ = [
    "TERMINAL_MIME",
    "lost_trait",
    "refused",
    "terminal_bundle",
    "terminal_trait",
]

TERMINAL_MIME = "application/vnd.dockernb.terminal+json"


def terminal_trait(place: Place | None, state: TerminalState) -> dict[str, Any]:
    """All but what is typed and shown; every text is ready to show."""
    outcome = "" if state.exit_code is None else f"exit code {state.exit_code}"
    return {
        "status": state.status,
        "title": visible(place.title[:200]) if place is not None else "",
        "failed": place is not None and place.failed,
        "outcome": outcome,
        "left": thrown_away(state.diff) if state.diff is not None else "",
        "error": _error(state.error),
    }


def refused(error: DockernbError) -> dict[str, Any]:
    """For a terminal that is not even begun."""
    return terminal_trait(None, TerminalState("failed", error=error))


def lost_trait() -> dict[str, Any]:
    """For a terminal of a kernel that is gone."""
    return {
        "status": "lost",
        "title": "",
        "failed": False,
        "outcome": "",
        "left": "",
        "error": None,
    }


def terminal_bundle(
    title: str, model_id: str | None, cell_id: str | None, widget_mime: str
) -> dict[str, Any]:
    """The output of `%terminal`: what is typed is in no notebook."""
    text = visible(f"A terminal was open here, in {title}.")
    data: dict[str, Any] = {
        "text/plain": text,
        "text/html": f"<p>{escape(text)}</p>",
        TERMINAL_MIME: {"version": 1, "kind": "terminal", "model_id": model_id, "cell_id": cell_id},
    }
    if model_id is not None:
        data[widget_mime] = {"version_major": 2, "version_minor": 0, "model_id": model_id}
    return data


def _error(error: DockernbError | None) -> dict[str, str] | None:
    if error is None:
        return None
    details = visible_lines("\n".join(error.details())[:4000])
    return {"title": visible(error.message[:2000]), "details": details}
