"""What a build tells while it goes on. The listener is called from the building thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..engines.base import Progress
from .result import Phase, StepResult

__all__ = [
    "BuildEvent",
    "Listener",
    "OutputReceived",
    "PhaseStarted",
    "PullProgressed",
    "StepFinished",
    "StepStarted",
]


@dataclass(frozen=True)
class StepStarted:
    """A step begins. Exactly one `StepFinished` follows, also after a failure.

    Args:
        parent_id: Image ID of the snapshot that the step starts from; None for FROM.
        cell_id: The cell whose card this is.
    """

    instruction: str
    source: str
    stage: str
    step: int
    parent_id: str | None
    engine: str
    cell_id: str | None = None


@dataclass(frozen=True)
class PhaseStarted:
    """The step enters a phase. `detail` is what the dot shows: a container ID, an image name."""

    phase: Phase
    detail: str = ""


@dataclass(frozen=True)
class OutputReceived:
    """Raw output of the command; `replayed`: of the run that a cache hit stands for."""

    data: bytes
    replayed: bool = False


@dataclass(frozen=True)
class PullProgressed:
    """A layer or file came closer."""

    progress: Progress


@dataclass(frozen=True)
class StepFinished:
    """The step ended, well or not."""

    result: StepResult


BuildEvent = StepStarted | PhaseStarted | OutputReceived | PullProgressed | StepFinished
Listener = Callable[[BuildEvent], None]
