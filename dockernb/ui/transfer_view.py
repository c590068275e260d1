"""Layers on their way, as text and as static HTML. Pure."""

from __future__ import annotations

from html import escape

from ..engines.base import Progress
from ..oci.digest import short_id
from ..use.transfer import TransferState
from .figures import format_bytes, format_count, format_seconds
from .visible import visible

__all__ = ["transfer_html", "transfer_text"]

_BARS = 12
_TRACK = "background:rgba(128,128,128,0.25);border-radius:3px;height:5px;width:180px"
_FILL = "background:#2f7de0;border-radius:3px;height:5px"
_CELL = "text-align:left;padding:1px 8px"
_NUMBER = "text-align:right;padding:1px 8px;white-space:nowrap"


def transfer_text(what: str, state: TransferState, *, done: bool) -> str:
    """One line: how much of how much, and how fast."""
    amount = format_bytes(state.current)
    if state.total and not done:
        amount += f" of {format_bytes(state.total)}"
    count = "" if _is_archive(state) else f"{format_count(len(state.rows), 'layer')}, "
    rate = f"{format_bytes(state.rate)}/s" if state.seconds >= 0.05 else ""
    time = format_seconds(state.seconds) if done else ""
    return f"{visible(what)}: " + ", ".join(
        text for text in (f"{count}{amount}", rate, time) if text
    )


def transfer_html(what: str, state: TransferState, *, done: bool) -> str:
    """A line, and a bar for each of the first layers; all texts are escaped."""
    head = f"<div>{escape(transfer_text(what, state, done=done))}</div>"
    rows = "".join(_row(row) for row in state.rows[:_BARS])
    more = len(state.rows) - _BARS
    tail = f"<div>and {format_count(more, 'layer')} more</div>" if more > 0 else ""
    table = f'<table style="font-size:12px">{rows}</table>' if rows else ""
    return head + table + tail


def _row(row: Progress) -> str:
    share = min(100, 100 * row.current // row.total) if row.total else 0
    amount = format_bytes(row.current) if row.current else ""
    if row.total and row.current < row.total:
        amount += f" / {format_bytes(row.total)}"
    return (
        f'<tr><td style="{_CELL}"><code>{escape(visible(short_id(row.id)[:16]))}</code></td>'
        f'<td style="{_CELL}"><div style="{_TRACK}"><div style="{_FILL};width:{share}%"></div>'
        f'</div></td><td style="{_CELL}">{escape(visible(row.status[:40]))}</td>'
        f'<td style="{_NUMBER}">{amount}</td></tr>'
    )


def _is_archive(state: TransferState) -> bool:
    return [row.id for row in state.rows] == ["archive"]
