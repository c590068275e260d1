"""--chmod: octal numbers and symbolic modes (`u+x,go=`).

BuildKit before 0.20 silently ignores what is not octal; newer ones do as is done here.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from dockernb.errors import DockerfileError

__all__ = ["ChangeMode", "parse_chmod"]

# (mode of the source, is it a directory) -> new mode
ChangeMode = Callable[[int, bool], int]

_CLAUSE = re.compile(r"([ugoa]*)((?:[-+=](?:[ugo]|[rwxXst]*))+)")
_ACTION = re.compile(r"([-+=])([ugo]|[rwxXst]*)")
_SHIFTS = {"u": 6, "g": 3, "o": 0}
_BITS = {"r": 4, "w": 2, "x": 1}


def parse_chmod(chmod: str) -> ChangeMode | None:
    """What `--chmod` does to a mode; None for "".

    Raises:
        DockerfileError: It is neither an octal number up to 7777 nor a symbolic mode.
    """
    if not chmod:
        return None
    if re.fullmatch(r"[0-7]+", chmod) and int(chmod, 8) <= 0o7777:
        number = int(chmod, 8)
        return lambda _mode, _is_directory: number
    clauses = [_CLAUSE.fullmatch(text) for text in chmod.split(",")]
    if any(clause is None for clause in clauses):
        raise DockerfileError(
            f'invalid --chmod value "{chmod}"',
            rule="It is an octal number from 0 to 7777, or a symbolic mode.",
            hint="For example --chmod=755 or --chmod=u+x.",
        )

    def change(mode: int, is_directory: bool) -> int:
        for clause in clauses:
            if clause is not None:
                for sign, what in _ACTION.findall(clause[2]):
                    mode = _apply(mode, clause[1], sign, what, is_directory=is_directory)
        return mode

    return change


def _apply(mode: int, who: str, sign: str, what: str, *, is_directory: bool) -> int:
    everyone = "ugo" if not who or "a" in who else who
    bits = mask = 0
    for person in everyone:
        shift = _SHIFTS[person]
        mask |= 7 << shift
        bits |= _permission(mode, what, is_directory=is_directory) << shift
    if "s" in what:
        bits |= (0o4000 if "u" in everyone else 0) | (0o2000 if "g" in everyone else 0)
    if "t" in what and (not who or "a" in who or "o" in who):
        bits |= 0o1000
    if sign == "+":
        return mode | bits
    if sign == "-":
        return mode & ~bits
    special = (0o4000 if "u" in everyone else 0) | (0o2000 if "g" in everyone else 0)
    return (mode & ~mask & ~special) | bits


def _permission(mode: int, what: str, *, is_directory: bool) -> int:
    if what in _SHIFTS:
        return (mode >> _SHIFTS[what]) & 7
    value = sum(_BITS[letter] for letter in set(what) & set(_BITS))
    if "X" in what and (is_directory or mode & 0o111):
        value |= 1
    return value
