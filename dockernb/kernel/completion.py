"""Tab and Shift+Tab: the answers to complete_request and inspect_request."""

from __future__ import annotations

from typing import Any

from dockernb.complete.candidates import candidates_at
from dockernb.complete.cursor import place_at
from dockernb.complete.hover import help_at

from .execution import Workspace
from .images import Images
from .inspection import help_bundle
from .knowledge import SessionKnowledge
from .magics import all_magics

__all__ = ["Completion"]


class Completion:
    """Answers for one kernel. Nothing asked here changes what the notebook is.

    Args:
        workspace: The kernel's.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._images = Images()

    def complete(self, code: str, cursor: int, page: str = "") -> dict[str, Any]:
        """Content of a complete_reply (without `status`).

        Args:
            cursor: From 0 to the length of `code`, in characters (code points).
            page: Session ID of the front end that asks.
        """
        knowledge = self._knowledge(code, cursor, page)
        found = candidates_at(code, cursor, all_magics(), knowledge)
        knowledge.get_ready()
        # One reply replaces one range: it begins where the longest replacement begins.
        longest = max((candidate.replaces for candidate in found), default=0)
        start = cursor - longest
        matches: dict[str, str] = {}
        for candidate in found:
            kept = code[start : cursor - candidate.replaces]
            matches.setdefault(kept + candidate.text, candidate.kind)
        return {
            "matches": list(matches),
            "cursor_start": start,
            "cursor_end": cursor,
            "metadata": {
                "_jupyter_types_experimental": [
                    {"start": start, "end": cursor, "text": text, "type": kind}
                    for text, kind in matches.items()
                ]
            },
        }

    def inspect(self, code: str, cursor: int, page: str = "") -> dict[str, str]:
        """Mime bundle of the help; empty when nothing is known about the place."""
        knowledge = self._knowledge(code, cursor, page)
        return help_bundle(help_at(code, cursor, all_magics(), knowledge))

    def _knowledge(self, code: str, cursor: int, page: str) -> SessionKnowledge:
        above = place_at(code, cursor).above
        return SessionKnowledge(self._workspace, self._images, code, above, page)
