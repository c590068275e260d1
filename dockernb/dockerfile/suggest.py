"""Did you mean: the nearest known word, as BuildKit's `util/suggest` finds it."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["did_you_mean", "nearest", "quote"]

_MAX_DISTANCE = 2


def nearest(word: str, known: Iterable[str], *, case_sensitive: bool = True) -> str | None:
    """The known word at most two changes away, the first of equals; None when there is none.

    Without `case_sensitive` the answer takes the case of `word`.
    """
    best, best_distance = None, _MAX_DISTANCE + 1
    for candidate in known:
        pair = (word, candidate) if case_sensitive else (word.lower(), candidate.lower())
        distance = _distance(*pair)
        if distance == 0:
            return None  # the word itself is right: something else is wrong
        if distance < best_distance:
            best, best_distance = candidate, distance
    if best is None or case_sensitive:
        return best
    return best.lower() if word == word.lower() else best.upper() if word.isupper() else best


def did_you_mean(word: str, known: Iterable[str], *, case_sensitive: bool = True) -> str:
    """` (did you mean x?)`, or nothing."""
    found = nearest(word, known, case_sensitive=case_sensitive)
    return f" (did you mean {found}?)" if found else ""


def quote(value: str) -> str:
    """A value in double quotes, as Go's `%q` shows it."""
    text = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{text}"'


def _distance(left: str, right: str) -> int:
    """Levenshtein's distance, cut off where it no longer matters."""
    if abs(len(left) - len(right)) > _MAX_DISTANCE:
        return _MAX_DISTANCE + 1
    row = list(range(len(right) + 1))
    for number, mark in enumerate(left, 1):
        previous, row[0] = row[0], number
        for column, other in enumerate(right, 1):
            change = previous + (mark != other)
            previous, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, change)
    return row[-1]
