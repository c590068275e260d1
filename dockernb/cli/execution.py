"""Runs the cells of a notebook in order, without Jupyter."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from dockernb.build.events import BuildEvent, Listener, StepFinished
from dockernb.build.result import StepResult
from dockernb.cli.interrupt import interruptible
from dockernb.cli.settings import Settings, TakesSettings
from dockernb.dockerfile.magics import Magic, split_magics, without_magics
from dockernb.errors import BuildInterruptedError, DockernbError, Where
from dockernb.notebook.cells import Cell
from dockernb.notebook.target import cells_for_target
from dockernb.session import CellText

__all__ = ["CellOutcome", "RunsCells", "run_cells"]


class RunsCells(TakesSettings, Protocol):
    """The part of a session that builds."""

    def run_cell(
        self,
        source: str,
        *,
        cell_id: str | None,
        order: Sequence[CellText] | None,
        listener: Listener,
        cancel: threading.Event,
    ) -> list[StepResult]: ...


@dataclass
class CellOutcome:
    """What running one cell gave.

    Args:
        number: Of the cell among the code cells, from 1.
        results: Of all its steps, the failed one included.
        error: Why it failed.
    """

    cell: Cell
    number: int
    results: list[StepResult] = field(default_factory=list)
    error: DockernbError | None = None


def run_cells(
    cells: Sequence[Cell],
    session: RunsCells,
    settings: Settings,
    *,
    target: str | None,
    listener: Listener,
    note: Callable[[str], None],
    visit: Callable[[Cell, Magic], bool] | None = None,
) -> Iterator[CellOutcome]:
    """Runs code cells in order; ends after the first that fails.

    Args:
        cells: All code cells.
        target: Only the cells that this stage needs are built; the magics above them all count.
        note: Told about magics that are left out.
        visit: Gets each magic before it is looked at; True: it was for the visitor. With a visitor
            the cells below one that failed are run too; they may be refused.

    Yields:
        An outcome for each cell that has instructions, when it has run.
    """
    wanted = _wanted(cells, target)
    order = [
        CellText(cell.id, without_magics(cell.source) or "")
        for index, cell in enumerate(cells)
        if index in wanted
    ]
    for index, cell in enumerate(cells[: max(wanted, default=-1) + 1]):
        outcome = CellOutcome(cell, index + 1)
        try:
            _apply_magics(cell, outcome.number, session, settings, note, visit)
            if index in wanted:
                _run(outcome, session, order, listener)
        except DockernbError as err:
            outcome.error = _located(err, cell, outcome.number)
        if outcome.results or outcome.error is not None:
            yield outcome
        if outcome.error is not None and visit is None:
            return


def _wanted(cells: Sequence[Cell], target: str | None) -> set[int]:
    if target is None:
        return set(range(len(cells)))
    return set(cells_for_target([cell.source for cell in cells], target))


def _apply_magics(
    cell: Cell,
    number: int,
    session: RunsCells,
    settings: Settings,
    note: Callable[[str], None],
    visit: Callable[[Cell, Magic], bool] | None,
) -> None:
    for magic in split_magics(cell.source)[0]:
        if visit is not None and visit(cell, magic):
            continue
        try:
            text = settings.apply(magic, session)
        except DockernbError as err:
            err.at(Where(cell.source, magic.line))
            raise
        if text is not None:
            note(f"cell [{number}]: {text}")


def _run(
    outcome: CellOutcome, session: RunsCells, order: Sequence[CellText], listener: Listener
) -> None:
    source = without_magics(outcome.cell.source) or ""
    if not source.strip():
        return

    def listen(event: BuildEvent) -> None:
        if isinstance(event, StepFinished):
            outcome.results.append(event.result)
        listener(event)

    def work(cancel: threading.Event) -> list[StepResult]:
        results = session.run_cell(
            source, cell_id=outcome.cell.id, order=order, listener=listen, cancel=cancel
        )
        if cancel.is_set():  # the step had ended before the engine heard of it
            raise BuildInterruptedError("interrupted", state="The steps above are built.")
        return results

    interruptible(work)


def _located(error: DockernbError, cell: Cell, number: int) -> DockernbError:
    """Makes the error's place speak of the whole cell: its number, lines counted with magics."""
    label = f"cell [{number}]"
    where = error.where or Where(cell.source, 0, label=label)
    body = without_magics(cell.source) or ""
    if where.source == body and where.line > 0:
        offset = cell.source.count("\n") - body.count("\n")
        end = None if where.end_line is None else where.end_line + offset
        where = Where(cell.source, where.line + offset, end, where.label)
    error.where = replace(where, label=where.label or label)
    return error
