"""Where an image's bytes are: of each step, which folders they are in and how many are lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..build.result import StepResult
from .wasted import Waste

__all__ = ["StepSpace", "space_of"]

_FOLDERS = 6
_DEPTH = 3  # names of a folder's path


@dataclass(frozen=True)
class StepSpace:
    """The bytes of one layer.

    Args:
        size: Bytes of the layer; of FROM, of all layers of the base image.
        lost: Those of them that a later step removes or replaces.
        folders: The biggest folders with their bytes, the biggest first.
    """

    step: StepResult
    size: int
    lost: int
    folders: tuple[tuple[str, int], ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "step": self.step.step,
            "bytes": self.size,
            "lost_bytes": self.lost,
            "folders": [{"path": path, "bytes": size} for path, size in self.folders],
        }


def space_of(steps: Sequence[StepResult], waste: Sequence[Waste]) -> list[StepSpace]:
    """The steps that add bytes.

    Args:
        steps: From the base image on (see `lineage`).
        waste: Of the same steps.
    """
    lost: Counter[int] = Counter()
    for each in waste:
        lost[each.made.step] += each.bytes
    found = []
    for index, step in enumerate(steps):
        if step.snapshot is None or (step.instruction == "FROM" and index):
            continue  # FROM a stage above has its bytes from that stage's steps
        size = step.snapshot.layer_size if index else step.snapshot.size
        if size:
            found.append(StepSpace(step, size, lost[step.step], _folders(step)))
    return found


def _folders(step: StepResult) -> tuple[tuple[str, int], ...]:
    sizes: Counter[str] = Counter()
    for entry in step.diff.entries:
        if entry.change != "D" and entry.size:
            names = entry.path.split("/")[1:-1][:_DEPTH]
            sizes["/" + "/".join(names)] += entry.size
    return tuple(sizes.most_common(_FOLDERS))
