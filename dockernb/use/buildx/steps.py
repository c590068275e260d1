"""The instructions of a notebook as BuildKit counts them.

The steps of a stage are counted as BuildKit does (`dockerfile2llb`): FROM if it is an image, then
what changes files. All other instructions change the image's config only and are no steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dockernb.dockerfile.instructions import FromInstruction, Instruction
from dockernb.dockerfile.magics import without_magics
from dockernb.dockerfile.parse import parse
from dockernb.errors import DockerfileError

__all__ = ["BuildCell", "CellStep", "cell_steps"]

_COUNTED = {"RUN", "COPY", "ADD", "WORKDIR"}


@dataclass(frozen=True)
class BuildCell:
    """A code cell.

    Args:
        label: What a reader calls it, `[2]` or `cell 2`.
        source: Its text, magics included.
        id: "": it has none.
    """

    label: str
    source: str
    id: str = ""


@dataclass(frozen=True)
class CellStep:
    """An instruction, and the cell that it stands in.

    Args:
        stage: The stage's name, or `stage-N`; "" above the first FROM.
        at: Its number in the stage, from 1; 0: it is no step of BuildKit's.
        cell: Number of the code cell, from 1.
        line: Its first line in the cell, from 1; `end`: its last one.
        text: Its first line.
    """

    stage: str
    at: int
    name: str
    cell: int
    line: int = 1
    end: int = 1
    text: str = ""


def cell_steps(sources: Sequence[str]) -> list[CellStep]:
    """The instructions of all code cells. A cell that cannot be read has none: buildx says why."""
    steps: list[CellStep] = []
    names: list[str] = []
    at = 0
    for number, source in enumerate(sources, 1):
        body = without_magics(source) or ""
        offset = source.count("\n") - body.count("\n")
        for instruction in _instructions(body):
            counts = instruction.name in _COUNTED and bool(names)
            if isinstance(instruction, FromInstruction):
                counts = instruction.image.lower() not in {*names, "scratch"}
                names.append((instruction.stage_name or f"stage-{len(names)}").lower())
                at = 0
            at += counts
            steps.append(
                CellStep(
                    names[-1] if names else "",
                    at if counts else 0,
                    instruction.name,
                    number,
                    instruction.lines.start + offset,
                    instruction.lines.end + offset,
                    " ".join(instruction.original.strip().partition("\n")[0].split()),
                )
            )
    return steps


def _instructions(body: str) -> Iterable[Instruction]:
    try:
        return parse(body)
    except DockerfileError:
        return ()
