"""Tables that magics show: text for a terminal, HTML for a notebook's page."""

from __future__ import annotations

import html
from collections.abc import Sequence

from .registry import MagicCall

__all__ = ["html_table", "show_table", "text_table"]

Row = tuple[str, ...]

# Styles that JupyterLab lets through; its own put text into the middle and break words.
_CELL = "text-align:left;vertical-align:top;word-break:normal"
_FIGURES = "text-align:right;vertical-align:top;white-space:nowrap"
_NAME = "text-align:left;vertical-align:top;white-space:nowrap;font-family:monospace"
_STYLES = {"size": _FIGURES, "seconds": _FIGURES, "snapshot": _NAME, "cell": _FIGURES}


def show_table(call: MagicCall, columns: Row, rows: Sequence[Row]) -> None:
    """Shows a table with a head."""
    call.publisher.display(
        {"text/plain": text_table([columns, *rows]), "text/html": html_table(columns, rows)}
    )


def text_table(rows: Sequence[Row]) -> str:
    """Columns below each other, two blanks apart."""
    widths = [max(len(text) for text in column) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(f"{text:<{width}}" for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def html_table(columns: Row, rows: Sequence[Row]) -> str:
    """A table with a head, or, with no columns, of names and what they mean."""
    styles = [_STYLES.get(name, _CELL) for name in columns] or [_NAME, _CELL]
    head = _html_row("th", columns, styles) if columns else ""
    body = "".join(_html_row("td", row, styles) for row in rows)
    return f"<table><thead>{head}</thead><tbody>{body}</tbody></table>"


def _html_row(tag: str, texts: Sequence[str], styles: Sequence[str]) -> str:
    cells = (
        f'<{tag} style="{style}">{html.escape(text)}</{tag}>'
        for text, style in zip(texts, styles, strict=True)
    )
    return f"<tr>{''.join(cells)}</tr>"
