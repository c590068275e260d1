"""A session joins a build and an engine: what the kernel and the command line call.

One session is one notebook. It knows the chain of its cells: which cell made which snapshot, from
what text and on what parent.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from .build.builder import Builder
from .build.cell_run import CellRun
from .build.cell_text import has_instructions
from .build.cells_above import ANONYMOUS, CellsAbove, args_of, reads_of
from .build.chain import CellRecord, Execution, Failure
from .build.connection import EngineConnection
from .build.context_view import ContextView
from .build.events import Listener
from .build.freshness import Freshness
from .build.image_diff import ImageDifference, compare_snapshots
from .build.next_run import NextRun
from .build.notebook_record import NotebookRecord
from .build.outcome import BuildOptions
from .build.plan import PlannedCell, plan_of
from .build.result import StepResult
from .build.session_values import CellText, Scope, SessionOptions
from .build.snapshot_names import find_cell, find_snapshot
from .build.state import BuildState, Stage
from .build.survey import CellState, setting_lines
from .checks.lineage import subject_of
from .checks.subject import Subject
from .engines.base import Engine
from .engines.select import open_engine
from .errors import BuildError, BuildInterruptedError, CellsNotRunError, DockernbError, EngineError
from .folders import cache_folder
from .use.runs import Runs

__all__ = [
    "CellState",
    "CellText",
    "ContextView",
    "Scope",
    "Session",
    "SessionOptions",
    "setting_lines",
]


class Session(NotebookRecord):
    """One notebook being built. One cell at a time; looking is safe from other threads.

    Args:
        connect: Opens the engine with a name (None: the first that answers).

    Attributes:
        runs: The containers that run its images; they end with the session.
    """

    def __init__(
        self,
        options: SessionOptions,
        *,
        connect: Callable[[str | None], Engine] = open_engine,
    ) -> None:
        super().__init__(options)
        self.runs = Runs()
        self._connection = EngineConnection(
            connect, options.engine, cache_folder, before_close=self.runs.close
        )
        self._building = threading.Lock()
        self._anonymous = 0
        self._next_run = NextRun(self._connection.peek)

    # --- what a cell does -----------------------------------------------------------------
    def run_cell(
        self,
        source: str,
        *,
        cell_id: str | None,
        order: Sequence[CellText] | None,
        listener: Listener,
        cancel: threading.Event,
    ) -> list[StepResult]:
        """Builds the instructions of one cell in order; stops at the first failure.

        Args:
            source: Text of the cell, without magics. Only comments: nothing happens.
            cell_id: Identity of the cell; None: each execution is a new cell at the end.
            order: All code cells in the order of the notebook, when known.

        Returns:
            One result a step.

        Raises:
            DockernbError: what failed; a `StepFinished` with status "failed" was sent before if a
                step had started. The state before the failed step stays.
            CellsNotRunError: cells above must be run first; nothing was run.
        """
        self._next_run.cancel()
        cell = cell_id or self._new_cell_id()
        if not has_instructions(source):
            self._chain.forget(cell)
            return []
        with self._building:
            return self._run_cell(cell, source, cell_id, order, listener, cancel)

    def _run_cell(
        self,
        cell: str,
        source: str,
        cell_id: str | None,
        order: Sequence[CellText] | None,
        listener: Listener,
        cancel: threading.Event,
    ) -> list[StepResult]:
        self._chain.arrange(None if order is None else [text.id for text in order], cell)
        run = CellRun(self._builder(), listener, cancel)
        texts = {text.id: text.source for text in order or ()}
        above = CellsAbove(cell, texts, self._chain, run, self._freshness())
        self._chain.begin(cell)
        with self._noted(cell, source):
            run.check(source, above.state)
            before = state = above.settle()
            self._chain.forget(cell)
            try:
                state, results = run.cell(source, cell_id, before)
            finally:  # a cell that failed is corrected and run again, on the state before it
                if self._options.prepare:
                    self._next_run.after(state)
        args = args_of(before, state, self._options.build_args)
        self._chain.keep(
            CellRecord(
                cell,
                source,
                before,
                state,
                args,
                tuple(results),
                reads=reads_of(results),
                above=above.last,
                text=texts.get(cell),
                flags=self.flags,
            )
        )
        return results

    def _freshness(self) -> Freshness:
        return Freshness(self._options.build_args, self.files.now, self.flags)

    def plan(self, cells: Sequence[CellText]) -> list[PlannedCell]:
        """What running all cells would do. Nothing is built or pulled.

        Raises:
            EngineError: the engine does not answer.
        """
        with self._building:
            above = self._look_at(cells, may_fetch=True)
            return plan_of(above, {cell.id: cell.source for cell in cells})

    def _look_at(self, cells: Sequence[CellText], *, may_fetch: bool) -> CellsAbove:
        """All cells, as a cell below them would see them."""
        below = self._new_cell_id()
        order = [cell.id for cell in cells] or self._chain.order
        self._chain.arrange([*order, below], below)
        try:
            run = CellRun(self._builder(), lambda _: None, threading.Event())
            texts = {cell.id: cell.source for cell in cells}
            return CellsAbove(
                below, texts, self._chain, run, self._freshness(), may_fetch=may_fetch
            )
        finally:
            self._chain.drop((below,))

    def restore(self, cells: Sequence[CellText]) -> bool:
        """Takes what an earlier kernel built from the cache; False: a cell runs, try again later.

        Nothing is built, pulled or downloaded. What the cache does not hold stays not run.

        Raises:
            EngineError: the engine does not answer.
        """
        if not self._building.acquire(blocking=False):
            return False
        try:
            if self._options.use_cache:
                self._look_at(cells, may_fetch=False).keep_taken()
        finally:
            self._building.release()
        return True

    # --- back and forth ------------------------------------------------------------------------
    def undo(self) -> Execution | None:
        """Takes the newest execution of a cell back; what it had made before counts again.

        Returns:
            What the cell is now; None: there is nothing to take back.
        """
        self._next_run.cancel()
        return self._chain.undo()

    def stand_at(self, name: str, cells: Sequence[str]) -> str:
        """Makes the snapshot of a cell the current one until a cell runs; gives the cell's ID.

        Args:
            name: The cell's number, from 1, or ID.
            cells: IDs of all code cells in order; empty: those that ran, in their order.

        Raises:
            BuildError: there is no such cell, or it has no snapshot.
        """
        cell = find_cell(name, cells or self._chain.order, self._chain)
        self._chain.stand(cell)
        return cell

    def compare(self, left: str, right: str, cells: Sequence[str]) -> ImageDifference:
        """What differs between two snapshots: of cells, stages, or any images on the engine.

        Raises:
            BuildError: nothing is called so.
        """
        images = [self.find_snapshot(name, cells) for name in (left, right)]
        return compare_snapshots(self._connection.engine(), *images)

    def find_snapshot(self, name: str, cells: Sequence[str]) -> str:
        """The image ID of what a reader calls so; as in `compare`."""
        order = cells or self._chain.order
        return find_snapshot(name, order, self._chain, self._connection.engine())

    @contextmanager
    def _noted(self, cell: str, source: str) -> Iterator[None]:
        """Notes that the cell runs, and a failure: cells below say what is wrong with this one."""
        self._running = cell
        try:
            yield
        except CellsNotRunError:
            raise  # it was not run
        except DockernbError as error:
            interrupted = isinstance(error, BuildInterruptedError)
            reason = "was interrupted" if interrupted else "failed"
            self._chain.fail(cell, Failure(source, reason))
            raise
        finally:
            self._running = None

    def _new_cell_id(self) -> str:
        self._anonymous += 1
        return f"{ANONYMOUS}{self._anonymous}"

    def _builder(self) -> Builder:
        """For one cell; the engine is asked here whether it is alive."""
        engine = self._connection.engine()
        info = engine.info()
        options = BuildOptions(
            engine_name=info.name,
            build_args=self._options.build_args,
            secrets=self._options.secrets,
            flags=self._options.flags,
            platform=info.platform,
            use_cache=self._options.use_cache,
            pull=self._options.pull,
        )
        cells = tuple(self._chain.order)
        return Builder(engine, self._connection.cache(info), self._context, options, cells)

    # --- looking ---------------------------------------------------------------------------
    def engine_name(self) -> str:
        """Name of the engine in use. Raises `EngineNotAvailableError` when none answers."""
        return self._connection.engine().info().name

    def engine(self) -> Engine:
        """The engine in use. Raises `EngineNotAvailableError` when none answers."""
        return self._connection.engine()

    def local_references(self) -> list[str]:
        """Image names on the engine, for completion; empty when it does not answer."""
        try:
            return self._connection.engine().local_references()
        except EngineError:
            return []

    def image_of(self, stage: str | None = None) -> Stage:
        """The newest state of a stage (None: the last one in the notebook).

        Cells that stand below an edited one count only once they have run again.

        Raises:
            BuildError: nothing was built yet.
            StageNotFoundError: there is no such stage.
        """
        state = self._chain.newest_state()
        if state.stage is None:
            raise _nothing_built()
        found = state.stage if stage is None else state.need_stage(stage)
        assert found is not None  # noqa: S101  (checked above)
        return found

    def subject(
        self,
        *,
        cell_id: str | None,
        order: Sequence[CellText] | None,
        cancel: threading.Event,
    ) -> Subject:
        """The newest snapshot above a cell, for a check. Nothing is built.

        Args:
            cell_id: The cell that asks; None: all cells that ran stand above it.
            order: As in `run_cell`.

        Raises:
            BuildError: no cell above has made a snapshot.
            CellsNotRunError: cells above must be run first.
        """
        if cell_id is None:
            stage: Stage | None = self.image_of()
        else:
            stage = self._state_above(cell_id, order, cancel).stage
        if stage is None:
            raise _nothing_built()
        if stage.missing:
            raise CellsNotRunError(stage.missing)
        return subject_of(self._connection.engine(), stage.image_id, self.results(), cancel)

    def _state_above(
        self, cell: str, order: Sequence[CellText] | None, cancel: threading.Event
    ) -> BuildState:
        """The state after the cells above; what was taken from the cache has its results too."""
        self._chain.arrange(None if order is None else [text.id for text in order], cell)
        run = CellRun(self._builder(), lambda _: None, cancel)
        texts = {text.id: text.source for text in order or ()}
        above = CellsAbove(cell, texts, self._chain, run, self._freshness())
        state, before = above.settle(), BuildState()
        for other in self._chain.above(cell):
            record = self._chain.record(other)
            if record is None:
                continue
            if record.taken and not record.results and record.before == before.token:
                _, results = run.cell(record.source, None, before)
                self._chain.keep(replace(record, results=tuple(results)))
            before = record.after
        return state

    # --- settings (the magics) ---------------------------------------------------------------
    def use_engine(self, name: str | None) -> None:
        """Changes the engine; the chain starts anew."""
        self._next_run.cancel()
        self._connection.use(name)
        self._options = replace(self._options, engine=name)
        self._chain.clear()

    def reset(self) -> None:
        """Forgets all cells; snapshots and cache stay."""
        self._next_run.cancel()
        self._chain.clear()

    def drop_cells(self, cell_ids: Sequence[str]) -> None:
        """The reader deleted these cells."""
        self._chain.drop(cell_ids)

    def tag(self, reference: str, stage: str | None = None) -> str:
        """Names the last snapshot of a stage (None: the last stage); returns the image ID."""
        image_id = self.image_of(stage).image_id
        self._connection.engine().tag(image_id, reference)
        return image_id

    # --- the engine ----------------------------------------------------------------------------
    def prune(self) -> tuple[int, int]:
        """As `EngineConnection.prune`."""
        return self._connection.prune()

    def remove_leftovers(self) -> list[str]:
        """Removes containers that dead processes left; called once, in the background."""
        return self._connection.engine().remove_leftovers()

    def close(self) -> None:
        """Ends the session; removals in the background are waited for."""
        self._next_run.cancel()
        self._connection.close()


def _nothing_built() -> BuildError:
    return BuildError(
        "there is no snapshot yet", hint="Run a cell with FROM, for example: FROM busybox"
    )
