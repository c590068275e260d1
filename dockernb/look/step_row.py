"""The steps as rows of a table: time, size, cache and files of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..build.result import StepResult

__all__ = ["StepRow", "one_line", "step_rows"]


@dataclass(frozen=True)
class StepRow:
    """One step.

    Args:
        seconds: How long the step took here; `built_in`: how long when it was built, on a hit.
        added: Bytes of the step's own layer; of FROM, of the whole base image.
        total: Bytes of the snapshot.
        files: Paths added, modified and deleted.
    """

    result: StepResult
    seconds: float
    built_in: float | None
    added: int
    total: int
    files: tuple[int, int, int]

    def to_json(self) -> dict[str, Any]:
        result = self.result
        return {
            "step": result.step,
            "stage": result.stage,
            "instruction": result.instruction,
            "source": result.source,
            "status": result.status,
            "cache": {
                "status": result.cache.status,
                "reason": result.cache.reason,
                "changed": list(result.cache.changed),
            },
            "snapshot": result.snapshot.id if result.snapshot else None,
            "seconds": self.seconds,
            "built_in_seconds": self.built_in,
            "added_bytes": self.added,
            "total_bytes": self.total,
            "files": dict(zip(("added", "modified", "deleted"), self.files, strict=True)),
        }


def step_rows(results: Sequence[StepResult]) -> list[StepRow]:
    """A row for each step, in order."""
    return [_row(result) for result in results]


def _row(result: StepResult) -> StepRow:
    snapshot = result.snapshot
    total = snapshot.size if snapshot else 0
    counts = result.diff.counts
    added = total if result.instruction == "FROM" else snapshot.layer_size if snapshot else 0
    return StepRow(
        result=result,
        seconds=result.seconds.get("total", 0.0),
        built_in=result.original_seconds if result.status == "cached" else None,
        added=added,
        total=total,
        files=(counts["A"], counts["M"], counts["D"]),
    )


def one_line(source: str, width: int = 60) -> str:
    """An instruction's text on one line, without comments, cut to a width."""
    lines = (line.strip() for line in source.splitlines())
    text = " ".join(line for line in lines if line and not line.startswith("#"))
    return text if len(text) <= width else text[: width - 1] + "…"
