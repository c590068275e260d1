"""Which cells a target stage needs, as `docker build --target` picks stages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from dockernb.dockerfile.instructions import (
    CopyInstruction,
    FromInstruction,
    Instruction,
    OnbuildInstruction,
    RunInstruction,
)
from dockernb.dockerfile.magics import without_magics
from dockernb.dockerfile.parse import parse_document
from dockernb.errors import StageNotFoundError

__all__ = ["cells_for_target"]


@dataclass
class _Stage:
    """A stage: its name, the cells that hold its instructions, and what it refers to.

    `bases` may name earlier stages only by name; `sources` (`--from=`) by name or number.
    """

    name: str
    cells: list[int] = field(default_factory=list)
    bases: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)


def cells_for_target(sources: Sequence[str], target: str) -> list[int]:
    """Positions of the cells that must run so that the stage `target` is built.

    All cells above the first FROM, the cells of the target, and those of every stage that it needs
    through FROM, `COPY --from` and `RUN --mount=from=`. A cell that holds instructions of several
    stages counts for all of them. Where a needed stage is referred to by number, no stage above
    that one is left out, so that the numbers stay true.

    Args:
        sources: Texts of the code cells, magics included.
        target: Name (in any case) or number of a stage.

    Raises:
        StageNotFoundError: No stage is called so.
        DockerfileSyntaxError: A cell cannot be read.
    """
    top, stages = _stages(sources)
    wanted = _find(stages, target, len(stages))
    if wanted is None:
        known = ", ".join(stage.name or str(index) for index, stage in enumerate(stages))
        raise StageNotFoundError(
            f'target stage "{target}" does not exist', hint=f"stages of the notebook: {known}"
        )
    needed: set[int] = set()
    todo = {wanted}
    while todo:
        index = todo.pop()
        needed.add(index)
        todo |= set(_references(stages, index)) - needed
    cells = set(top).union(*(stages[index].cells for index in needed))
    return sorted(cells)


def _references(stages: Sequence[_Stage], index: int) -> Iterator[int]:
    for name in stages[index].bases:
        found = _by_name(stages, name, index)
        if found is not None:
            yield found
    for name in stages[index].sources:
        found = _find(stages, name, index)
        if found is None:
            continue
        yield found
        if name.isdigit():
            yield from range(found)


def _find(stages: Sequence[_Stage], name: str, before: int) -> int | None:
    found = _by_name(stages, name, before)
    if found is None and re.fullmatch(r"[0-9]+", name) and int(name) < before:
        return int(name)
    return found


def _by_name(stages: Sequence[_Stage], name: str, before: int) -> int | None:
    matches = [i for i in range(before) if stages[i].name and stages[i].name == name.lower()]
    return matches[-1] if matches else None


def _stages(sources: Sequence[str]) -> tuple[list[int], list[_Stage]]:
    """The cells above the first FROM, and the stages."""
    top: list[int] = []
    stages: list[_Stage] = []
    escape = None
    for position, source in enumerate(sources):
        document = parse_document(without_magics(source) or "", escape=escape)
        if document.instructions:
            escape = document.escape
        begins_stage = False
        for instruction in document.instructions:
            if isinstance(instruction, FromInstruction):
                stages.append(_Stage(instruction.stage_name.lower(), [position]))
                begins_stage = True
            if stages:
                _note(stages[-1], instruction)
        if not stages:
            top.append(position)
        elif not begins_stage:
            stages[-1].cells.append(position)
    return top, stages


def _note(stage: _Stage, instruction: Instruction) -> None:
    match instruction:
        case FromInstruction(image=image):
            stage.bases.append(image)
        case CopyInstruction(from_image=image) if image:
            stage.sources.append(image)
        case RunInstruction(mounts=mounts):
            stage.sources += [name for mount in mounts if (name := mount.get("from"))]
        case OnbuildInstruction(inner=inner) if inner is not None:
            _note(stage, inner)
