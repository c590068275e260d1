"""Does Enter run the cell, or begin a new line? For consoles (Jupyter's `is_complete_request`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dockernb.dockerfile.directives import DirectiveReader
from dockernb.dockerfile.parse import parse
from dockernb.dockerfile.scan import ScanError, scan
from dockernb.errors import DockerfileError

__all__ = ["Completeness", "is_complete"]

_INDENT = "    "


@dataclass(frozen=True)
class Completeness:
    """An answer to `is_complete_request`.

    Args:
        indent: What the next line begins with, when the text is incomplete.
    """

    status: Literal["complete", "incomplete", "invalid"]
    indent: str = ""


def is_complete(text: str, *, escape: str | None = None) -> Completeness:
    """Incomplete: a continuation line is due, or a heredoc is open. Invalid: `parse` refuses it."""
    try:
        for statement in scan(text, DirectiveReader(escape)):
            if statement.is_open:
                return Completeness("incomplete", _INDENT)
    except ScanError as err:
        return Completeness("incomplete" if err.is_open else "invalid")
    try:
        parse(text, escape=escape)
    except DockerfileError:
        return Completeness("invalid")
    return Completeness("complete")
