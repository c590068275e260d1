"""The order of the notebook's cells, as far as this kernel can know it.

Sources, best first: the saved notebook; for cells that were not saved yet, the order of execution.
The text of a cell is what was executed, unless the notebook was saved after that.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .notebook_file import NotebookFile, make_cell

if TYPE_CHECKING:
    from dockernb.session import CellText

__all__ = ["CellOrder"]


@dataclass(frozen=True)
class _Execution:
    source: str
    at: float
    after: str | None  # the cell that was executed before this one's first execution


class CellOrder:
    """Merges the saved notebook with what was executed since."""

    def __init__(self, notebook: NotebookFile) -> None:
        self._notebook = notebook
        self._executed: dict[str, _Execution] = {}
        self._anonymous: list[str] = []
        self._deleted: dict[str, float] = {}
        self._last: str | None = None

    def executed(self, cell_id: str | None, source: str) -> None:
        """The cell runs now with this text."""
        if cell_id is None:
            self._anonymous.append(source)
            return
        self._deleted.pop(cell_id, None)
        before = self._executed.get(cell_id)
        after = before.after if before else self._last
        self._executed[cell_id] = _Execution(source, time.time(), after)
        self._last = cell_id

    def delete(self, cell_ids: Iterable[str]) -> None:
        """The reader deleted these cells."""
        for cell_id in cell_ids:
            self._executed.pop(cell_id, None)
            self._deleted[cell_id] = time.time()
            if self._last == cell_id:
                self._last = None

    def reset(self) -> None:
        """Forgets what was executed."""
        self._executed.clear()
        self._anonymous.clear()
        self._last = None

    def cells(self, running: str | None) -> list[CellText] | None:
        """All code cells in order; None when the notebook is not known.

        Args:
            running: The cell that runs now; None (the front end sends no IDs): no order is known.
        """
        saved = self._notebook.cells(running) if running is not None else None
        if saved is None:
            return None
        cells = [
            make_cell(cell.id, self._newest(cell, saved.saved_at))
            for cell in saved.cells
            if self._deleted.get(cell.id, 0.0) < saved.saved_at
        ]
        self._insert_unsaved(cells)
        return cells

    def sources(self, running: str | None) -> list[str]:
        """The text of all cells in order, from the best source that there is."""
        cells = self.cells(running)
        if cells is not None:
            return [cell.source for cell in cells]
        if self._executed:
            return [execution.source for execution in self._executed.values()]
        if self._anonymous:
            return list(self._anonymous)
        saved = self._notebook.cells()
        return [cell.source for cell in saved.cells] if saved else []

    def _newest(self, cell: CellText, saved_at: float) -> str:
        execution = self._executed.get(cell.id)
        return execution.source if execution and execution.at > saved_at else cell.source

    def _insert_unsaved(self, cells: list[CellText]) -> None:
        """Puts cells that were executed but not saved behind the cell executed before them."""
        known = {cell.id for cell in cells}
        for cell_id, execution in self._executed.items():
            if cell_id in known:
                continue
            position = len(cells)
            if execution.after in known:
                position = 1 + next(i for i, c in enumerate(cells) if c.id == execution.after)
            cells.insert(position, make_cell(cell_id, execution.source))
            known.add(cell_id)
