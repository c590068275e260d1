"""The stages of a file, with what rules need to know of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ..dockerfile.instructions import ArgInstruction, FromInstruction, Instruction

__all__ = ["FileStages", "LintStage", "stages_of"]


@dataclass
class LintStage:
    """A stage.

    Args:
        base: The stage that its FROM names, if that is one of the file.
    """

    start: FromInstruction
    base: LintStage | None = None
    instructions: list[Instruction] = field(default_factory=list)

    def chain(self) -> Iterator[Instruction]:
        """All instructions from the base image on, those of stages below it first."""
        if self.base is not None:
            yield from self.base.chain()
        yield from self.instructions


@dataclass(frozen=True)
class FileStages:
    """The ARGs before the first FROM, and the stages."""

    global_args: tuple[ArgInstruction, ...]
    stages: tuple[LintStage, ...]


def stages_of(instructions: Iterable[Instruction]) -> FileStages:
    """Groups the instructions of a file by stage."""
    args: list[ArgInstruction] = []
    stages: list[LintStage] = []
    for instruction in instructions:
        if isinstance(instruction, FromInstruction):
            named = (s for s in stages if s.start.stage_name.lower() == instruction.image.lower())
            stages.append(LintStage(instruction, next(named, None)))
        elif stages:
            stages[-1].instructions.append(instruction)
        elif isinstance(instruction, ArgInstruction):
            args.append(instruction)
    return FileStages(tuple(args), tuple(stages))
