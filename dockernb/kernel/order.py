"""The order of the notebook's cells and their texts, from the best source that there is.

1. What the page says: the lab extension sends it before a cell runs (`pages`).
2. The saved notebook. The text of a cell is what was executed, unless it was saved after that.
3. The order of execution, for cells that are not in the saved notebook. A cell gets its place when
   it is executed: directly below the cell that was executed before it; if there is none, below all
   saved cells and above the others. It keeps its place when it is executed again. But a cell that
   was refused (cells above it must run first, or there is no FROM above it) and never succeeded
   has no place: the next execution gives it one. So whoever begins in the middle, is refused, and
   then runs all cells from the top has the order of the notebook, not a dead end.

Front ends without the extension (VS Code), and those without IDs for cells (nbclient, papermill,
the console), get no better than 2 or 3; for the latter every execution is a new cell at the end.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .notebook_file import NotebookFile, Version, make_cell
from .pages import Pages

if TYPE_CHECKING:
    from dockernb.session import CellText

__all__ = ["CellOrder"]

_TYPED = 40  # characters before a page tells what was typed


@dataclass(frozen=True)
class _Execution:
    source: str
    version: Version | None  # which saving of the notebook was there
    after: str | None  # the cell that was executed before this one's first execution
    succeeded: bool = False


class CellOrder:
    """Knows the cells of the notebook, as well as they can be known.

    Attributes:
        pages: What the pages say.
        page: The page whose cell runs now.
    """

    def __init__(self, notebook: NotebookFile, pages: Pages | None = None) -> None:
        self.pages = pages or Pages()
        self.page = ""
        self._notebook = notebook
        self._executed: dict[str, _Execution] = {}
        self._anonymous: list[str] = []
        self._deleted: dict[str, Version | None] = {}
        self._last: str | None = None

    # --- what happens to cells ------------------------------------------------------------------
    def executed(self, cell_id: str | None, source: str) -> None:
        """The cell runs now with this text."""
        if cell_id is None:
            self._anonymous.append(source)
            return
        self._deleted.pop(cell_id, None)
        before = self._executed.get(cell_id)
        after = before.after if before else self._last
        succeeded = before is not None and before.succeeded
        self._executed[cell_id] = _Execution(source, self._notebook.version(), after, succeeded)
        self._last = cell_id

    def succeeded(self, cell_id: str | None) -> None:
        """The cell that was executed made something: its place is for good."""
        execution = self._executed.get(cell_id or "")
        if cell_id is not None and execution is not None:
            self._executed[cell_id] = replace(execution, succeeded=True)

    def refused(self, cell_id: str | None) -> None:
        """The cell that was executed could not begin, for want of what is above it."""
        execution = self._executed.get(cell_id or "")
        if cell_id is None or execution is None or execution.succeeded:
            return
        del self._executed[cell_id]
        self._last = execution.after

    def delete(self, cell_ids: Iterable[str]) -> None:
        """The reader deleted these cells."""
        version = self._notebook.version()
        for cell_id in cell_ids:
            self._executed.pop(cell_id, None)
            self._deleted[cell_id] = version
            if self._last == cell_id:
                self._last = None

    def reset(self) -> None:
        """Forgets what was executed."""
        self._executed.clear()
        self._anonymous.clear()
        self._last = None

    # --- the order ------------------------------------------------------------------------------
    def cells(self, running: str | None) -> list[CellText] | None:
        """All code cells in order; None when nothing is known of it.

        Args:
            running: The cell that runs now; None: the front end sends no IDs.
        """
        if running is None:
            return None
        told = self.pages.cells(self.page, running)
        if told is not None:
            return [make_cell(*cell) for cell in told]
        saved = self._notebook.cells(running)
        if saved is None:
            return self._with_unsaved([]) or None
        self._date(saved.version)
        return self._with_unsaved(
            [
                make_cell(cell.id, self._newest(cell, saved.version))
                for cell in saved.cells
                if self._deleted.get(cell.id) != saved.version
            ]
        )

    def sources(self, running: str | None) -> list[str]:
        """The text of all cells in order, from the best source that there is."""
        cells = self.cells(running)
        if cells is not None:
            return [cell.source for cell in cells]
        if self._executed:
            return [cell.source for cell in self._with_unsaved([])]
        if self._anonymous:
            return list(self._anonymous)
        saved = self._notebook.cells()
        return [cell.source for cell in saved.cells] if saved else []

    def around(self, page: str, text: str) -> tuple[list[CellText], str | None]:
        """All cells as they are known, and the ID of the one that is being edited.

        A request for completion does not say which cell it is about: it is the one with this text,
        or, as pages tell a change a moment later, the one that has grown into it.

        Args:
            page: Session ID of the front end that asks.
        """
        told = self.pages.told(page) or self.pages.told(self.page)
        if told is not None:
            cells = [make_cell(*cell) for cell in told]
        else:
            saved = self._notebook.cells()
            cells = self._with_unsaved(list(saved.cells) if saved else [])
        same = [cell.id for cell in cells if cell.source == text]
        if not same:
            same = [cell.id for cell in cells if _grows_into(cell.source, text)]
        return cells, same[0] if len(same) == 1 else None

    def _newest(self, cell: CellText, version: Version) -> str:
        execution = self._executed.get(cell.id)
        return execution.source if execution and execution.version == version else cell.source

    def _date(self, version: Version) -> None:
        """What happened before the notebook was found happened after its last saving."""
        for cell_id, execution in list(self._executed.items()):
            if execution.version is None:
                self._executed[cell_id] = replace(execution, version=version)
        for cell_id, deleted in list(self._deleted.items()):
            if deleted is None:
                self._deleted[cell_id] = version

    def _with_unsaved(self, saved: list[CellText]) -> list[CellText]:
        """Adds the cells that were executed but not saved (rule 3 above)."""
        cells = list(saved)
        known = {cell.id for cell in cells}
        for cell_id, execution in self._executed.items():
            if cell_id in known:
                continue
            position = len(saved) if execution.after is None else len(cells)
            if execution.after in known:
                position = 1 + next(i for i, c in enumerate(cells) if c.id == execution.after)
            cells.insert(position, make_cell(cell_id, execution.source))
            known.add(cell_id)
        return cells


def _grows_into(before: str, after: str) -> bool:
    """A few characters were typed, somewhere."""
    typed = len(after) - len(before)
    start = next(
        (i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), len(before)
    )
    return 0 <= typed <= _TYPED and before[start:] == after[start + typed :]
