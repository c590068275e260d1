"""What the pages say that their notebooks hold: sent by the lab extension as cells change.

A page is told apart from another by the session ID in its messages, so two pages that show two
versions of a notebook do not mix. What comes from a page is checked and bounded.

A page's first word names all cells; a later one may name only what is new: the cells whose text
changed, and the order if that changed.
"""

from __future__ import annotations

import logging
from typing import Any

__all__ = ["Pages", "ToldCells", "told_cells"]

log = logging.getLogger(__name__)

VERSION = 1
MAX_PAGES = 20
MAX_CELLS = 10_000
MAX_ID_LENGTH = 256
MAX_CHARACTERS = 16_000_000  # of all cells together

# ID and text of all code cells, magics included, in the order of the notebook.
ToldCells = tuple[tuple[str, str], ...]


class Pages:
    """Keeps the newest word of each page."""

    def __init__(self) -> None:
        self._told: dict[str, ToldCells] = {}

    def hear(self, page: str, data: object) -> str | None:
        """A page says what its notebook holds. What is not understood is as if it said nothing.

        Returns:
            The page that is forgotten for this one, if there are too many.
        """
        cells = told_cells(data, self._told.pop(page, None))
        if cells is None:
            log.warning("a page's list of cells was not understood")
            return None
        self._told[page] = cells
        if len(self._told) <= MAX_PAGES:
            return None
        oldest = next(iter(self._told))
        self.forget(oldest)
        return oldest

    def forget(self, page: str) -> None:
        """The page is gone."""
        self._told.pop(page, None)

    def told(self, page: str) -> ToldCells | None:
        """The cells of a page's notebook."""
        return self._told.get(page)

    def cells(self, page: str, running: str) -> ToldCells | None:
        """The cells of the notebook that holds a cell which a page runs; None: not known.

        A server may run a cell for its page; then another page's word counts, the newest first.
        """
        own = self._told.get(page)
        for cells in (own, *reversed(self._told.values())):
            if cells is not None and any(cell_id == running for cell_id, _ in cells):
                return cells
        return None


def told_cells(data: object, earlier: ToldCells | None = None) -> ToldCells | None:
    """The cells in a page's message; None: it breaks a rule.

    Args:
        earlier: The page's word before; without one, only a message with all cells counts.
    """
    if not isinstance(data, dict) or data.get("version") != VERSION:
        return None
    if "cells" in data:
        return _bounded(_listed(data["cells"]))
    if earlier is None or not ("changed" in data or "order" in data):
        return None
    changed = _listed(data.get("changed", []))
    order = data.get("order", [cell_id for cell_id, _ in earlier])
    if changed is None or not isinstance(order, list) or len(order) > MAX_CELLS:
        return None
    texts = dict(earlier) | dict(changed)
    if not all(isinstance(cell_id, str) and cell_id in texts for cell_id in order):
        return None
    return _bounded([(cell_id, texts[cell_id]) for cell_id in order])


def _listed(listed: object) -> list[tuple[str, str]] | None:
    if not isinstance(listed, list) or len(listed) > MAX_CELLS:
        return None
    cells = [_told_cell(each) for each in listed]
    known = [cell for cell in cells if cell is not None]
    return known if len(known) == len(cells) else None


def _bounded(cells: list[tuple[str, str]] | None) -> ToldCells | None:
    if cells is None or len({cell_id for cell_id, _ in cells}) < len(cells):
        return None
    return tuple(cells) if sum(len(text) for _, text in cells) <= MAX_CHARACTERS else None


def _told_cell(cell: Any) -> tuple[str, str] | None:
    if not isinstance(cell, dict):
        return None
    cell_id, source = cell.get("id"), cell.get("source")
    if not isinstance(cell_id, str) or not 0 < len(cell_id) <= MAX_ID_LENGTH:
        return None
    return (cell_id, source) if isinstance(source, str) else None
