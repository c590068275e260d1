"""How far a build is: a row for each instruction of the notebook, in the order of its cells."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from dockernb.errors import BuildError, DockernbError, InstructionFailedError, Where

from .lines import BuildLine, LineReader
from .steps import BuildCell, CellStep, cell_steps

__all__ = ["BuildRow", "BuildRows", "RowStatus"]

RowStatus = Literal[
    "waiting", "running", "cached", "done", "failed", "canceled", "config", "not needed"
]
_TAIL = 20  # lines
_WIDTH = 500
_OTHERS = 200
_EXIT_CODE = "exit code: "


@dataclass
class BuildRow:
    """An instruction, or work of the builder's own (`exporting to image`).

    Args:
        cell: What it stands in; None: it belongs to none.
        status: "config": it changes the image's config and is no step of its own.
        seconds: How long it took; while it runs, when it began (of the clock).
        tail: The last lines that it printed.
        error: Why it failed.
    """

    text: str
    cell: BuildCell | None = None
    step: CellStep | None = None
    platform: str = ""
    status: RowStatus = "waiting"
    seconds: float | None = None
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=_TAIL))
    error: str = ""

    @property
    def stage(self) -> str:
        return self.step.stage if self.step is not None else ""


class BuildRows:
    """Takes buildx's lines, from any thread.

    Args:
        cells: The code cells in order.
        clock: Seconds that go on.
    """

    def __init__(
        self, cells: Sequence[BuildCell], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._steps = cell_steps([cell.source for cell in cells])
        self._reader = LineReader(self._steps)
        self._rows = [
            BuildRow(
                step.text,
                cells[step.cell - 1],
                step,
                status="waiting" if step.at else "config",
            )
            for step in self._steps
        ]
        self._others: list[BuildRow] = []
        self._by_number: dict[int, BuildRow] = {}
        self._said: deque[str] = deque(maxlen=_TAIL)

    @property
    def rows(self) -> list[BuildRow]:
        """How they are now: the cells' first, then the builder's own work that is worth a word."""
        with self._lock:
            others = [
                row for row in self._others if row.error or not row.text.startswith("[internal]")
            ]
            return [replace(row, tail=row.tail.copy()) for row in (*self._rows, *others)]

    @property
    def failed(self) -> BuildRow | None:
        """The step that failed."""
        return next((row for row in self.rows if row.status == "failed"), None)

    def now(self) -> float:
        """The moment, of the clock of `BuildRow.seconds`."""
        return self._clock()

    def take(self, text: str) -> tuple[BuildLine, BuildRow | None] | None:
        """A line as buildx writes it; gives what it says and whose row it is. None: nothing."""
        with self._lock:
            return self._take(text)

    def _take(self, text: str) -> tuple[BuildLine, BuildRow | None] | None:
        line = self._reader.read(text)
        if line is None:
            return None
        if line.kind == "other":
            self._said.append(line.text[:_WIDTH])
            return line, None
        row = self._by_number.get(line.number)
        if row is None:
            row = self._by_number[line.number] = self._begin(line)
        if line.kind == "print":
            row.tail.append(line.text[:_WIDTH])
        elif line.kind == "end":
            self._end(row, line)
        return line, row

    def finish(self, exit_code: int) -> None:
        """Buildx has ended: nothing waits or runs any more."""
        with self._lock:
            built = {row.stage for row in self._rows if row.status in ("done", "cached")}
            for row in (*self._rows, *self._others):
                if row.status == "running":
                    self._stop(row, "canceled")
                elif row.status == "waiting" and exit_code == 0:
                    # BuildKit does what two stages have in common once, and tells it of one.
                    row.status = "cached" if row.stage in built else "not needed"

    def error(self, exit_code: int) -> DockernbError:
        """Why the build failed, with the place in its cell and the end of the log."""
        row = self.failed
        if row is None:
            why = next((t for t in reversed(self._said) if t.startswith("ERROR: ")), "")
            return BuildError(
                why.removeprefix("ERROR: ") or f"docker buildx build ended with code {exit_code}",
                rule="" if why else "\n".join(self._said),
            )
        where = None
        if row.cell is not None and row.step is not None:
            label = row.cell.label if " " in row.cell.label else f"cell {row.cell.label}"
            where = Where(row.cell.source, row.step.line, row.step.end, label)
        _, _, code = row.error.rpartition(_EXIT_CODE)
        if not code.isdecimal():
            return BuildError(row.error or "the step failed", where=where)
        ended = f"{row.step.name if row.step else 'the step'} ended with exit code {code}"
        on = f" on {row.platform}" if row.platform else ""
        tail = "\n".join(row.tail)
        return InstructionFailedError(
            ended + on, exit_code=int(code), output_tail=tail, where=where
        )

    def _begin(self, line: BuildLine) -> BuildRow:
        if line.step is None:
            row = BuildRow(line.text[:_WIDTH])
            # 0 is a word about the builder, which never ends.
            if line.number and len(self._others) < _OTHERS:
                self._others.append(row)
        else:
            row = self._row_of(line.step, line.platform)
        row.status, row.seconds = "running", self._clock()
        return row

    def _row_of(self, step: CellStep, platform: str) -> BuildRow:
        """The one that waits, else a new one below: the step is built for another platform."""
        same = [index for index, row in enumerate(self._rows) if row.step is step]
        for index in same:
            if self._rows[index].status == "waiting":
                self._rows[index].platform = platform
                return self._rows[index]
        first = self._rows[same[0]]
        row = BuildRow(first.text, first.cell, step, platform)
        self._rows.insert(same[-1] + 1, row)
        return row

    def _end(self, row: BuildRow, line: BuildLine) -> None:
        if row.status == "failed" or not line.status:
            return
        self._stop(row, line.status)
        if line.seconds is not None:
            row.seconds = line.seconds
        row.error = line.text[:_WIDTH] if line.status == "failed" else ""

    def _stop(self, row: BuildRow, status: RowStatus) -> None:
        if row.status == "running" and row.seconds is not None:
            row.seconds = self._clock() - row.seconds
        row.status = status
        if status == "cached":
            row.seconds = None
