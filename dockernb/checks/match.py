"""What a value has to be: equal to something, like a pattern, one of several, set or not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

__all__ = ["Match", "Value", "shown"]

# What a snapshot holds at a place; None: nothing is set there.
Value = str | int | tuple[str, ...] | None

Kind = Literal["is", "is_not", "matches", "lacks", "one_of", "set"]


@dataclass(frozen=True)
class Match:
    """One condition on a value.

    Args:
        kind: "is" and "is_not" compare; "matches" and "lacks" search a pattern in the text (of an
            array: its words with blanks between); "one_of" compares with several; "set" asks
            whether there is a value that is not empty.
        values: The one value, pattern or flag; for "one_of" all of them.
    """

    kind: Kind
    values: tuple[Value | bool, ...]

    def holds(self, value: Value) -> bool:
        """Whether `value` is as it has to be."""
        match self.kind:
            case "is":
                return value == self.values[0]
            case "is_not":
                return value != self.values[0]
            case "one_of":
                return value in self.values
            case "set":
                return (value not in (None, "", ())) == self.values[0]
            case _:
                found = re.search(str(self.values[0]), _text(value), re.MULTILINE) is not None
                return found == (self.kind == "matches")


def shown(value: Value) -> str:
    """A value for the reader: an array as in a Dockerfile, "not set" for nothing."""
    if value is None or value in ("", ()):
        return "not set"
    if isinstance(value, tuple):
        return "[" + ", ".join(f'"{word}"' for word in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _text(value: Value) -> str:
    if value is None:
        return ""
    return " ".join(value) if isinstance(value, tuple) else str(value)
