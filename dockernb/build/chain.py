"""The cells of a notebook as a chain: which cell made which state, from what text, on what state.

Pure bookkeeping. Where the order of the cells is not known, it is the order of execution.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .context_read import ContextRead
from .result import StepResult
from .state import BuildState

__all__ = ["CellChain", "CellRecord", "Execution", "Failure"]

# So many executions can be taken back.
_KEPT = 200


@dataclass(frozen=True)
class CellRecord:
    """One execution of a cell.

    Args:
        source: The text that ran, without magics.
        start: The state that it ran on.
        after: The state afterwards.
        build_args: The ARGs that the cell declares, with the build args given for them.
        taken: True: taken from the cache because a cell below needed it; it has no card of its own.
        reads: What it took from the build context.
        above: The cell that it stood below, as far as that one has instructions; "": none.
        text: The cell's whole text, magics included, where it is known.
        flags: The flags of `docker build` in force, as they are written.
    """

    cell_id: str
    source: str
    start: BuildState
    after: BuildState
    build_args: tuple[tuple[str, str | None], ...] = ()
    results: tuple[StepResult, ...] = ()
    taken: bool = False
    reads: tuple[ContextRead, ...] = ()
    above: str = ""
    text: str | None = None
    flags: tuple[str, ...] = ()

    @property
    def before(self) -> str:
        """Token of the state that it ran on."""
        return self.start.token

    @property
    def begun(self) -> bool:
        """There was text above it, so that it could not set the escape character."""
        return self.start.begun


@dataclass(frozen=True)
class Failure:
    """The newest execution of a cell that made nothing.

    Args:
        source: The text that ran, without magics.
        reason: "failed" or "was interrupted".
    """

    source: str
    reason: str


@dataclass(frozen=True)
class Execution:
    """What a cell was before one of its executions: taken back by `undo`."""

    cell_id: str
    record: CellRecord | None
    failure: Failure | None


class CellChain:
    """The order of the cells and their newest executions.

    A gap stands for a cell that has no result while a cell below it has one: a FROM needs nothing
    of the stage above it. `after` of a gap is the state without that cell's result.
    """

    def __init__(self) -> None:
        self._order: list[str] = []
        self._records: dict[str, CellRecord] = {}
        self._gaps: dict[str, CellRecord] = {}
        self._failures: dict[str, Failure] = {}
        self._last: str | None = None
        self._stand: str | None = None
        self._history: list[Execution] = []

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
            self.forget(cell_id)
            if cell_id in self._order:
                self._order.remove(cell_id)
            if self._last == cell_id:
                self._last = None

    @property
    def order(self) -> list[str]:
        """All cells that are known, in order."""
        return list(self._order)

    def above(self, cell_id: str) -> list[str]:
        """The cells above `cell_id`, first one first."""
        return self._order[: self._order.index(cell_id)]

    def record(self, cell_id: str) -> CellRecord | None:
        """The newest execution of a cell."""
        return self._records.get(cell_id)

    def keep(self, record: CellRecord) -> None:
        """A cell was executed, or taken from the cache."""
        if not record.taken:
            self._skip_if_nothing_changed(record)
        self.forget(record.cell_id)
        self._records[record.cell_id] = record
        if not record.taken:
            self._last = record.cell_id
            self._stand = None

    def begin(self, cell_id: str) -> None:
        """The cell is about to run: what it is until then can be brought back."""
        before = Execution(cell_id, self._records.get(cell_id), self._failures.get(cell_id))
        self._history = [*self._history[-_KEPT:], before]

    def undo(self) -> Execution | None:
        """Takes the newest execution back; None: there is none left. Gives what the cell is now."""
        if not self._history:
            return None
        before = self._history.pop()
        self.forget(before.cell_id)
        if before.record is not None:
            self._records[before.cell_id] = before.record
        if before.failure is not None:
            self._failures[before.cell_id] = before.failure
        self._stand = None
        return before

    def _skip_if_nothing_changed(self, record: CellRecord) -> None:
        """An execution that gave what was there is not one to take back."""
        before = self._history[-1] if self._history else None
        if before is None or before.record is None or before.failure is not None:
            return
        same = before.record.source == record.source and before.record.after == record.after
        if same and before.record.cell_id == record.cell_id:
            self._history.pop()

    def stand(self, cell_id: str) -> None:
        """Cells below this one do not count until a cell has run; an unplaced one goes below it."""
        self._stand = self._last = cell_id

    def keep_gap(self, gap: CellRecord) -> None:
        """A cell below this one was executed without its result."""
        self._gaps[gap.cell_id] = gap

    def fail(self, cell_id: str, failure: Failure) -> None:
        """The cell was executed in vain: what it made before is not its result any more."""
        self.forget(cell_id)
        self._failures[cell_id] = failure

    def failure(self, cell_id: str) -> Failure | None:
        """The newest execution of a cell, if it was in vain."""
        return self._failures.get(cell_id)

    def forget(self, cell_id: str) -> None:
        """Nothing is known of this cell any more."""
        self._records.pop(cell_id, None)
        self._gaps.pop(cell_id, None)
        self._failures.pop(cell_id, None)

    def records(self) -> list[CellRecord]:
        """All executions, in the order of the notebook."""
        return [self._records[cell] for cell in self._order if cell in self._records]

    def newest_state(self) -> BuildState:
        """The state after the last cell whose cells above are still what it was built on."""
        state = newest = BuildState()
        for cell in self._order:
            link = self._gaps.get(cell) or self._records.get(cell)
            if link is None:
                continue
            if link.before != state.token:
                break
            state = link.after
            if cell not in self._gaps:
                newest = state
            if cell == self._stand:
                break
        return newest

    def clear(self) -> None:
        """Forgets everything."""
        self._order.clear()
        self._records.clear()
        self._gaps.clear()
        self._failures.clear()
        self._history.clear()
        self._last = self._stand = None
