"""The build context as text: what cells read, what .dockerignore takes out."""

from __future__ import annotations

from collections.abc import Iterator

from ..build.context_view import ContextView, Excluded, FilesOfCell
from .figures import format_bytes, format_count
from .visible import visible

__all__ = ["context_text"]

_FILES = 10  # of a cell


def context_text(view: ContextView) -> Iterator[str]:
    """Line by line; nothing for an empty view."""
    for cell in view.cells:
        yield from _of_cell(cell)
    if view.ignore_file:
        more = "" if view.whole else " (the folder is large: not all of it was looked at)"
        yield f"{visible(view.ignore_file)}{more}"
        yield from map(_line, view.excluded)


def _of_cell(cell: FilesOfCell) -> Iterator[str]:
    total = f"{format_count(len(cell.files), 'file')}, {format_bytes(cell.size)}"
    yield f"{visible(cell.cell)} reads {total}"
    for name, size in list(cell.files.items())[:_FILES]:
        yield f"  {visible(name)}  {'gone' if size is None else format_bytes(size)}"
    if len(cell.files) > _FILES:
        yield f"  ... and {len(cell.files) - _FILES} more"


def _line(excluded: Excluded) -> str:
    line = f"  line {excluded.line}: {visible(excluded.pattern)}"
    if excluded.pattern.startswith("!"):
        return f"{line}  takes in again"
    if not excluded.count:
        return f"{line}  excludes nothing"
    names = ", ".join(map(visible, excluded.examples))
    rest = ", ..." if excluded.count > len(excluded.examples) else ""
    return f"{line}  excludes {names}{rest}"
