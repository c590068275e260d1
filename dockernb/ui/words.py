"""The sentences of a card that text, HTML and the widget share. Plain text, nothing escaped."""

from __future__ import annotations

import json
from typing import Any

from ..oci.digest import short_id
from .card_view import CardView
from .figures import format_bytes, format_count, format_date, format_seconds
from .visible import visible

__all__ = [
    "cache_lines",
    "changes_text",
    "log_facts",
    "origin_text",
    "size_text",
    "value_text",
]


def size_text(view: CardView) -> str:
    """What the step adds: `+33.2 MB`; for FROM the whole image: `74.8 MB`."""
    if view.snapshot is None:
        return ""
    if view.instruction == "FROM":
        return format_bytes(view.snapshot.size) if view.snapshot.size else ""
    return "+" + format_bytes(view.snapshot.layer_size or view.added_bytes)


def origin_text(view: CardView) -> str:
    """Where the step started; after a failure, what still stands."""
    parent = short_id(view.parent_id) if view.parent_id else ""
    if view.status in ("failed", "interrupted"):
        return f"snapshot {parent} still stands" if parent else "no snapshot was made"
    return f"from {parent}" if parent else ""


def changes_text(view: CardView) -> str:
    """Files added, modified and deleted: `147 files: 118 A, 28 M, 1 D`; "" if there are none."""
    totals = view.totals
    counts = ((totals.added, "A"), (totals.modified, "M"), (totals.deleted, "D"))
    parts = [f"{count:,} {letter}" for count, letter in counts if count]
    return f"{format_count(totals.files, 'file')}: {', '.join(parts)}" if parts else ""


def cache_lines(view: CardView) -> list[str]:
    """Why the step was or was not taken from the cache, one sentence a line."""
    if view.cache is None:
        return []
    lines = [view.cache.reason] if view.cache.reason else []
    lines += [text for text in view.cache.changed if text != view.cache.reason]
    if view.cache.status == "hit" and view.built_at is not None:
        took = f" in {format_seconds(view.original_seconds)}" if view.original_seconds else ""
        if date := format_date(view.built_at):
            lines.append(f"Built {date}{took}.")
    return lines


def log_facts(view: CardView) -> str:
    """`212 lines`, with what was left out: `9,120 lines, 1.2 MB left out`."""
    text = format_count(view.log.lines, "line")
    return f"{text}, {format_bytes(view.log.omitted)} left out" if view.log.omitted else text


def value_text(value: Any, limit: int = 500) -> str:
    """One side of a config change on one line; "not set" for None."""
    if value is None:
        return "not set"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = visible(text[:limit]) + ("..." if len(text) > limit else "")
    return text or '""'
