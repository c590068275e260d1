"""The cells of a notebook as a chain: which cell made which state, from what text, on what state.

Pure bookkeeping. Where the order of the cells is not known, it is the order of execution.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .result import StepResult
from .state import BuildState

__all__ = ["CellChain", "CellRecord"]


@dataclass(frozen=True)
class CellRecord:
    """One execution of a cell.

    Args:
        source: The text that ran, without magics.
        before: Token of the state that it ran on.
        after: The state afterwards.
        build_args: The ARGs that the cell declares, with the build args given for them.
        taken: True: taken from the cache because a cell below needed it; it has no card of its own.
        begun: There was text above it, so that it could not set the escape character.
    """

    cell_id: str
    source: str
    before: str
    after: BuildState
    build_args: tuple[tuple[str, str | None], ...] = ()
    results: tuple[StepResult, ...] = ()
    taken: bool = False
    begun: bool = False


class CellChain:
    """The order of the cells and their newest executions."""

    def __init__(self) -> None:
        self._order: list[str] = []
        self._records: dict[str, CellRecord] = {}
        self._last: str | None = None

    @property
    def last(self) -> str | None:
        """The cell that ran last."""
        return self._last

    def arrange(self, order: Sequence[str] | None, current: str) -> None:
        """Brings the order up to date before `current` runs.

        Args:
            order: IDs of all code cells in the order of the notebook; None: not known.
            current: The cell about to run. If nobody knows its place, it goes below the cell that
                ran last.
        """
        if order is not None:
            self._order = list(dict.fromkeys(order))
        if current not in self._order:
            last = self._order.index(self._last) if self._last in self._order else None
            self._order.insert(len(self._order) if last is None else last + 1, current)

    def drop(self, cell_ids: Iterable[str]) -> None:
        """Forgets deleted cells."""
        for cell_id in cell_ids:
            self._records.pop(cell_id, None)
            if cell_id in self._order:
                self._order.remove(cell_id)
            if self._last == cell_id:
                self._last = None

    def above(self, cell_id: str) -> list[str]:
        """The cells above `cell_id`, first one first."""
        return self._order[: self._order.index(cell_id)]

    def record(self, cell_id: str) -> CellRecord | None:
        """The newest execution of a cell."""
        return self._records.get(cell_id)

    def keep(self, record: CellRecord) -> None:
        """A cell was executed, or taken from the cache."""
        self._records[record.cell_id] = record
        if not record.taken:
            self._last = record.cell_id

    def forget(self, cell_id: str) -> None:
        """The cell failed: what it made before is not its result any more."""
        self._records.pop(cell_id, None)

    def records(self) -> list[CellRecord]:
        """All executions, in the order of the notebook."""
        return [self._records[cell] for cell in self._order if cell in self._records]

    def newest_state(self) -> BuildState:
        """The state after the last cell whose cells above are still what it was built on."""
        state = BuildState()
        for record in self.records():
            if record.before != state.token:
                break
            state = record.after
        return state

    def clear(self) -> None:
        """Forgets everything."""
        self._order.clear()
        self._records.clear()
        self._last = None
