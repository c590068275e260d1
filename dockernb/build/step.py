"""The record of one step while it goes on: phases with their times, output, the result."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from ..dockerfile.instructions import FromInstruction, Instruction
from ..errors import BuildInterruptedError, DockernbError, InternalError
from ..oci.config import ImageConfig
from ..oci.diff import FilesystemDiff
from ..oci.digest import short_id
from .byte_count import Watch
from .cache import CachedStep
from .config_changes import config_changes
from .context_read import ContextRead
from .events import (
    Listener,
    OutputReceived,
    PhaseStarted,
    PullProgressed,
    StepFinished,
    StepStarted,
)
from .log import LogBuffer
from .result import (
    CacheVerdict,
    ContainerRecord,
    Phase,
    Snapshot,
    Status,
    StepResult,
)
from .state import BuildState

__all__ = ["Made", "Step"]

# A hit's stored output is sent again in pieces no larger than this.
_REPLAY_CHUNK = 64 * 1024


@dataclass(frozen=True)
class Made:
    """What a successful step made.

    Args:
        image_id: The snapshot.
        config: Its image config.
        size: Bytes of all layers.
    """

    image_id: str
    config: ImageConfig
    size: int = 0
    diff: FilesystemDiff = field(default_factory=FilesystemDiff)


@dataclass
class Step:
    """Collects what a step does and tells the listener. One thread at a time."""

    instruction: Instruction
    source: str
    state: BuildState
    engine: str
    cell_id: str | None
    listener: Listener
    verdict: CacheVerdict = field(default_factory=lambda: CacheVerdict("miss", "first time"))
    container: ContainerRecord | None = None
    log: LogBuffer = field(default_factory=LogBuffer)
    facts: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    read: ContextRead | None = None
    result: StepResult | None = None

    def __post_init__(self) -> None:
        self._started = self._phase_started = time.monotonic()
        self._phase: Phase | None = None
        self._seconds: dict[str, float] = {}

    @property
    def number(self) -> int:
        """Number of the step in the build, from 1."""
        return self.state.step + 1

    @property
    def parent_id(self) -> str | None:
        """The snapshot that the step starts from; None for FROM and before it."""
        if isinstance(self.instruction, FromInstruction) or self.state.stage is None:
            return None
        return self.state.stage.image_id

    @property
    def stage_label(self) -> str:
        """The stage as the reader names it."""
        if isinstance(self.instruction, FromInstruction):
            return self.instruction.stage_name.lower() or str(len(self.state.stages))
        return self.state.stage.label if self.state.stage else ""

    # --- while it runs ---------------------------------------------------------------------------
    def start(self) -> None:
        """Tells the listener that the step begins."""
        self.listener(
            StepStarted(
                self.instruction.name,
                self.source,
                self.stage_label,
                self.number,
                self.parent_id,
                self.engine,
                self.cell_id,
            )
        )

    def watch(self, cancel: threading.Event) -> Watch:
        """Tells the listener how far a piece of the step is; ends when `cancel` is set."""
        return Watch(lambda progress: self.listener(PullProgressed(progress)), cancel)

    def enter(self, phase: Phase, detail: str = "") -> None:
        """Ends the phase before and begins `phase`."""
        self._end_phase()
        self._phase = phase
        self.listener(PhaseStarted(phase, detail))

    def _end_phase(self) -> None:
        now = time.monotonic()
        if self._phase is not None:
            spent = now - self._phase_started
            self._seconds[self._phase] = self._seconds.get(self._phase, 0.0) + spent
        self._phase_started = now

    def output(self, data: bytes) -> None:
        """Takes raw output of the command."""
        self.log.append(data)
        self.listener(OutputReceived(data))

    @property
    def elapsed(self) -> float:
        """Seconds since the step began."""
        return time.monotonic() - self._started

    @contextmanager
    def guarded(self, cancel: threading.Event) -> Iterator[None]:
        """Starts the step; whatever goes wrong in the block ends it as failed or interrupted."""
        self.start()
        try:
            yield
        except DockernbError as error:
            self._fail(error, cancel)
            raise
        except Exception as error:
            bug = InternalError(f"{type(error).__name__}: {error}")
            self._fail(bug, cancel)
            raise bug from error

    # --- how it ends -----------------------------------------------------------------------------
    def completed(self, made: Made) -> StepResult:
        """The result of a step that was built; the listener is not told yet (see `announce`)."""
        self._end_phase()
        before = self.state.stage.config if self.parent_id and self.state.stage else None
        return replace(
            self._result("built"),
            snapshot=self._snapshot(made),
            diff=made.diff,
            config=config_changes(before, made.config),
            log=self.log.finish(),
            built_at=time.time(),
        )

    def succeed_from_cache(self, cached: CachedStep) -> None:
        """The step's snapshot came from the cache; the output of back then is shown again."""
        data = cached.log.text.encode("utf-8", "replace")
        for start in range(0, len(data), _REPLAY_CHUNK):
            self.listener(OutputReceived(data[start : start + _REPLAY_CHUNK], replayed=True))
        made = Made(cached.image_id, cached.image_config, cached.size, cached.diff)
        self._end_phase()
        self.announce(
            replace(
                self._result("cached"),
                snapshot=self._snapshot(made),
                diff=cached.diff,
                config=cached.config,
                log=cached.log,
                original_seconds=cached.seconds,
                built_at=cached.built_at,
            )
        )

    def succeed_without_snapshot(self) -> None:
        """An ARG before the first FROM: there is nothing to take a snapshot of."""
        self.announce(self._result("built"))

    def announce(self, result: StepResult) -> None:
        """Ends the step with `result`."""
        self.result = result
        self.listener(StepFinished(result))

    def _snapshot(self, made: Made) -> Snapshot:
        return Snapshot(made.image_id, self.parent_id, made.size, made.diff.bytes)

    def _result(self, status: Status) -> StepResult:
        return StepResult(
            instruction=self.instruction.name,
            source=self.source,
            stage=self.stage_label,
            step=self.number,
            status=status,
            cache=self.verdict,
            engine=self.engine,
            cell_id=self.cell_id,
            container=self.container,
            seconds={"total": self.elapsed, **self._seconds},
            facts=tuple(self.facts),
            warnings=tuple(self.warnings),
            read=self.read,
        )

    def _fail(self, error: DockernbError, cancel: threading.Event) -> None:
        self._end_phase()
        interrupted = isinstance(error, BuildInterruptedError) or cancel.is_set()
        error.state = self._what_is_left(error.state)
        result = self._result("interrupted" if interrupted else "failed")
        self.announce(replace(result, log=self.log.finish(), error=error))

    def _what_is_left(self, known: str | None) -> str:
        """What was not done (in the engine's words if it knows more) and which snapshot stands."""
        lost = known.rstrip(".") if known else "No snapshot was committed"
        stage = self.state.stage
        if stage is None or not stage.image_id:
            return f"{lost}."
        if isinstance(self.instruction, FromInstruction):
            above = f'stage "{stage.label}" above still stands at {short_id(stage.image_id)}'
            return f"{lost}; {above}."
        return f"{lost}; snapshot {short_id(stage.image_id)} still stands."
