"""Where each cell stands in the exported file.

The export leaves magics out and closes open instructions; it never changes the number of lines of
what it keeps.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..dockerfile.export import Piece, export_source, join_pieces
from ..dockerfile.magics import without_magics
from .check import CellLines

__all__ = ["cell_lines", "exported_cells"]


def exported_cells(cells: Sequence[tuple[str, str, str]]) -> tuple[str, list[CellLines]]:
    """The exported file of a notebook, and where its cells are.

    Args:
        cells: ID, label and text of the code cells in order, magics included.
    """
    kept = [(cell, text) for cell in cells if (text := export_source(cell[2]))]
    pieces = [Piece(text) for _, text in kept]
    return join_pieces(pieces), cell_lines([cell for cell, _ in kept], pieces)


def cell_lines(
    cells: Sequence[tuple[str, str, str] | None], pieces: Sequence[Piece], start: str = ""
) -> list[CellLines]:
    """Where the cells are whose pieces were joined.

    Args:
        cells: ID, label and text of each piece's cell; None: it is no code cell.
        start: What stands before the first piece.
    """
    found = []
    line = 1 + start.count("\n")
    for index, (cell, piece) in enumerate(zip(cells, pieces, strict=True)):
        if index:
            line += 2 if piece.before is None else piece.before.count("\n")
        count = piece.text.count("\n") + 1
        if cell is not None:
            body = without_magics(cell[2]) or ""
            offset = cell[2].count("\n") - body.count("\n")
            found.append(CellLines(*cell, line, count, offset))
        line += count - 1
    return found
