"""The text of a cell, taken apart: magics at its start, Dockerfile text below."""

from __future__ import annotations

from dataclasses import dataclass

from dockernb.dockerfile.magics import Magic as MagicLine
from dockernb.dockerfile.magics import split_magics, without_magics

__all__ = ["Cell", "MagicLine", "split_cell"]


@dataclass(frozen=True)
class Cell:
    """A cell taken apart.

    Args:
        source: The whole text.
        magics: What stands at the start, in order.
        body: The Dockerfile text without the magics; empty for a `%%name` cell.
        magic_body: All lines below a `%%name` line.
    """

    source: str
    magics: tuple[MagicLine, ...]
    body: str
    magic_body: str = ""

    @property
    def offset(self) -> int:
        """How many lines of `source` are missing above an instruction in `body`."""
        return self.source.count("\n") - self.body.count("\n")


def split_cell(source: str) -> Cell:
    """Takes a cell apart."""
    magics, _ = split_magics(source)
    body = without_magics(source)
    if body is None:
        lines = source.splitlines(keepends=True)
        return Cell(source, magics, "", "".join(lines[magics[-1].line :]))
    return Cell(source, magics, body)
