"""Building a cell: from its text to its steps."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..dockerfile.instructions import Instruction
from ..errors import DockernbError, Where
from .builder import Builder
from .cell_text import parsed, warnings_at
from .events import Listener
from .gap import check_needs
from .result import StepResult
from .state import BuildState
from .step import Step

__all__ = ["CellRun"]


@dataclass(frozen=True)
class CellRun:
    """What it takes to build cells: for the length of one call of `run_cell`."""

    builder: Builder
    listener: Listener
    cancel: threading.Event

    def check(self, source: str, before: BuildState) -> None:
        """Raises what is wrong with the cell before anything of it is run.

        Raises:
            DockerfileSyntaxError: in the text; told first, because no other cell can heal it.
            CellsNotRunError: it needs results of cells above that are not there.
        """
        try:
            _, document = parsed(source, before)
        except DockernbError as error:
            error.state = error.state or "Nothing of this cell was run."
            raise
        check_needs(document.instructions, before)

    def cell(
        self, source: str, cell_id: str | None, before: BuildState
    ) -> tuple[BuildState, list[StepResult]]:
        """Builds the instructions of a cell that was checked; stops at the first failure."""
        state, document = parsed(source, before)
        results: list[StepResult] = []
        for instruction in document.instructions:
            with _placed(source, instruction):
                state, more = self.builder.build(
                    instruction,
                    _text_of(source, instruction),
                    state,
                    cell_id=cell_id,
                    listener=self.listener,
                    cancel=self.cancel,
                    warnings=warnings_at(document, instruction.lines),
                )
            results += more
        return state, results

    def replay(
        self, source: str, cell_id: str | None, before: BuildState, note: Callable[[Step], None]
    ) -> BuildState | None:
        """The state after the cell, if the cache holds all of its steps.

        Args:
            note: Gets each step that was looked for.

        Raises:
            CellsNotRunError: cells above must run first.
        """
        if not source.strip():
            return before
        state, document = parsed(source, before)
        check_needs(document.instructions, before)
        for instruction in document.instructions:
            after = self.builder.replay(
                instruction, state, cell_id=cell_id, cancel=self.cancel, note=note
            )
            if after is None:
                return None
            state = after
        return state


def _text_of(source: str, instruction: Instruction) -> str:
    lines = source.split("\n")  # not splitlines(): the parser's line numbers count "\n" only
    return "\n".join(lines[instruction.lines.start - 1 : instruction.lines.end])


@contextmanager
def _placed(source: str, instruction: Instruction) -> Iterator[None]:
    """Errors in the block name the instruction's lines if they do not name a place themselves."""
    try:
        yield
    except DockernbError as error:
        error.at(Where(source, instruction.lines.start, instruction.lines.end))
        raise
