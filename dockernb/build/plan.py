"""What running all cells would do: what is built already, what the cache has, what would run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from .cell_text import first_line, has_instructions
from .cells_above import CellsAbove, Link

__all__ = ["PlannedCell", "plan_of"]

Action = Literal["nothing", "from cache", "build"]


@dataclass(frozen=True)
class PlannedCell:
    """One cell with instructions.

    Args:
        number: Place among the code cells, from 1.
        title: First line of its first instruction.
        action: "nothing": its snapshot counts as it is.
        reason: Why, in words.
        snapshot: Image ID that it has or would get; "" if that is not known before it runs.
    """

    number: int
    id: str
    title: str
    action: Action
    reason: str
    snapshot: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def plan_of(above: CellsAbove, texts: Mapping[str, str]) -> list[PlannedCell]:
    """The plan for the cells that `above` looked at.

    Args:
        texts: All code cells by ID, in the order of the notebook.
    """
    numbers = {cell: number for number, cell in enumerate(texts, 1)}
    planned: list[PlannedCell] = []
    for link in above.links:
        record = link.record
        if not has_instructions(record.source):
            continue
        action, reason = _judged(link)
        stage = record.after.stage
        planned.append(
            PlannedCell(
                numbers.get(record.cell_id, 0),
                record.cell_id,
                first_line(record.source),
                action,
                reason,
                stage.image_id if stage and action != "build" else "",
            )
        )
    return planned


def _judged(link: Link) -> tuple[Action, str]:
    reasons = [verdict.reason for verdict in link.verdicts if verdict.reason]
    if link.gap is None:
        if not link.verdicts:
            return "nothing", "built, and nothing it depends on changed"
        return "from cache", reasons[-1] if reasons else "the cache has it"
    if link.needs:
        nearest = max(link.needs, key=lambda missing: missing.position)
        return "build", f"{nearest.label.partition(':')[0]} above would be built"
    missed = [verdict.reason for verdict in link.verdicts if verdict.status != "hit"]
    if missed:
        return "build", missed[-1]
    return "build", f"{link.gap.reason}, and cannot be foretold"
