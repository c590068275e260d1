"""The sentences of a card that text, HTML and the widget share. Plain text, nothing escaped."""

from __future__ import annotations

import json
from typing import Any

from ..build.result import CacheVerdict
from ..oci.digest import short_id
from .card_view import CardView
from .figures import format_bytes, format_count, format_date, format_seconds
from .visible import visible

__all__ = [
    "built_text",
    "cache_lines",
    "changes_of",
    "changes_text",
    "log_facts",
    "origin_text",
    "reason_text",
    "size_text",
    "title_text",
    "value_text",
    "why_text",
]


def size_text(view: CardView) -> str:
    """What the step adds: `+33.2 MB`; for FROM the whole image: `74.8 MB`."""
    if view.snapshot is None:
        return ""
    if view.instruction == "FROM":
        return format_bytes(view.snapshot.size) if view.snapshot.size else ""
    added = view.snapshot.layer_size or view.added_bytes
    if not added and not view.totals.files and view.instruction not in _LAYERS:
        return ""
    return "+" + format_bytes(added)


# Instructions that make a layer, even an empty one; of the others no size is said.
_LAYERS = ("RUN", "COPY", "ADD", "WORKDIR")


def title_text(view: CardView, width: int = 120) -> str:
    """The instruction's first line, on cards whose cell holds several; else ""."""
    lines = (line.strip() for line in view.source.splitlines())
    line = next((line for line in lines if line and not line.startswith("#")), "")
    if not view.titled or not line:
        return ""
    return visible(line if len(line) <= width else line[: width - 3] + "...")


def origin_text(view: CardView) -> str:
    """Where the step started; after a failure, what still stands."""
    parent = short_id(view.parent_id) if view.parent_id else ""
    if view.status in ("failed", "interrupted"):
        return f"snapshot {parent} still stands" if parent else "no new snapshot was made"
    return f"from {parent}" if parent else ""


def changes_text(view: CardView) -> str:
    """Files added, modified and deleted: `147 files: 118 A, 28 M, 1 D`; "" if there are none."""
    totals = view.totals
    counts = ((totals.added, "A"), (totals.modified, "M"), (totals.deleted, "D"))
    parts = [f"{count:,} {letter}" for count, letter in counts if count]
    return f"{format_count(totals.files, 'file')}: {', '.join(parts)}" if parts else ""


def changes_of(cache: CacheVerdict) -> list[str]:
    """What changed, where the reason does not say it all by itself."""
    if len(cache.changed) == 1 or not cache.changed:
        return [text for text in cache.changed if text not in (cache.reason, "pulled")]
    return list(cache.changed)


def reason_text(cache: CacheVerdict) -> str:
    """The reason as a sentence; "" where the list of changes says it."""
    reason = cache.reason
    if not reason or (reason == "; ".join(cache.changed) and len(cache.changed) > 1):
        return ""
    if reason == _FIRST_TIME:
        return "Built here for the first time."
    end = "" if reason.endswith(".") else "."
    if cache.status == "hit":
        return reason + end
    # What follows may be the name of a file, which must not be capitalised.
    return f"Reason: {reason}{end}"


def why_text(view: CardView) -> str:
    """Why the step was built again, in a few words for the card's first line; else ""."""
    cache = view.cache
    if cache is None or cache.status != "miss" or view.status == "running":
        return ""
    if view.instruction == "FROM" or not cache.reason or cache.reason == _FIRST_TIME:
        return ""
    first, *more = cache.changed or (cache.reason,)
    first = first if len(first) <= 60 else first[:57] + "..."
    return f"built again: {first}" + (f" and {len(more)} more" if more else "")


_FIRST_TIME = "first time"


def cache_lines(view: CardView) -> list[str]:
    """Why the step was or was not taken from the cache, one sentence a line."""
    if view.cache is None:
        return []
    lines = [text for text in (reason_text(view.cache), *changes_of(view.cache)) if text]
    built = built_text(view)
    return [*lines, built] if built else lines


def built_text(view: CardView) -> str:
    """When and how fast a hit's snapshot was built; "" for steps that are no hit."""
    if view.cache is None or view.cache.status != "hit" or view.built_at is None:
        return ""
    took = f" in {format_seconds(view.original_seconds)}" if view.original_seconds else ""
    date = format_date(view.built_at)
    return f"Built {date}{took}." if date else ""


def log_facts(view: CardView) -> str:
    """`212 lines`."""
    return format_count(view.log.lines, "line")


def value_text(value: Any, limit: int = 500) -> str:
    """One side of a config change on one line; "not set" for None."""
    if value is None:
        return "not set"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = visible(text[:limit]) + ("..." if len(text) > limit else "")
    return text or '""'
