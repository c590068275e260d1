"""What became of one path, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..build.result import StepResult
from ..oci.diff import DiffEntry, FileType
from .base_layers import LayerStep, number_of

__all__ = ["PathEvent", "follow"]

What = Literal["there", "added", "modified", "deleted", "changed below"]
_WORDS: dict[str, What] = {"A": "added", "M": "modified", "D": "deleted"}


@dataclass(frozen=True)
class PathEvent:
    """What a step did to a path.

    Args:
        what: "there": it came with the base image. "changed below": a folder itself stayed.
        size: Bytes that the step wrote: of the file, or of all below the folder.
        by: The path that was deleted or replaced, where that was a folder above.
        counts: Of a folder: entries below it that were added, modified and deleted.
    """

    step: StepResult
    what: What
    type: FileType = "file"
    size: int = 0
    by: str = ""
    counts: tuple[int, int, int] = (0, 0, 0)

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {
            "step": number_of(self.step),
            "stage": self.step.stage,
            "instruction": self.step.instruction,
            "snapshot": self.step.snapshot.id if self.step.snapshot else None,
            "change": self.what,
            "type": self.type,
            "size": self.size,
        }
        if isinstance(self.step, LayerStep):
            data["layer"] = self.step.layer
        if self.by:
            data["by"] = self.by
        if any(self.counts):
            data["below"] = dict(zip(("added", "modified", "deleted"), self.counts, strict=True))
        return data


def follow(
    steps: Sequence[StepResult], path: str, in_base: tuple[FileType, int] | None
) -> list[PathEvent]:
    """The events of a path, in order.

    Args:
        steps: From the base image on (see `lineage`).
        path: Absolute.
        in_base: Type and size of the path in the base image; None: it is not there.
    """
    events = []
    exists = in_base is not None
    if in_base is not None:
        events.append(PathEvent(steps[0], "there", *in_base))
    for step in steps:
        event = _event(step, path, exists=exists)
        if event is not None:
            events.append(event)
            exists = event.what != "deleted"
    return events


def _event(step: StepResult, path: str, *, exists: bool) -> PathEvent | None:
    own: DiffEntry | None = None
    gone_with = ""
    below: list[DiffEntry] = []
    for entry in step.diff.entries:
        if entry.path == path:
            own = entry
        elif entry.path.startswith(path.rstrip("/") + "/"):
            below.append(entry)
        elif path.startswith(entry.path + "/") and (
            entry.change == "D" or (entry.change == "M" and entry.type != "dir")
        ):
            gone_with = entry.path
    size = sum(entry.size for entry in below if entry.change != "D")
    letters = [entry.change for entry in below]
    counts = (letters.count("A"), letters.count("M"), letters.count("D"))
    if own is not None:
        return PathEvent(step, _WORDS[own.change], own.type, own.size + size, counts=counts)
    if gone_with and exists:
        return PathEvent(step, "deleted", by=gone_with)
    return PathEvent(step, "changed below", "dir", size, counts=counts) if below else None
