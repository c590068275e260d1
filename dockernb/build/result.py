"""What one step left behind: what cards, the command line and the cache are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ..errors import DockernbError
from ..oci.diff import FilesystemDiff
from ..oci.digest import short_id
from .cause import Cause

if TYPE_CHECKING:
    from .context_read import ContextRead

__all__ = [
    "CacheVerdict",
    "ConfigChange",
    "ContainerRecord",
    "Phase",
    "Snapshot",
    "Status",
    "StepLog",
    "StepResult",
]

Status = Literal["built", "cached", "failed", "interrupted"]

# The five dots of a card, in order. "pull" stands in the place of all but the last for FROM.
Phase = Literal["pull", "image", "container", "run", "snapshot", "removed"]


@dataclass(frozen=True)
class Snapshot:
    """The committed state after a step.

    Args:
        id: Image ID, `sha256:...`.
        parent: Image ID of the snapshot before it; None for FROM.
        size: Bytes of all layers.
        layer_size: Bytes that this step's layer adds (size of added and modified files).
    """

    id: str
    parent: str | None = None
    size: int = 0
    layer_size: int = 0

    @property
    def short_id(self) -> str:
        return short_id(self.id)


@dataclass(frozen=True)
class ContainerRecord:
    """The temporary container of a step and what became of it."""

    id: str
    exit_code: int | None = None
    removed: bool = True


@dataclass(frozen=True)
class CacheVerdict:
    """Where a step's snapshot came from, and why.

    Args:
        reason: One sentence for the reader.
        changed: On a miss, the fields that changed in words: "app/main.py changed", "first time".
        causes: The same as values; none for the first time.
    """

    status: Literal["hit", "miss", "off"]
    reason: str
    changed: tuple[str, ...] = ()
    causes: tuple[Cause, ...] = ()


@dataclass(frozen=True)
class ConfigChange:
    """A field of the image config before and after: Env.REDIS_PORT, None, "6379"."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True)
class StepLog:
    """The output of a step: all of it when small, else its head and tail.

    Args:
        text: UTF-8 text, invalid bytes replaced; ANSI sequences and carriage returns are kept.
        lines: Number of lines of the whole output.
        omitted: Bytes left out in the middle (0: the text is whole).
    """

    text: str = ""
    lines: int = 0
    omitted: int = 0


@dataclass(frozen=True)
class StepResult:
    """Everything that a card shows of a finished step.

    Args:
        cell_id: The notebook's cell, when the front end said which.
        instruction: Upper-case name, "RUN".
        source: The instruction's text as the reader wrote it.
        stage: Name of the stage, or its number as text.
        step: Number of the step in the notebook, from 1.
        seconds: "total" and the phases that took place, in seconds.
        engine: Name of the engine.
        facts: Lines for the reader that are no error: "pulled 3 layers, 29.1 MB".
        error: Set when status is "failed" or "interrupted".
        original_seconds: On a hit: how long the step took when it was built.
        built_at: Unix time when the snapshot was built (on a hit: back then).
        read: What it took from the build context.
    """

    instruction: str
    source: str
    stage: str
    step: int
    status: Status
    cache: CacheVerdict
    engine: str
    cell_id: str | None = None
    snapshot: Snapshot | None = None
    container: ContainerRecord | None = None
    diff: FilesystemDiff = field(default_factory=FilesystemDiff)
    config: tuple[ConfigChange, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    log: StepLog = StepLog()
    facts: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    error: DockernbError | None = None
    original_seconds: float | None = None
    built_at: float | None = None
    read: ContextRead | None = field(default=None, repr=False)
