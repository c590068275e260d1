"""Wildcards in COPY sources: Go's `filepath.Match`, where `*` and `?` stop at a slash.

Source: `ResolveWildcards` in tonistiigi/fsutil `copy/copy.go`. A bad pattern matches nothing there.
"""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["has_wildcards", "matches", "split_wildcards"]


def has_wildcards(text: str) -> bool:
    """Whether `text` holds a `*`, `?` or `[` that no backslash escapes."""
    return re.search(r"[*?\[]", re.sub(r"\\.", "", text, flags=re.DOTALL)) is not None


def split_wildcards(path: str) -> tuple[str, list[str]]:
    """A clean path up to the first component with a wildcard, and the components from it on.

    The second value is empty when there is no wildcard.
    """
    parts = path.strip("/").split("/")
    for number, part in enumerate(parts):
        if has_wildcards(part):
            return "/" + "/".join(parts[:number]), parts[number:]
    return path, []


def matches(pattern: str, name: str) -> bool:
    """Whether one path component has the pattern's form."""
    compiled = _compile(pattern)
    return compiled is not None and compiled.fullmatch(name) is not None


@lru_cache(maxsize=256)
def _compile(pattern: str) -> re.Pattern[str] | None:
    """The pattern as a regular expression; None if it is malformed."""
    parts: list[str] = [""]
    position = 0
    while position < len(pattern):
        mark = pattern[position]
        position += 1
        if mark == "*":
            parts.append("")
        elif mark == "?":
            parts[-1] += "[^/]"
        elif mark == "[":
            found = _character_class(pattern, position)
            if found is None:
                return None
            text, position = found
            parts[-1] += text
        elif mark == "\\":
            if position == len(pattern):
                return None
            parts[-1] += re.escape(pattern[position])
            position += 1
        else:
            parts[-1] += re.escape(mark)
    return re.compile(_with_stars(parts), re.DOTALL)


def _with_stars(parts: list[str]) -> str:
    """The expression of parts with a star between each two.

    Of the places where a part fits the first is as good as any other, but for the last part. So it
    is not tried again (an atomic group), which would take for ever where there are many stars.
    """
    first, *middle = parts
    if not middle:
        return first
    last = middle.pop()
    return first + "".join(f"(?>[^/]*?{part})" for part in middle) + f"[^/]*{last}"


def _character_class(pattern: str, position: int) -> tuple[str, int] | None:
    """The expression of the class that begins at `position`, and where it ends; None: malformed."""
    negated = pattern.startswith("^", position)
    position += negated
    ranges: list[str] = []
    while True:
        if ranges and pattern.startswith("]", position):
            # A range like [z-a] holds nothing, in Go as here.
            inside = "".join(text for text in ranges if text)
            if not inside:
                return ("." if negated else "(?!)"), position + 1
            return f"[{'^' if negated else ''}{inside}]", position + 1
        low = _class_mark(pattern, position)
        if low is None:
            return None
        position = high_position = low[1]
        high = low
        if pattern.startswith("-", position):
            found = _class_mark(pattern, high_position + 1)
            if found is None:
                return None
            high, position = found, found[1]
        is_range = low[0] <= high[0]
        ranges.append(f"{re.escape(low[0])}-{re.escape(high[0])}" if is_range else "")


def _class_mark(pattern: str, position: int) -> tuple[str, int] | None:
    if position >= len(pattern) or pattern[position] in "-]":
        return None
    if pattern[position] == "\\":
        position += 1
    # A class must be closed: a mark at the very end means that it is not.
    if position + 1 >= len(pattern):
        return None
    return pattern[position], position + 1
