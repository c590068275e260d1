"""The cells above the one that runs: what they made, what the cache has, what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
from .cell_text import first_line, has_instructions
from .chain import CellChain, CellRecord
from .context_read import ContextRead
from .freshness import Freshness
from .gap import state_without
from .result import CacheVerdict, StepResult
from .state import BuildState
from .step import Step

__all__ = ["ANONYMOUS", "CellsAbove", "Link", "args_of", "known_id", "reads_of"]

# Begins the IDs of cells that have none; no front end makes an ID with a blank.
ANONYMOUS = "execution "

BuildArgs = Mapping[str, str]


def args_of(
    start: BuildState, after: BuildState, build_args: BuildArgs
) -> tuple[tuple[str, str | None], ...]:
    """The ARGs that a cell declared, also by triggers, with the build args given for them."""
    declared = {arg.key for arg in after.global_args[len(start.global_args) :]}
    for index, stage in enumerate(after.stages):
        earlier = len(start.stages[index].args) if index < len(start.stages) else 0
        declared |= {arg.key for arg in stage.args[earlier:]}
    return tuple((name, build_args.get(name)) for name in sorted(declared))


def reads_of(results: Iterable[StepResult]) -> tuple[ContextRead, ...]:
    """What the steps took from the build context."""
    return tuple(result.read for result in results if result.read is not None)


def known_id(cell: str) -> str | None:
    """The cell's ID as the front end knows it; None: it has none."""
    return None if cell.startswith(ANONYMOUS) else cell


@dataclass(frozen=True)
class Link:
    """A cell above as it counts now: its record, or a gap.

    Args:
        verdicts: What the cache said of each step that was looked for; none if the record counts.
    """

    record: CellRecord
    gap: MissingCell | None = None
    needs: tuple[MissingCell, ...] = ()
    verdicts: tuple[CacheVerdict, ...] = ()


class CellsAbove:
    """What the cells above one cell made; nothing is built until `settle`.

    A cell that has not run, or whose text or parent changed since, is taken from the cache. What
    the cache does not hold is missing: the state says so, and what needs it is refused.

    Args:
        texts: All code cells by ID, magics included, in the order of the notebook; cells that it
            does not name have the text that they ran with.
        may_fetch: False: a cell that would have to download to know its cache key is not asked for.
    """

    def __init__(
        self,
        cell: str,
        texts: Mapping[str, str],
        chain: CellChain,
        run: CellRun,
        freshness: Freshness,
        *,
        may_fetch: bool = True,
    ) -> None:
        self._texts = texts
        self._chain = chain
        self._run = run
        self._freshness = freshness
        self._may_fetch = may_fetch
        self.last = ""
        self._cells = chain.above(cell)
        self.links: list[Link] = []
        self.state = BuildState()
        for position, other in enumerate(self._cells):
            link = self._link(other, position)
            if link is not None:
                self.links.append(link)
                self.state = link.record.after
                if has_instructions(link.record.source):
                    self.last = other

    def settle(self) -> BuildState:
        """The state that the cell starts from, now that it is going to run.

        What was taken from the cache is kept on record. Snapshots that were removed behind our
        back are made again: their cells ran before with the same text, so they run again, from the
        nearest snapshot that is left (SEMANTICS T8). Each is told to the listener, and its verdict
        says why.
        """
        for link in self.links:
            self._keep(link, link.record)
        if self._run.builder.lives(self.state):
            return self.state
        living = len(self.links)
        while living and not self._run.builder.lives(self.links[living - 1].record.after):
            living -= 1
        state = self.links[living - 1].record.after if living else BuildState()
        for link in self.links[living:]:
            record = self._again(link, state)
            self._keep(link, record)
            state = record.after
        return state

    def keep_taken(self) -> None:
        """Keeps on record what was taken from the cache, of cells that did not run themselves."""
        for link in self.links:
            cell = link.record.cell_id
            known = self._chain.record(cell)
            ran = self._chain.failure(cell) or (known and not known.taken)
            if link.gap is None and not ran and has_instructions(link.record.source):
                self._keep(link, link.record)

    def _keep(self, link: Link, record: CellRecord) -> None:
        if link.gap is not None:
            self._chain.keep_gap(record)
        elif self._chain.record(record.cell_id) is not record:
            self._chain.keep(record)

    def _again(self, link: Link, before: BuildState) -> CellRecord:
        """The cell built again, or its gap, on another state."""
        record, results = link.record, link.record.results
        if link.gap is not None:
            after = state_without(link.gap, record.source, before, link.needs)
        else:
            after, made = self._run.cell(record.source, known_id(record.cell_id), before)
            results = tuple(made)
            record = replace(record, reads=reads_of(results))
        return replace(record, start=before, after=after, results=results)

    # --- one cell ---------------------------------------------------------------------------
    def _link(self, cell: str, position: int) -> Link | None:
        """How the cell counts on the state so far; None: it has no text and never ran."""
        record, before = self._chain.record(cell), self.state
        source = without_magics(self._texts[cell]) or "" if cell in self._texts else None
        if source is None:
            if record is None:
                return None
            source = record.source
        if record is not None:
            judged = self._freshness.judge(record, source, before)
            if isinstance(judged, BuildState):
                same = record.before == before.token
                return Link(record if same else replace(record, start=before, after=judged))
        needs: tuple[MissingCell, ...] = ()
        steps: list[Step] = []
        try:
            after = self._replayed(cell, source, before, steps)
        except CellsNotRunError as error:
            after, needs = None, error.missing
        verdicts = tuple(step.verdict for step in steps)
        if after is not None:
            reads = tuple(step.read for step in steps if step.read is not None)
            record = self._record(cell, source, before, after, reads)
            return Link(record, verdicts=verdicts)
        gap = self._missing(cell, source, position)
        after = state_without(gap, source, before, needs)
        return Link(self._record(cell, source, before, after), gap, needs, verdicts)

    def _record(
        self,
        cell: str,
        source: str,
        before: BuildState,
        after: BuildState,
        reads: tuple[ContextRead, ...] = (),
    ) -> CellRecord:
        args = args_of(before, after, self._freshness.build_args)
        return CellRecord(
            cell,
            source,
            before,
            after,
            args,
            taken=True,
            reads=reads,
            above=self.last,
            flags=self._freshness.flags,
        )

    def _replayed(
        self, cell: str, source: str, before: BuildState, steps: list[Step]
    ) -> BuildState | None:
        """The state that running the cell would give, if the cache holds all of its steps.

        Raises:
            CellsNotRunError: other cells must run before it.
        """
        if not self._may_fetch and _downloads(source):
            return None

        try:
            return self._run.replay(source, known_id(cell), before, steps.append)
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
            cell_id=known_id(cell) or "",
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


def _downloads(source: str) -> bool:
    """Whether the cell may add something from the network."""
    upper = source.upper()
    return "ADD" in upper and ("://" in upper or "GIT@" in upper or "$" in upper)
