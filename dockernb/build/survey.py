"""What every cell of a notebook is: built, stale, not run, failed or running, and why.

Pure: it looks at what ran (the chain) and at the texts as they are now. Nothing is run and no
engine is asked. `docs/state.md` tells the rules to readers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ..dockerfile.instructions import Instruction
from ..dockerfile.magics import Magic, split_magics, without_magics
from ..errors import MissingCell
from .cell_text import first_line, has_instructions
from .chain import CellChain, CellRecord
from .freshness import Freshness, Stale, instructions_of
from .gap import state_without
from .needs import missing_for, stages_used
from .state import BuildState

__all__ = ["CellState", "Condition", "setting_lines", "survey"]

Condition = Literal["built", "stale", "not run", "failed", "running"]

# Magics that change what cells below them give. The others only look, or act at once.
_SETTINGS = ("arg", "context")


@dataclass(frozen=True)
class CellState:
    """One code cell.

    Args:
        number: Place among the code cells, from 1: what errors call "cell 3".
        condition: None: nothing to build and nothing to set (a comment, `%help`).
        reason: Why it is not built, in words; "" if it is.
        stage: The stage that is current behind the cell, by name or number.
        snapshot: Image ID of what it made; "" if that does not count.
        record: Its newest execution, if it counts or did.
        needs: IDs of the cells above that must run before it can, in order.
        stage_index: Of `stage`, from 0; -1: there is none yet.
        uses: Indexes of the stages above that its FROM, `--from` or `from=` names.
    """

    id: str
    number: int
    title: str
    condition: Condition | None
    reason: str = ""
    stage: str = ""
    snapshot: str = ""
    record: CellRecord | None = None
    needs: tuple[str, ...] = ()
    stage_index: int = -1
    uses: tuple[int, ...] = ()


def setting_lines(source: str) -> tuple[str, ...]:
    """The magic lines of a cell that change what cells below give."""
    return tuple(_line(magic) for magic in split_magics(source)[0] if _sets(magic))


def _sets(magic: Magic) -> bool:
    return magic.name in _SETTINGS and bool(magic.argument) and not magic.cell_magic


def _line(magic: Magic) -> str:
    return f"%{magic.name} {magic.argument}"


def survey(
    cells: Sequence[tuple[str, str]],
    chain: CellChain,
    freshness: Freshness,
    settings_ran: Mapping[str, Sequence[str]],
    running: str | None = None,
) -> list[CellState]:
    """The state of every cell.

    Args:
        cells: ID and text, magics included, of all code cells in the order of the notebook.
        settings_ran: For each cell the `setting_lines` that it ran with.
        running: The cell that runs now.
    """
    walk = _Walk(cells, chain, freshness, settings_ran, running)
    return [walk.step(number, *cell) for number, cell in enumerate(cells, 1)]


class _Walk:
    """From the first cell to the last, with the state behind the cells so far."""

    def __init__(
        self,
        cells: Sequence[tuple[str, str]],
        chain: CellChain,
        freshness: Freshness,
        settings_ran: Mapping[str, Sequence[str]],
        running: str | None,
    ) -> None:
        self._numbers = {cell: number for number, (cell, _) in enumerate(cells, 1)}
        self._chain = chain
        self._freshness = freshness
        self._settings_ran = settings_ran
        self._running = running
        self._state = BuildState()
        self._above = ""
        self._reasons: dict[str, str] = {}
        # Settings that do not count yet: the line, why, and its cell.
        self._pending: list[tuple[str, str, str]] = []

    def step(self, number: int, cell: str, text: str) -> CellState:
        """The cell's state; what is below it is judged by that."""
        settings = self._settings(number, cell, text)
        source = without_magics(text) or ""
        if not has_instructions(source):
            running = settings and cell == self._running
            condition: Condition | None = "running" if running else settings
            reason = {"not run": "has not run", "stale": "edited since it ran"}
            shown = reason.get(condition or "", "")
            return self._state_of(number, cell, _title(text), condition, shown)
        record = self._chain.record(cell)
        judged = self._judge(cell, record, source)
        before = self._state
        instructions = instructions_of(source, before.escape, begun=before.begun)
        needs: tuple[str, ...] = ()
        if isinstance(judged, BuildState):
            condition, reason_text = "built", ""
            self._state = judged
        else:
            condition, reason_text = judged
            needs = self._needs(instructions)
            gap = MissingCell(
                number,
                f"cell {number}",
                _as_gap(condition, reason_text),
                declares_arg=first_line(text).upper().startswith("ARG"),
                cell_id=cell,
            )
            self._state = state_without(gap, source, self._state)
            self._reasons[gap.label] = reason_text
        if cell == self._running:
            condition, reason_text = "running", ""
        self._above = cell
        found = self._state_of(number, cell, first_line(text), condition, reason_text)
        snapshot = self._state.stage.image_id if self._state.stage and condition == "built" else ""
        uses = stages_used(instructions, before)
        return replace(found, snapshot=snapshot, record=record, needs=needs, uses=uses)

    def _state_of(
        self, number: int, cell: str, title: str, condition: Condition | None, reason: str
    ) -> CellState:
        stages = self._state.stages
        label = stages[-1].label if stages else ""
        index = len(stages) - 1
        return CellState(cell, number, title, condition, reason, label, stage_index=index)

    def _needs(self, instructions: Sequence[Instruction]) -> tuple[str, ...]:
        wanted = {cell.cell_id for cell in missing_for(instructions, self._state)}
        wanted |= {cell for _, _, cell in self._pending}
        return tuple(cell for cell in self._numbers if cell in wanted)

    def _settings(self, number: int, cell: str, text: str) -> Condition | None:
        """Notes the magics of a cell that do not count yet; how the cell is if it holds any."""
        now, ran = setting_lines(text), self._settings_ran.get(cell)
        waiting = set(now) ^ set(ran or ())
        for line in sorted(waiting):
            verb = "has not run" if line in now else "was taken out but still counts"
            self._pending.append((line, f"{line} in cell {number} {verb}", cell))
        if not now and not waiting:
            return None
        if not waiting:
            return "built"
        return "stale" if ran else "not run"

    def _judge(
        self, cell: str, record: CellRecord | None, source: str
    ) -> BuildState | tuple[Condition, str]:
        failure = self._chain.failure(cell)
        if failure is not None:
            edited = "" if failure.source.strip() == source.strip() else ", and was edited since"
            return "failed", failure.reason + edited
        if record is None:
            return "not run", "has not run"
        judged = self._freshness.judge(record, source, self._state)
        if isinstance(judged, Stale):
            return "stale", self._words(judged, record)
        waiting = self._setting_for(record)
        return judged if waiting is None else ("stale", waiting)

    def _words(self, stale: Stale, record: CellRecord) -> str:
        if stale.because == "text":
            return "edited since it ran"
        if stale.changes:
            return "; ".join(stale.changes)
        if stale.missing:
            first = min(stale.missing, key=lambda missing: missing.position)
            return f"{first.label} above {self._root(first)}"
        above = self._numbers.get(self._above)
        if record.above == self._above:
            return "what is above it changed" if above is None else f"cell {above} was run again"
        origin = self._numbers.get(record.above)
        if origin is not None:
            now = "nothing is above it now" if above is None else f"now cell {above} is above it"
            return f"it was built on cell {origin}; {now}"
        if not record.above:
            return "cells were put above it"
        return "the cell that it was built on is gone"

    def _root(self, missing: MissingCell) -> str:
        reason = self._reasons.get(missing.label, "")
        return f"is stale: {reason}" if missing.reason == "is stale" else missing.reason

    def _setting_for(self, record: CellRecord) -> str | None:
        """A magic above that the cell depends on and that does not count yet."""
        args = {f"%arg {name}" for name, _ in record.build_args}
        for line, reason, _ in self._pending:
            if line.partition("=")[0].strip() in args:
                return reason
            if line.startswith("%context ") and record.reads:
                return reason
        return None


def _as_gap(condition: Condition, reason: str) -> str:
    return "is stale" if condition == "stale" else reason


def _title(text: str) -> str:
    magics = split_magics(text)[0]
    return _line(magics[0]) if magics else ""
