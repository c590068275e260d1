"""What failed steps left: kept until their cell runs again, so that a reader can look for why."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass

from ..engines.base import KeptFiles
from ..errors import RunError
from .terminals import Terminals

__all__ = ["FailedState", "FailedStates"]

_MOST = 10


@dataclass(frozen=True)
class FailedState:
    """One.

    Args:
        cell_id: The cell whose step failed.
        instruction: Its text as the reader wrote it.
    """

    cell_id: str
    instruction: str
    files: KeptFiles


class FailedStates:
    """One a cell, and not more than some. Safe for several threads.

    Args:
        terminals: Those that stand on what is given up are ended first.
    """

    def __init__(self, terminals: Terminals) -> None:
        self._terminals = terminals
        self._lock = threading.Lock()
        self._states: dict[str, FailedState] = {}

    def keep(self, state: FailedState) -> None:
        """Keeps one, in the place of the cell's own before."""
        with self._lock:
            old = [self._states.pop(state.cell_id, None)]
            self._states[state.cell_id] = state
            if len(self._states) > _MOST:
                old.append(self._states.pop(next(iter(self._states))))
        self._give_up(each for each in old if each is not None)

    def find(self, cell_id: str | None = None) -> FailedState:
        """The one of a cell; with none named, the newest.

        Raises:
            RunError: there is none.
        """
        with self._lock:
            newest = next(reversed(self._states.values()), None)
            found = newest if cell_id is None else self._states.get(cell_id)
        if found is None:
            raise RunError(
                "there is no failed state" + ("" if cell_id is None else " of this cell"),
                rule="The files that a failed RUN leaves are kept until its cell is run again.",
                hint="Run the cell that fails; then open a terminal in its failed state.",
            )
        return found

    def drop(self, cell_ids: Iterable[str]) -> None:
        """These cells are run again, or deleted. Returns at once."""
        with self._lock:
            dropped = [self._states.pop(cell, None) for cell in cell_ids]
        gone = [each for each in dropped if each is not None]
        if gone:
            threading.Thread(target=self._give_up, args=(gone,), daemon=True).start()

    def close(self) -> None:
        """Gives all up."""
        with self._lock:
            states, self._states = list(self._states.values()), {}
        self._give_up(states)

    def _give_up(self, states: Iterable[FailedState]) -> None:
        for state in states:
            self._terminals.close_failed(state.cell_id)
            state.files.remove()
