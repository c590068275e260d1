"""Tables as text and as static HTML. Every cell is escaped; nothing in it is markup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from .visible import visible

__all__ = ["Column", "Table", "table_html", "table_text"]

Kind = Literal["text", "figure", "code", "id"]

# Styles that JupyterLab lets through; its own put text into the middle and break words.
_CELL = "text-align:left;vertical-align:top;word-break:normal"
_STYLES: dict[Kind, str] = {
    "text": _CELL,
    "figure": "text-align:right;vertical-align:top;white-space:nowrap",
    "id": "text-align:left;vertical-align:top;font-family:monospace;white-space:nowrap",
    "code": "text-align:left;vertical-align:top;font-family:monospace;word-break:break-word",
}


@dataclass(frozen=True)
class Column:
    """A column: its title and what it holds.

    `figure` stands to the right; `code` is in fixed width; `id` too, and is never broken.
    """

    title: str
    kind: Kind = "text"


@dataclass(frozen=True)
class Table:
    """Rows of texts.

    Args:
        note: A line below: what is left out, a sum.
    """

    columns: tuple[Column, ...]
    rows: Sequence[Sequence[str]]
    note: str = ""


def table_text(table: Table) -> str:
    """The table in columns, with its titles in the first line."""
    rows = [[column.title for column in table.columns]]
    rows += [[visible(text) for text in row] for row in table.rows]
    widths = [max(len(row[index]) for row in rows) for index in range(len(table.columns))]
    lines = [
        "  ".join(
            f"{text:>{width}}" if column.kind == "figure" else f"{text:<{width}}"
            for text, width, column in zip(row, widths, table.columns, strict=True)
        ).rstrip()
        for row in rows
    ]
    return "\n".join([*lines, *([visible(table.note)] if table.note else [])])


def table_html(table: Table) -> str:
    """The table; without titles it has no head."""
    titles = [column.title for column in table.columns]
    head = _row("th", titles, table.columns) if any(titles) else ""
    body = "".join(_row("td", row, table.columns) for row in table.rows)
    note = f"<p>{escape(visible(table.note))}</p>" if table.note else ""
    return f"<table><thead>{head}</thead><tbody>{body}</tbody></table>{note}"


def _row(tag: str, texts: Sequence[str], columns: Sequence[Column]) -> str:
    cells = (
        f'<{tag} style="{_STYLES[column.kind]}">{escape(visible(text))}</{tag}>'
        for text, column in zip(texts, columns, strict=True)
    )
    return f"<tr>{''.join(cells)}</tr>"
