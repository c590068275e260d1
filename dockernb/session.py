"""A session joins a build and an engine: what the kernel and the command line call.

One session is one notebook. It knows the chain of its cells: which cell made which snapshot, from
what text and on what parent.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from .build.build_flags import NO_FLAGS, BuildFlags, parse_flags
from .build.builder import Builder
from .build.cache import BuildCache
from .build.cell_run import CellRun
from .build.cell_text import has_instructions
from .build.cells_above import ANONYMOUS, CellsAbove, args_of
from .build.chain import CellChain, CellRecord, Failure
from .build.context import BuildContext
from .build.events import Listener
from .build.next_run import NextRun
from .build.outcome import BuildOptions
from .build.result import StepResult
from .build.state import BuildState, Stage
from .checks.lineage import subject_of
from .checks.subject import Subject
from .engines.base import Engine, EngineInfo
from .engines.select import open_engine
from .errors import BuildError, BuildInterruptedError, CellsNotRunError, DockernbError, EngineError
from .folders import cache_folder
from .use.runs import Runs

__all__ = ["CellText", "Scope", "Session", "SessionOptions"]


@dataclass(frozen=True)
class CellText:
    """A code cell of the notebook as it is known: its ID and text (magics included)."""

    id: str
    source: str


@dataclass(frozen=True)
class SessionOptions:
    """Settings of a session.

    Args:
        engine: "docker" or "embedded"; None: the first that answers.
        context: Root of the build context.
        build_args: Values for ARG, as `--build-arg`.
        secrets: Secret ID -> content.
        flags: Other flags of `docker build`.
        use_cache: False: every step is built.
        pull: True: FROM asks the registry even if the image is there.
        prepare: True: a reader types between the cells, and the engine may use that time to make
            the next RUN ready.
    """

    engine: str | None = None
    context: Path = Path()
    build_args: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    flags: BuildFlags = NO_FLAGS
    use_cache: bool = True
    pull: bool = False
    prepare: bool = False


@dataclass(frozen=True)
class Scope:
    """What names mean after a cell: for completion, help and the status line.

    Args:
        stages: Names (or numbers as text) of the stages, in order; the last is the current one.
        variables: ENV and ARG values that an instruction would see.
        snapshot: Image ID of the current snapshot; None before any FROM.
    """

    stages: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    snapshot: str | None = None
    user: str = ""
    working_dir: str = ""


class Session:
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
        self._options = options
        self._connect = connect
        self._chain = CellChain()
        self._context = BuildContext(options.context)
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._cache: BuildCache | None = None
        self._anonymous = 0
        self.runs = Runs()
        self._next_run = NextRun(lambda: self._engine)

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
        self._chain.arrange(None if order is None else [text.id for text in order], cell)
        run = CellRun(self._builder(), listener, cancel)
        texts = {text.id: text.source for text in order or ()}
        above = CellsAbove(cell, texts, self._chain, run, self._options.build_args)
        with self._noted(cell, source):
            run.check(source, above.state)
            before = state = above.settle()
            self._chain.forget(cell)
            try:
                state, results = run.cell(source, cell_id, before)
            finally:  # a cell that failed is corrected and run again, on the state before it
                if self._options.prepare:
                    self._next_run.after(state)
        args = args_of(state, self._options.build_args)
        self._chain.keep(
            CellRecord(cell, source, before.token, state, args, tuple(results), begun=before.begun)
        )
        return results

    @contextmanager
    def _noted(self, cell: str, source: str) -> Iterator[None]:
        """Notes a failure, so that a cell below can say what is wrong with this one."""
        try:
            yield
        except CellsNotRunError:
            raise  # it was not run
        except DockernbError as error:
            interrupted = isinstance(error, BuildInterruptedError)
            reason = "was interrupted" if interrupted else "failed"
            self._chain.fail(cell, Failure(source, reason))
            raise

    def _new_cell_id(self) -> str:
        self._anonymous += 1
        return f"{ANONYMOUS}{self._anonymous}"

    def _builder(self) -> Builder:
        """For one cell; the engine is asked here whether it is alive."""
        engine = self._connected()
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
        return Builder(engine, self._opened_cache(info), self._context, options)

    # --- looking ---------------------------------------------------------------------------
    def scope(self, cell_id: str | None = None) -> Scope:
        """What names mean after the cell (None: after the last one that ran)."""
        record = self._chain.record(cell_id or self._chain.last or "")
        if record is None:
            return Scope()
        state = record.after
        stage = state.stage
        if stage is None:
            values = {arg.key: arg.value or "" for arg in state.global_args}
            return Scope(variables=values)
        runtime = stage.config.runtime
        return Scope(
            stages=tuple(each.label for each in state.stages),
            variables=stage.variables,
            snapshot=stage.image_id,
            user=runtime.user,
            working_dir=runtime.working_dir or "/",
        )

    @property
    def context_root(self) -> Path:
        """Root of the build context."""
        return self._options.context

    def engine_name(self) -> str:
        """Name of the engine in use. Raises `EngineNotAvailableError` when none answers."""
        return self._connected().info().name

    def engine(self) -> Engine:
        """The engine in use. Raises `EngineNotAvailableError` when none answers."""
        return self._connected()

    def local_references(self) -> list[str]:
        """Image names on the engine, for completion; empty when it does not answer."""
        try:
            return self._connected().local_references()
        except EngineError:
            return []

    def results(self) -> list[StepResult]:
        """The newest result of every step that ran here, in the order of the notebook."""
        return [result for record in self._chain.records() for result in record.results]

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
        return subject_of(self._connected(), stage.image_id, self.results(), cancel)

    def _state_above(
        self, cell: str, order: Sequence[CellText] | None, cancel: threading.Event
    ) -> BuildState:
        """The state after the cells above; what was taken from the cache has its results too."""
        self._chain.arrange(None if order is None else [text.id for text in order], cell)
        run = CellRun(self._builder(), lambda _: None, cancel)
        texts = {text.id: text.source for text in order or ()}
        above = CellsAbove(cell, texts, self._chain, run, self._options.build_args)
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
    def set_context(self, root: Path) -> None:
        """Another build context, from the next cell on."""
        self._context = BuildContext(root)
        self._options = replace(self._options, context=root)

    def set_build_arg(self, name: str, value: str | None) -> None:
        """Sets (None: removes) a build arg; cells that used the old value become stale."""
        values = {key: old for key, old in self._options.build_args.items() if key != name}
        if value is not None:
            values[name] = value
        self._options = replace(self._options, build_args=values)

    def set_secret(self, secret_id: str, content: bytes) -> None:
        """Keeps a secret in memory for `RUN --mount=type=secret`."""
        secrets = {**self._options.secrets, secret_id: content}
        self._options = replace(self._options, secrets=secrets)

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags in force, as they are written."""
        return self._options.flags.words

    def set_flags(self, words: Sequence[str]) -> None:
        """Flags of `docker build` for the next cells, in the place of those before.

        Raises:
            BuildError: one is unknown, or its value is wrong; those before stay.
        """
        flags = parse_flags(words, self.context_root)
        self._options = replace(self._options, flags=flags)

    def use_engine(self, name: str | None) -> None:
        """Changes the engine; the chain starts anew."""
        engine = self._connect(name)
        self._next_run.cancel()
        with self._lock:
            self._disconnect()
            self._engine = engine
        self._options = replace(self._options, engine=name)
        self._chain.clear()

    def use_cache(self, enabled: bool) -> None:
        """Switches the build cache on or off."""
        self._options = replace(self._options, use_cache=enabled)

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
        self._connected().tag(image_id, reference)
        return image_id

    # --- the engine and its cache --------------------------------------------------------------
    def _connected(self) -> Engine:
        with self._lock:
            if self._engine is None:
                self._engine = self._connect(self._options.engine)
            return self._engine

    def _opened_cache(self, info: EngineInfo) -> BuildCache:
        with self._lock:
            if self._cache is None:
                self._cache = BuildCache(cache_folder(), info.identity)
            return self._cache

    def _disconnect(self) -> None:
        self.runs.close()
        if self._engine is not None:
            self._engine.close()
        if self._cache is not None:
            self._cache.close()
        self._engine = self._cache = None

    def remove_leftovers(self) -> list[str]:
        """Removes containers that dead processes left; called once, in the background."""
        return self._connected().remove_leftovers()

    def close(self) -> None:
        """Ends the session; removals in the background are waited for."""
        self._next_run.cancel()
        with self._lock:
            self._disconnect()


def _nothing_built() -> BuildError:
    return BuildError(
        "there is no snapshot yet", hint="Run a cell with FROM, for example: FROM busybox"
    )
