"""Matches a path in a time that grows with its length times the pattern's, as Go's expressions do.

Python's `re` tries one way after the other: a pattern with some stars would keep it busy for days,
and everything else in the process waits for that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

__all__ = ["ANY", "FOLDERS", "NAME", "STARS", "linear_matcher"]

# The parts of an expression that match more than one character: within a name, anything, folders.
NAME, ANY, FOLDERS = "[^/]*", ".*", "(?:.*/)?"
STARS = frozenset({NAME, ANY, FOLDERS})


def linear_matcher(parts: Sequence[str]) -> Callable[[str], bool]:
    """A test for whole paths; each part is one of `STARS`, or an expression of one character.

    It keeps the set of places in the pattern that the path so far can have led to, as the bits of
    a number. Place 2n is before part n; 2n + 1 is within the folders of part n, which end with "/".
    """
    tests = [(1 << 2 * at, part) for at, part in enumerate(parts)]
    singles = [(bit, re.compile(part).fullmatch) for bit, part in tests if part not in STARS]
    names, anything, folders = (
        sum(bit for bit, part in tests if part == kind) for kind in (NAME, ANY, FOLDERS)
    )
    stars, inside = names | anything | folders, folders << 1
    fitting: dict[str, int] = {}

    def closed(places: int) -> int:
        """With the places behind stars that match nothing."""
        while more := (places & stars) << 2 & ~places:
            places |= more
        return places

    def matches(path: str) -> bool:
        places = closed(1)
        for sign in path:
            if sign not in fitting:
                fitting[sign] = sum(bit for bit, test in singles if test(sign))
            after = (places & fitting[sign]) << 2
            if sign == "/":
                after |= (places & folders) << 2 | (places & inside) << 1
            else:
                after |= places & names
            if sign != "\n":
                after |= places & (anything | inside) | (places & folders) << 1
            places = closed(after)
            if not places:
                return False
        return bool(places >> 2 * len(parts))

    return matches
