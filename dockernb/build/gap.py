"""A cell without a result: what stands below it and does not need it can be built all the same.

FROM opens a stage on an image or on an earlier stage, so it needs nothing of the cells between the
stage above and itself. BuildKit, too, builds only the stages that are used. What of a state is not
there is marked in it; what needs it is refused, and told which cells to run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ..dockerfile.instructions import ArgInstruction, FromInstruction, Instruction
from ..errors import CellsNotRunError, DockernbError, MissingCell
from ..oci.config import ImageConfig
from .cell_text import first_line, parsed
from .state import BuildState, Stage

__all__ = ["check_needs", "state_without"]


def check_needs(instructions: Sequence[Instruction], before: BuildState) -> None:
    """Raises `CellsNotRunError` if the first instruction needs what `before` does not have.

    What FROM and `--from` name is checked when they are evaluated (`BuildState.find_stage`).
    """
    if not instructions:
        return
    first, stage = instructions[0], before.stage
    missing: Iterable[MissingCell] = before.missing if stage is None else stage.missing
    if isinstance(first, FromInstruction) or (stage is None and isinstance(first, ArgInstruction)):
        missing = (cell for cell in before.missing if cell.declares_arg)
    if needed := tuple(missing):
        raise CellsNotRunError(needed)


def state_without(
    cell: MissingCell, source: str, before: BuildState, needs: tuple[MissingCell, ...] = ()
) -> BuildState:
    """The state after a cell whose result is not there.

    Args:
        needs: Cells that must run before this one can.
    """
    state, instructions = _instructions(source, before)
    state = replace(state, step=state.step + len(instructions))
    missing = (*needs, cell)
    starts = first_line(source).upper().startswith("FROM ")
    names = list(_stage_names(source, instructions))
    if state.stage is not None and not starts:
        state = state.with_stage(_unusable(state.stage, (*state.stage.missing, *missing)))
    elif not names:
        state = replace(state, missing=(*state.missing, *missing))
    for name in names:
        opened = Stage(name.lower(), len(state.stages), "", ImageConfig())
        state = replace(state, stages=(*state.stages, _unusable(opened, missing)))
    return state


def _instructions(source: str, before: BuildState) -> tuple[BuildState, tuple[Instruction, ...]]:
    try:
        after, document = parsed(source, before)
    except DockernbError:
        return replace(before, begun=True), ()
    return after, document.instructions


def _stage_names(source: str, instructions: Sequence[Instruction]) -> Iterator[str]:
    """Names of the stages that the cell opens, even if its text breaks a rule of the language."""
    for instruction in instructions:
        if isinstance(instruction, FromInstruction):
            yield instruction.stage_name
    if not instructions:
        for words in map(str.split, source.splitlines()):
            if words and words[0].upper() == "FROM":
                yield words[3] if len(words) > 3 and words[2].upper() == "AS" else ""


def _unusable(stage: Stage, missing: tuple[MissingCell, ...]) -> Stage:
    return replace(stage, image_id="", missing=missing)
