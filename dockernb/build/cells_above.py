"""The cells above the one that runs: what they made, what the cache has, what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..dockerfile.magics import without_magics
from ..errors import (
    BuildInterruptedError,
    CellsNotRunError,
    DockernbError,
    EngineError,
    MissingCell,
    UnsupportedByEngineError,
)
from .cell_run import CellRun
from .cell_text import first_line, has_instructions, may_set_escape
from .chain import CellChain, CellRecord
from .gap import state_without
from .state import BuildState

__all__ = ["ANONYMOUS", "CellsAbove", "args_of"]

# Begins the IDs of cells that have none; no front end makes an ID with a blank.
ANONYMOUS = "execution "

BuildArgs = Mapping[str, str]


def args_of(state: BuildState, build_args: BuildArgs) -> tuple[tuple[str, str | None], ...]:
    """The ARGs declared so far, also by triggers, with the build args given for them."""
    declared = {arg.key for stage in state.stages for arg in stage.args}
    declared |= {arg.key for arg in state.global_args}
    return tuple((name, build_args.get(name)) for name in sorted(declared))


@dataclass(frozen=True)
class _Link:
    """A cell above as it counts now: its record, or a gap."""

    record: CellRecord
    gap: MissingCell | None = None
    needs: tuple[MissingCell, ...] = ()


class CellsAbove:
    """What the cells above one cell made; nothing is built until `settle`.

    A cell that has not run, or whose text or parent changed since, is taken from the cache. What
    the cache does not hold is missing: the state says so, and what needs it is refused.

    Args:
        texts: All code cells by ID, magics included, in the order of the notebook; cells that it
            does not name have the text that they ran with.
    """

    def __init__(
        self,
        cell: str,
        texts: Mapping[str, str],
        chain: CellChain,
        run: CellRun,
        build_args: BuildArgs,
    ) -> None:
        self._texts = texts
        self._chain = chain
        self._run = run
        self._build_args = build_args
        self._cells = chain.above(cell)
        self._links: list[_Link] = []
        self.state = BuildState()
        for position, other in enumerate(self._cells):
            link = self._link(other, position)
            if link is not None:
                self._links.append(link)
                self.state = link.record.after

    def settle(self) -> BuildState:
        """The state that the cell starts from, now that it is going to run.

        What was taken from the cache is kept on record. Snapshots that were removed behind our
        back are made again: their cells ran before with the same text, so they run again, from the
        nearest snapshot that is left (SEMANTICS T8). Each is told to the listener, and its verdict
        says why.
        """
        for link in self._links:
            self._keep(link, link.record)
        if self._run.builder.lives(self.state):
            return self.state
        living = len(self._links)
        while living and not self._run.builder.lives(self._links[living - 1].record.after):
            living -= 1
        state = self._links[living - 1].record.after if living else BuildState()
        for link in self._links[living:]:
            record = self._again(link, state)
            self._keep(link, record)
            state = record.after
        return state

    def _keep(self, link: _Link, record: CellRecord) -> None:
        if link.gap is not None:
            self._chain.keep_gap(record)
        elif self._chain.record(record.cell_id) is not record:
            self._chain.keep(record)

    def _again(self, link: _Link, before: BuildState) -> CellRecord:
        """The cell built again, or its gap, on another state."""
        record, results = link.record, link.record.results
        if link.gap is not None:
            after = state_without(link.gap, record.source, before, link.needs)
        else:
            cell_id = None if record.cell_id.startswith(ANONYMOUS) else record.cell_id
            after, made = self._run.cell(record.source, cell_id, before)
            results = tuple(made)
        return replace(record, before=before.token, after=after, results=results)

    # --- one cell ---------------------------------------------------------------------------
    def _link(self, cell: str, position: int) -> _Link | None:
        """How the cell counts on the state so far; None: it has no text and never ran."""
        record, before = self._chain.record(cell), self.state
        source = without_magics(self._texts[cell]) or "" if cell in self._texts else None
        if source is None:
            if record is None:
                return None
            source = record.source
        if record is not None and self._is_fresh(record, source, before):
            return _Link(record)
        needs: tuple[MissingCell, ...] = ()
        try:
            after = self._replayed(source, before)
        except CellsNotRunError as error:
            after, needs = None, error.missing
        if after is not None:
            return _Link(self._record(cell, source, before, after))
        gap = self._missing(cell, source, position)
        after = state_without(gap, source, before, needs)
        return _Link(self._record(cell, source, before, after), gap, needs)

    def _record(self, cell: str, source: str, before: BuildState, after: BuildState) -> CellRecord:
        args = args_of(after, self._build_args)
        return CellRecord(cell, source, before.token, after, args, taken=True, begun=before.begun)

    def _is_fresh(self, record: CellRecord, source: str, before: BuildState) -> bool:
        same_text = record.source.strip() == source.strip()
        same_args = all(self._build_args.get(name) == value for name, value in record.build_args)
        same_start = record.begun == before.begun or not may_set_escape(source)
        return record.before == before.token and same_text and same_args and same_start

    def _replayed(self, source: str, before: BuildState) -> BuildState | None:
        """The state that running the cell would give, if the cache holds all of its steps.

        Raises:
            CellsNotRunError: other cells must run before it.
        """
        try:
            return self._run.replay(source, before)
        except UnsupportedByEngineError:
            return None  # running that cell will say so
        except (EngineError, BuildInterruptedError, CellsNotRunError):
            raise
        except DockernbError:
            if not has_instructions(source):
                raise  # wrong parser directives; running that cell would not say so
            return None  # running that cell will say what is wrong with it

    def _missing(self, cell: str, source: str, position: int) -> MissingCell:
        text = self._texts.get(cell, source)
        numbering: Sequence[str] = list(self._texts) or self._cells
        number = numbering.index(cell) + 1 if cell in numbering else "?"
        line = first_line(text)
        return MissingCell(
            position,
            f"cell {number}: {line}",
            self._reason(cell, source),
            declares_arg=line.partition(" ")[0].upper() == "ARG",
        )

    def _reason(self, cell: str, source: str) -> str:
        record, failure = self._chain.record(cell), self._chain.failure(cell)
        if failure is not None and failure.source.strip() == source.strip():
            return failure.reason
        ran = record or failure
        if ran is None:
            return "has not run"
        if ran.source.strip() == source.strip():
            return "is stale"
        return "has changed since it ran"
