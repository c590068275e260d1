"""The names that unbuilt text declares: stages, ARGs and ENVs above the cursor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from dockernb.dockerfile.instructions import (
    Arg,
    ArgInstruction,
    EnvInstruction,
    FromInstruction,
    Instruction,
    WorkdirInstruction,
)
from dockernb.dockerfile.parse import parse
from dockernb.dockerfile.shell import expand
from dockernb.dockerfile.split import split_instructions
from dockernb.errors import DockerfileError

__all__ = ["Declared", "declared_in"]


@dataclass(frozen=True)
class Declared:
    """What names mean.

    Args:
        stages: In order; a stage without a name has its number.
        variables: Of the last stage.
        global_arguments: ARGs above the first FROM.
        working_dir: "" where nothing was said.
        opened: The last FROM's image as written, if one stands in the text.
    """

    stages: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    global_arguments: Mapping[str, str] = field(default_factory=dict)
    working_dir: str = ""
    opened: str = ""


def declared_in(texts: Iterable[str], before: Declared, build_args: Mapping[str, str]) -> Declared:
    """What names mean below the texts; what cannot be read is passed over.

    Args:
        texts: Instructions in order, as they stand in cells (without magics).
        before: What they mean above.
        build_args: Values for ARG.
    """
    known = _Names(before, build_args)
    for text in texts:
        for segment in split_instructions(text):
            if segment.kind == "instruction":
                known.read(segment.text)
    return known.declared()


class _Names:
    def __init__(self, before: Declared, build_args: Mapping[str, str]) -> None:
        self._stages = list(before.stages)
        self._variables = dict(before.variables)
        self._globals = dict(before.global_arguments)
        self._working_dir = before.working_dir
        self._opened = ""
        self._build_args = build_args

    def read(self, text: str) -> None:
        try:
            instructions = parse(text)
        except DockerfileError:
            return
        for instruction in instructions:
            self._take(instruction)

    def _take(self, instruction: Instruction) -> None:
        if isinstance(instruction, FromInstruction):
            self._stages.append(instruction.stage_name or str(len(self._stages)))
            self._variables, self._working_dir = {}, "/"
            self._opened = self._expanded(instruction.image, self._globals)
        elif isinstance(instruction, ArgInstruction):
            for arg in instruction.args:
                self._argument(arg)
        elif isinstance(instruction, EnvInstruction):
            values = dict(self._variables)
            for pair in instruction.variables:
                self._variables[self._expanded(pair.key)] = self._expanded(pair.value, values)
        elif isinstance(instruction, WorkdirInstruction):
            path = self._expanded(instruction.path)
            self._working_dir = path if path.startswith("/") else f"{self._working_dir}/{path}"

    def _argument(self, arg: Arg) -> None:
        inherited = self._globals.get(arg.key, "") if self._stages else ""
        value = self._build_args.get(arg.key)
        if value is None:
            value = inherited if arg.value is None else self._expanded(arg.value)
        self._variables[arg.key] = value
        if not self._stages:
            self._globals[arg.key] = value

    def _expanded(self, text: str, values: Mapping[str, str] | None = None) -> str:
        try:
            return expand(text, self._variables if values is None else values)
        except DockerfileError:
            return text

    def declared(self) -> Declared:
        return Declared(
            tuple(self._stages),
            self._variables,
            self._globals,
            self._working_dir,
            self._opened,
        )
