"""What the text of a cell says without being run."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from ..dockerfile.instructions import Lines
from ..dockerfile.magics import without_magics
from ..dockerfile.parse import ParsedDockerfile, parse_document
from .state import BuildState

__all__ = ["first_line", "has_instructions", "may_set_escape", "parsed", "warnings_at"]

# How much of a cell's first line an error shows, and of a line a warning.
_EXCERPT = 48
_WARNING = 120


def has_instructions(source: str) -> bool:
    """Whether the text holds more than comments."""
    lines = (line.strip() for line in source.splitlines())
    return any(line and not line.startswith("#") for line in lines)


def may_set_escape(source: str) -> bool:
    """Whether the text may begin with `# escape=`, which counts in the first cell only."""
    return source.lstrip().startswith("#") and "escape" in source.lower()


def parsed(source: str, state: BuildState) -> tuple[BuildState, ParsedDockerfile]:
    """The instructions of a cell; the first cell with text may set the escape character."""
    if state.begun:
        return state, _document(source, state.escape)
    document = _document(source, None)
    return replace(state, escape=document.escape, begun=True), document


@lru_cache(maxsize=1000)
def _document(source: str, escape: str | None) -> ParsedDockerfile:
    """Cells are looked at as often as the reader types in one of them."""
    return parse_document(source, escape=escape)


def warnings_at(document: ParsedDockerfile, lines: Lines) -> tuple[str, ...]:
    """What the parser warns of in these lines."""
    found = (each for each in document.warnings if lines.start <= each.line <= lines.end)
    return tuple(_cut(each.message, _WARNING) for each in found)


def first_line(source: str) -> str:
    """The first line of the cell's first instruction, cut to a width."""
    rows = (without_magics(source) or "").splitlines()
    line = next((row.strip() for row in rows if row.strip() and not row.startswith("#")), "")
    return _cut(line, _EXCERPT)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 3] + "..."
