"""All terminals of a notebook: none lives longer than its kernel, or than what it stands on."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ..engines.base import Engine
from ..errors import RunError
from .terminal import Place, TerminalSession

__all__ = ["MOST_TERMINALS", "Terminals"]

MOST_TERMINALS = 20
_CLOSE_SECONDS = 3.0


class Terminals:
    """Safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sessions: list[TerminalSession] = []
        self._closed = False

    def open(self, engine: Callable[[], Engine], place: Callable[[], Place]) -> TerminalSession:
        """A new one; the caller calls its `begin`.

        Raises:
            RunError: there are too many.
        """
        with self._lock:
            self._sessions = [each for each in self._sessions if not each.wait(0)]
            if len(self._sessions) >= MOST_TERMINALS:
                raise RunError(
                    f"{MOST_TERMINALS} terminals are open", hint="End one of them first."
                )
            session = TerminalSession(engine, place)
            self._sessions.append(session)
        return session

    def close_failed(self, cell_id: str) -> None:
        """Ends those in the failed state of a cell; waits a moment for that."""
        places = [(each, each.place) for each in self._all()]
        self._end([each for each, at in places if at and at.failed and at.cell_id == cell_id])

    def close(self) -> None:
        """Ends all; waits a moment for that."""
        self._end(self._all())

    def _all(self) -> list[TerminalSession]:
        with self._lock:
            return list(self._sessions)

    def _end(self, sessions: list[TerminalSession]) -> None:
        for session in sessions:
            session.close()
        for session in sessions:
            session.wait(_CLOSE_SECONDS)
