"""What of a state a cell depends on: so a change in one stage leaves cells of another one alone.

Pure. A cell depends on its own stage, unless it opens one; on the stages that FROM, `--from` and
`from=` name; and on the ARGs before the first FROM.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ..dockerfile.instructions import (
    CopyInstruction,
    FromInstruction,
    Instruction,
    OnbuildInstruction,
    RunInstruction,
)
from ..errors import CellsNotRunError, MissingCell
from .gap import check_needs
from .state import BuildState, Stage

__all__ = ["differs", "missing_for", "rebased", "stages_used"]


def differs(
    instructions: Sequence[Instruction], start: BuildState, state: BuildState, *, triggers: bool
) -> str | None:
    """Whether a cell that ran on `start` finds in `state` all that it depends on unchanged.

    Args:
        triggers: The cell ran ONBUILD triggers of a base: what these name is not known here, so
            then only equal states count.

    Returns:
        None: it does. Else what is another one, in words, "" if that is the snapshot above it.

    Raises:
        CellsNotRunError: a stage that it names has cells that must run first.
    """
    if start.token == state.token:
        return None
    if triggers or start.escape != state.escape:
        return ""
    if start.global_args != state.global_args:
        return "an ARG above the first FROM changed"
    if not _opens_stage(instructions) and not _same_stage(start.stage, state.stage):
        return ""
    for name in _names(instructions):
        moved = name.isdecimal() and len(start.stages) != len(state.stages)
        if "$" in name or moved or not _same_stage(_named(start, name), state.find_stage(name)):
            return f"stage {name} changed"
    return None


def missing_for(instructions: Sequence[Instruction], state: BuildState) -> tuple[MissingCell, ...]:
    """The cells that must run before a cell can that has these instructions."""
    found: list[MissingCell] = []
    try:
        check_needs(instructions, state)
    except CellsNotRunError as error:
        found += error.missing
    for name in _names(instructions):
        try:
            state.find_stage(name)
        except CellsNotRunError as error:
            found += error.missing
    return tuple(found)


def stages_used(instructions: Sequence[Instruction], state: BuildState) -> tuple[int, ...]:
    """Indexes of the stages that FROM, `--from` and `from=` name, as far as they are above."""
    found = []
    for name in _names(instructions):
        lowered = name.lower()
        named = [stage.index for stage in state.stages if stage.name and stage.name == lowered]
        if not named and name in (numbers := [str(stage.index) for stage in state.stages]):
            named = [numbers.index(name)]
        found += named[-1:]
    return tuple(dict.fromkeys(found))


def rebased(
    instructions: Sequence[Instruction], after: BuildState, start: BuildState, state: BuildState
) -> BuildState:
    """The state behind a cell that made `after` of `start`, had it run on `state` instead.

    Only for a cell for which `differs` finds nothing.
    """
    if start.token == state.token:
        return after
    own = 0 if start.stage is None or _opens_stage(instructions) else 1
    kept = state.stages[: len(state.stages) - own]
    stages = (*kept, *after.stages[len(start.stages) - own :])
    return replace(
        after,
        global_args=after.global_args if start.stage is None else state.global_args,
        stages=tuple(replace(stage, index=index) for index, stage in enumerate(stages)),
        step=state.step + after.step - start.step,
        missing=state.missing,
    )


def _opens_stage(instructions: Sequence[Instruction]) -> bool:
    return bool(instructions) and isinstance(instructions[0], FromInstruction)


def _same_stage(one: Stage | None, other: Stage | None) -> bool:
    if one is None or other is None:
        return one is other
    return not other.missing and replace(one, index=0) == replace(other, index=0)


def _named(state: BuildState, name: str) -> Stage | None:
    try:
        return state.find_stage(name)
    except CellsNotRunError:
        return None


def _names(instructions: Sequence[Instruction]) -> Iterator[str]:
    """All that may name a stage; images are among them."""
    for instruction in instructions:
        match instruction:
            case FromInstruction(image=image):
                yield image
            case CopyInstruction(from_image=image) if image:
                yield image
            case RunInstruction(mounts=mounts):
                yield from (mount.get("from") if mount.kind else "$" for mount in mounts)
            case OnbuildInstruction(inner=inner) if inner is not None:
                yield from _names((inner,))
