"""A cell's text, and building it: from the text of a cell to its steps."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from ..dockerfile.instructions import Instruction
from ..dockerfile.magics import without_magics
from ..dockerfile.parse import parse, parse_document
from ..errors import DockernbError, Where
from .builder import Builder
from .events import Listener
from .result import StepResult
from .state import BuildState

__all__ = ["CellRun", "first_line", "has_instructions", "may_set_escape"]

# How much of a cell's first line an error shows.
_EXCERPT = 48


@dataclass(frozen=True)
class CellRun:
    """What it takes to build cells: for the length of one call of `run_cell`."""

    builder: Builder
    listener: Listener
    cancel: threading.Event

    def cell(
        self, source: str, cell_id: str | None, before: BuildState
    ) -> tuple[BuildState, list[StepResult]]:
        """Builds the instructions of a cell; stops at the first failure."""
        try:
            state, instructions = _parsed(source, before)
        except DockernbError as error:
            error.state = error.state or "Nothing of this cell was run."
            raise
        results: list[StepResult] = []
        for instruction in instructions:
            with _placed(source, instruction):
                state, more = self.builder.build(
                    instruction,
                    _text_of(source, instruction),
                    state,
                    cell_id=cell_id,
                    listener=self.listener,
                    cancel=self.cancel,
                )
            results += more
        return state, results

    def replay(self, source: str, before: BuildState) -> BuildState | None:
        """The state after the cell, if the cache holds all of its steps."""
        if not source.strip():
            return before
        state, instructions = _parsed(source, before)
        for instruction in instructions:
            after = self.builder.replay(instruction, state, self.cancel)
            if after is None:
                return None
            state = after
        return state


def has_instructions(source: str) -> bool:
    """Whether the text holds more than comments."""
    lines = (line.strip() for line in source.splitlines())
    return any(line and not line.startswith("#") for line in lines)


def may_set_escape(source: str) -> bool:
    """Whether the text may begin with `# escape=`, which counts in the first cell only."""
    return source.lstrip().startswith("#") and "escape" in source.lower()


def _parsed(source: str, state: BuildState) -> tuple[BuildState, tuple[Instruction, ...]]:
    """The instructions of a cell; the first cell with text may set the escape character."""
    if state.begun:
        return state, parse(source, escape=state.escape)
    document = parse_document(source)
    return replace(state, escape=document.escape, begun=True), document.instructions


def _text_of(source: str, instruction: Instruction) -> str:
    lines = source.split("\n")  # not splitlines(): the parser's line numbers count "\n" only
    return "\n".join(lines[instruction.lines.start - 1 : instruction.lines.end])


def first_line(source: str) -> str:
    """The first line of the cell's first instruction, cut to a width."""
    rows = (without_magics(source) or "").splitlines()
    line = next((row.strip() for row in rows if row.strip() and not row.startswith("#")), "")
    return line if len(line) <= _EXCERPT else line[: _EXCERPT - 3] + "..."


@contextmanager
def _placed(source: str, instruction: Instruction) -> Iterator[None]:
    """Errors in the block name the instruction's lines if they do not name a place themselves."""
    try:
        yield
    except DockernbError as error:
        error.at(Where(source, instruction.lines.start, instruction.lines.end))
        raise
