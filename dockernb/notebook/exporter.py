"""From a notebook to a Dockerfile; the way back of `importer`, which says what is kept where.

Code cells are the Dockerfile. Markdown cells are left out, because the course text is no part of
the image's recipe; only those that an import made from comments are written as comments. A notebook
written by hand has one blank line between cells. A notebook that was imported gives its file back;
where a cell was edited, added, moved or deleted, all other cells are still exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dockernb.dockerfile.export import Piece, export_source, join_pieces
from dockernb.notebook.cells import Cell, Notebook
from dockernb.notebook.importer import editor_text, is_source_of, uncommented, with_newline

__all__ = ["export_notebook", "notebook_pieces"]


def export_notebook(notebook: Notebook) -> str:
    """The Dockerfile's text. A notebook without instructions gives the empty text."""
    newline = _text(notebook.ours, "newline") or "\n"
    pairs, start = notebook_pieces(notebook)
    end = _text(notebook.ours, "end")
    if not pairs and end is None:
        end = ""
    return join_pieces([piece for _, piece in pairs], start=start, end=end, newline=newline)


def notebook_pieces(notebook: Notebook) -> tuple[list[tuple[Cell, Piece]], str]:
    """The cells that the Dockerfile holds, each with its piece; and what stands before them."""
    newline = _text(notebook.ours, "newline") or "\n"
    pairs = [
        (cell, Piece(text, _text(cell.ours, "before")))
        for cell in notebook.cells
        if (text := _cell_text(cell, newline))
    ]
    return pairs, _text(notebook.ours, "start") or ""


def _cell_text(cell: Cell, newline: str) -> str:
    if cell.kind == "code":
        exact = _text(cell.ours, "exact")
        if exact is not None and is_source_of(cell.source, exact):
            return exact
        return with_newline(export_source(cell.source), newline)
    comment = _text(cell.ours, "comment")
    if cell.kind != "markdown" or comment is None:
        return ""
    if uncommented(comment) == editor_text(cell.source):
        return comment
    return with_newline(_commented(cell.source), newline)


def _commented(text: str) -> str:
    """Each line as a comment; the empty text is no comment."""
    lines = editor_text(text).strip("\n").split("\n")
    if lines == [""]:
        return ""
    return "\n".join(f"# {line}" if line.strip() else "#" for line in lines)


def _text(ours: Mapping[str, Any], key: str) -> str | None:
    value = ours.get(key)
    return value if isinstance(value, str) else None
