"""Strict reading of a table of a check file: every key is known, every value of its type."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from dockernb.dockerfile.suggest import did_you_mean, nearest
from dockernb.errors import CheckFileError

from .document import Document
from .match import Match, Value

__all__ = ["Table"]

_NUMBER = r"\s*([0-9]+(?:\.[0-9]+)?)\s*"
_SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0}
_BYTES = {"B": 1, "kB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000}
_KINDS = ("is", "is_not", "matches", "lacks", "one_of", "set")


@dataclass
class Table:
    """A table being read. Whoever has read all that it wants calls `finish`.

    Args:
        path: Keys from the top to this table, for messages.
        expectation: Number of the `[[expect]]` that it belongs to, from 0.
    """

    document: Document
    values: dict[str, Any]
    path: tuple[str, ...] = ()
    expectation: int | None = None
    _known: list[str] = field(default_factory=list)

    def error(self, key: str, message: str) -> CheckFileError:
        """An error about a key of this table."""
        place = self.document.line_of(self.expectation, key or (self.path or ("",))[-1])
        return self.document.error(message, line=place)

    def name_of(self, key: str) -> str:
        """The key as it is written, in quotes."""
        return '"' + ".".join((*self.path, key)) + '"'

    def has(self, key: str) -> bool:
        """Whether the key is there."""
        self._known.append(key)
        return key in self.values

    def finish(self) -> None:
        """Refuses keys that nobody asked for."""
        for key in self.values:
            if key not in self._known:
                known = ", ".join(dict.fromkeys(self._known))
                raise self.error(
                    key,
                    f"unknown key {self.name_of(key)}{did_you_mean(key, self._known)}; "
                    f"known here: {known}",
                )

    # --- values -----------------------------------------------------------------------------
    def text(self, key: str, default: str | None = None) -> str:
        """A text that is not empty; without a default it must be there."""
        if not self.has(key):
            if default is None:
                near = nearest(key, self.values)
                meant = f'; "{near}" stands there' if near else ""
                raise self.error(near or "", f"{self.name_of(key)} is missing{meant}")
            return default
        value = self.values[key]
        if not isinstance(value, str) or not value.strip():
            raise self._wrong(key, "a text")
        return " ".join(value.split())

    def raw_text(self, key: str) -> str:
        """A text as it stands, line ends and all."""
        value = self.values[key] if self.has(key) else None
        if not isinstance(value, str) or not value:
            raise self._wrong(key, "a text")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; empty when it is not there."""
        value = self.values[key] if self.has(key) else []
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self._wrong(key, "a list of texts")
        return tuple(value)

    def command(self, key: str) -> tuple[str, ...]:
        """A command: a list of words, or a text for `/bin/sh -c`."""
        if isinstance(self.values.get(key), str):
            return ("/bin/sh", "-c", self.raw_text(key))
        words = self.texts(key)
        if not words:
            raise self._wrong(key, "a text for the shell, or a list of words")
        return words

    def flag(self, key: str, *, default: bool) -> bool:
        """A TOML boolean."""
        value = self.values[key] if self.has(key) else default
        if not isinstance(value, bool):
            raise self._wrong(key, "true or false")
        return value

    def number(self, key: str, default: int) -> int:
        """A whole number that is not negative."""
        value = self.values[key] if self.has(key) else default
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self._wrong(key, "a whole number")
        return value

    def seconds(self, key: str, default: float | None = None) -> float | None:
        """A time: "500 ms", "3 s", "1 min"; in seconds."""
        value = self._quantity(key, _SECONDS, 'a time such as "3 s"')
        return default if value is None else value

    def bytes(self, key: str) -> int | None:
        """A size: "800 B", "50 MB" (powers of 1000); in bytes."""
        value = self._quantity(key, _BYTES, 'a size such as "50 MB"')
        return None if value is None else int(value)

    def _quantity(self, key: str, units: dict[str, Any], what: str) -> float | None:
        if not self.has(key):
            return None
        value = self.values[key]
        found = re.fullmatch(_NUMBER + f"({'|'.join(units)})", value) if _is_text(value) else None
        if found is None:
            raise self._wrong(key, what)
        return float(found[1]) * float(units[found[2]])

    def pattern(self, key: str) -> str:
        """A regular expression; "" when it is not there."""
        if not self.has(key):
            return ""
        return self.check_pattern(key, self.values[key])

    def match(self, key: str) -> Match | None:
        """A condition: a value to be equal to, or a table such as `{ matches = "^redis" }`."""
        if not self.has(key):
            return None
        value = self.values[key]
        if not isinstance(value, dict):
            return Match("is", (self._value(key, value),))
        if len(value) != 1:
            raise self._wrong(key, f"a table with one of {', '.join(_KINDS)}")
        (kind, wanted), *_ = value.items()
        match kind:
            case "is" | "is_not":
                return Match(kind, (self._value(key, wanted),))
            case "matches" | "lacks":
                return Match(kind, (self.check_pattern(key, wanted),))
            case "set" if isinstance(wanted, bool):
                return Match("set", (wanted,))
            case "one_of" if isinstance(wanted, list) and wanted:
                return Match("one_of", tuple(self._value(key, each) for each in wanted))
            case "set" | "one_of":
                raise self._wrong(key, "`set = true` or `one_of = [...]`")
        guess = did_you_mean(kind, _KINDS)
        raise self.error(
            kind, f"unknown condition {self.name_of(key + '.' + kind)}{guess}; known: {_list()}"
        )

    # --- tables -----------------------------------------------------------------------------
    def table(self, key: str) -> Table:
        """The table below a key; empty when it is not there."""
        value = self.values[key] if self.has(key) else {}
        if not isinstance(value, dict):
            raise self._wrong(key, "a table")
        return Table(self.document, value, (*self.path, key), self.expectation)

    def tables(self, key: str) -> list[Table]:
        """The tables of an array `[[key]]`; those of `[[expect]]` get their numbers."""
        value = self.values[key] if self.has(key) else []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self._wrong(key, f"tables [[{key}]]")
        numbers: Sequence[int | None] = range(len(value))
        if key != "expect":
            numbers = [self.expectation] * len(value)
        return [
            Table(self.document, item, (*self.path, key), number)
            for item, number in zip(value, numbers, strict=True)
        ]

    def _value(self, key: str, value: Any) -> Value:
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        if isinstance(value, (str, int)) and not isinstance(value, bool):
            return value
        raise self._wrong(key, "a text, a number, a list of texts or a condition")

    def check_pattern(self, key: str, value: Any) -> str:
        """`value` itself, if it is a regular expression."""
        if not _is_text(value) or not value:
            raise self._wrong(key, "a pattern")
        try:
            re.compile(value)
        except re.error as err:
            raise self.error(key, f"the pattern of {self.name_of(key)} is wrong: {err}") from err
        return str(value)

    def _wrong(self, key: str, wanted: str) -> CheckFileError:
        return self.error(key, f"{self.name_of(key)} must be {wanted}")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _list() -> str:
    return ", ".join(_KINDS)
