"""Tables that magics show."""

from __future__ import annotations

from dockernb.ui.table import Table, table_html, table_text

from .registry import MagicCall

__all__ = ["show_table"]


def show_table(call: MagicCall, table: Table) -> None:
    """Displays a table: text for a terminal, HTML for a notebook's page."""
    call.publisher.display({"text/plain": table_text(table), "text/html": table_html(table)})
