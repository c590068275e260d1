"""How much of a card a notebook keeps: at most 50 kB, html and text included.

The entries of the diff come first, for a reader looks at them when the notebook is opened again;
the log gets what they leave.
"""

from __future__ import annotations

from .card_view import CardView

__all__ = ["MAX_ENTRIES", "kept_entries", "log_room", "rows_room"]

MAX_ENTRIES = 200
_ENTRIES = 36_000
# What .ipynb writes for an entry beside its path: names, figures and an indentation of ten.
_ENTRY_COST = 120
_LINK_COST = 30
_LOG_LEAST, _LOG_MOST = 1_800, 8_000
_ROWS_LEAST, _ROWS_MOST = 2_000, 9_000


def kept_entries(view: CardView, limit: int = MAX_ENTRIES) -> int:
    """How many entries of the diff are kept, from the first one; very long paths make them less."""
    return _kept(view, limit)[0]


def log_room(view: CardView) -> int:
    """Characters of the log in the card's JSON; its html may need as many."""
    return round(_LOG_LEAST + (_LOG_MOST - _LOG_LEAST) * _free(view))


def rows_room(view: CardView) -> int:
    """Characters that the rows of files in the card's html may need."""
    return round(_ROWS_LEAST + (_ROWS_MOST - _ROWS_LEAST) * _free(view))


def _free(view: CardView) -> float:
    """The share of the room for entries that is not used; half of it empty leaves all to others."""
    used = _kept(view, MAX_ENTRIES)[1]
    return min(1.0, max(0.0, 2 * (1 - used / _ENTRIES)))


def _kept(view: CardView, limit: int) -> tuple[int, int]:
    """Number of the entries that are kept, and what they cost in characters."""
    cost = 0
    for number, entry in enumerate(view.diff.entries[:limit]):
        more = len(entry.path) + _ENTRY_COST
        more += len(entry.link_target) + _LINK_COST if entry.link_target is not None else 0
        if cost + more > _ENTRIES and number:
            return number, cost
        cost += more
    return min(limit, len(view.diff.entries)), cost
