"""What a card shows at one moment: the value that text, HTML, JSON and the widget are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from ..build.result import (
    CacheVerdict,
    ConfigChange,
    ContainerRecord,
    Snapshot,
    Status,
    StepLog,
    StepResult,
)
from ..engines.base import Progress
from ..errors import DockernbError
from ..oci.diff import FilesystemDiff
from ..oci.digest import short_id
from .tree import FileTree, FolderTotals

__all__ = ["CardError", "CardStatus", "CardView", "DiffTotals", "Dot", "DotState", "view_of"]

CardStatus = Literal["running"] | Status
DotState = Literal["waiting", "active", "done", "failed", "skipped"]


@dataclass(frozen=True)
class CardError:
    """An error as text: class name, first line, and the lines that explain it.

    `todo` are those of them that say what is left and what to do.
    """

    name: str
    message: str
    details: str = ""

    todo: str = ""

    @classmethod
    def of(cls, error: DockernbError) -> CardError:
        todo = "\n".join(text for text in (error.state, error.hint) if text)
        return cls(error.name, error.message, "\n".join(error.details()), todo)

    @property
    def short(self) -> str:
        """What a card says beside the first line; log and traceback say the rest."""
        return self.todo or self.details


@dataclass(frozen=True)
class DiffTotals:
    """Totals of the whole diff, also where only some entries are kept."""

    added: int = 0
    modified: int = 0
    deleted: int = 0
    bytes: int = 0

    @property
    def files(self) -> int:
        return self.added + self.modified + self.deleted

    @classmethod
    def of(cls, diff: FilesystemDiff) -> DiffTotals:
        counts = diff.counts
        return cls(counts["A"], counts["M"], counts["D"], diff.bytes)


@dataclass(frozen=True)
class Dot:
    """One of the stations of a build, left to right on the card."""

    name: str
    detail: str
    state: DotState


@dataclass(frozen=True)
class CardView:
    """A card, running or finished.

    Args:
        parent_id: Image ID that the step starts from; also what stands after a failure.
        titled: The card says which instruction it is about: its cell holds several.
        diff: The entries that are known; `totals` counts all of them.
        folders: Totals of folders of which not all entries are known.
        phases: Details of the phases that were entered, in order: container ID, image name.
        pulls: Last progress of each layer that is pulled, or of what a step reads or sends.
        rate: Bytes a second of them.
    """

    status: CardStatus = "running"
    instruction: str = ""
    source: str = ""
    stage: str = ""
    step: int = 0
    engine: str = ""
    cell_id: str | None = None
    titled: bool = False
    parent_id: str | None = None
    snapshot: Snapshot | None = None
    container: ContainerRecord | None = None
    cache: CacheVerdict | None = None
    diff: FilesystemDiff = field(default_factory=FilesystemDiff)
    totals: DiffTotals = DiffTotals()
    folders: Mapping[str, FolderTotals] = field(default_factory=dict)
    config: tuple[ConfigChange, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    log: StepLog = field(default_factory=StepLog)
    facts: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    error: CardError | None = None
    phases: Mapping[str, str] = field(default_factory=dict)
    pulls: tuple[Progress, ...] = ()
    rate: float = 0.0
    original_seconds: float | None = None
    built_at: float | None = None

    @cached_property
    def tree(self) -> FileTree:
        """The changed files; made once for all forms of the card."""
        return FileTree(self.diff.entries, self.folders)

    @property
    def truncated(self) -> bool:
        """Some entries of the diff are not kept (an old notebook)."""
        return len(self.diff.entries) < self.totals.files

    @property
    def added_bytes(self) -> int:
        """Bytes that the step adds to the image."""
        return self.totals.bytes

    def dots(self) -> list[Dot]:
        """The stations of the build; none for a hit and before anything is known."""
        if self.status == "cached" or not (self.instruction or self.phases):
            return []
        names = ("pull", "snapshot") if self.instruction == "FROM" else _STATIONS
        seen = [name for name in names if name in self.phases or name in self.seconds]
        # Finished results come without phases when nobody listened: a good end says enough.
        if self.status == "built":
            states = {name: self._built_state(name) for name in names}
        else:
            states = _states(names, seen, running=self.status == "running")
        labels = {**_LABELS, "run": _WORK_LABELS.get(self.instruction, "run")}
        if self._found_locally:
            labels["pull"] = "image"
        return [Dot(labels[name], self._detail(name, states[name]), states[name]) for name in names]

    @property
    def _found_locally(self) -> bool:
        """FROM had nothing to pull: the image was on the engine, or is a stage or scratch."""
        pulled = "pull" in self.phases or "pull" in self.seconds
        return not pulled and (self.status == "built" or "image" in self.phases)

    def _built_state(self, name: str) -> DotState:
        if name == "run" and "run" not in self.phases and "run" not in self.seconds:
            return "skipped"
        return "done"

    def _detail(self, name: str, state: DotState) -> str:
        detail = self.phases.get(name, "")
        if name == "pull" and self._found_locally:
            return "found locally" if state == "done" else self.phases.get("image", "")
        if name == "image":
            missing = "" if self.status == "running" else "none"
            return short_id(self.parent_id) if self.parent_id else detail or missing
        if name == "container":
            return short_id(self.container.id if self.container else detail)
        if name == "run":
            return self._run_detail(state)
        if name == "snapshot":
            gone = "none" if self.status in ("failed", "interrupted") else ""
            return self.snapshot.short_id if self.snapshot else gone
        if name == "removed" and self.container is not None and self.status != "running":
            return "removed" if self.container.removed else "kept"
        return detail

    def _run_detail(self, state: DotState) -> str:
        if state == "skipped":
            return "not needed"
        if self.container is None or self.container.exit_code is None:
            return self.phases.get("run", "")
        return f"exit {self.container.exit_code}"


_STATIONS = ("image", "container", "run", "snapshot", "removed")
_LABELS = {
    "pull": "pull",
    "image": "image",
    "container": "container",
    "run": "run",
    "snapshot": "snapshot",
    "removed": "container",
}

# What is done in the container where no command runs.
_WORK_LABELS = {"COPY": "copy", "ADD": "add", "WORKDIR": "mkdir"}


def _states(names: tuple[str, ...], seen: list[str], *, running: bool) -> dict[str, DotState]:
    """States of a step that goes on (`running`) or that failed in the phase it entered last."""
    worked = [name for name in seen if name != "removed"] if not running else seen
    last = names.index(worked[-1]) if worked else 0
    states: dict[str, DotState] = {}
    for index, name in enumerate(names):
        if index < last:
            passed = name in seen or name == "image" or not running
            states[name] = "done" if passed else "skipped"
        elif index == last:
            states[name] = "active" if running else "failed"
        else:
            states[name] = "waiting"
    if not running and "removed" in seen:
        states["removed"] = "done"
    return states


def view_of(result: StepResult, *, parent_id: str | None = None) -> CardView:
    """The card of a finished step.

    Args:
        parent_id: Where the step started from, for results without a snapshot.
    """
    if result.snapshot is not None and result.snapshot.parent is not None:
        parent_id = result.snapshot.parent
    return CardView(
        status=result.status,
        instruction=result.instruction,
        source=result.source,
        stage=result.stage,
        step=result.step,
        engine=result.engine,
        cell_id=result.cell_id,
        parent_id=parent_id,
        snapshot=result.snapshot,
        container=result.container,
        cache=result.cache,
        diff=result.diff,
        totals=DiffTotals.of(result.diff),
        config=result.config,
        seconds=dict(result.seconds),
        log=result.log,
        facts=result.facts,
        warnings=result.warnings,
        error=None if result.error is None else CardError.of(result.error),
        original_seconds=result.original_seconds,
        built_at=result.built_at,
    )
