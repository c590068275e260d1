"""Columns of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

__all__ = ["text_rows"]


def text_rows(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A line a row, columns two blanks apart."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(
            f"{text:<{width}}" for text, width in zip(row, widths, strict=True)
        ).rstrip()
