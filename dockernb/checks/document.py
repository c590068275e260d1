"""The text of a check file, and where in it something stands."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import Any

from dockernb.errors import CheckFileError, Where

__all__ = ["Document"]

_EXPECT = re.compile(r"\s*\[\[\s*expect\s*\]\]")
_LINE_OF_ERROR = re.compile(r"\(at line (\d+), column \d+\)|\(at end of document\)")


@dataclass(frozen=True)
class Document:
    """A check file.

    Args:
        name: Its path, as the teacher would write it.
    """

    name: str
    text: str

    def values(self) -> dict[str, Any]:
        """What the TOML says.

        Raises:
            CheckFileError: it is no TOML; the place is that of the first error.
        """
        try:
            return tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as err:
            found = _LINE_OF_ERROR.search(str(err))
            line = int(found[1]) if found and found[1] else len(self.text.split("\n"))
            message = _LINE_OF_ERROR.sub("", str(err)).strip()
            raise self.error(f"the check file is no TOML: {message}", line=line) from err

    def error(self, message: str, *, line: int, hint: str | None = None) -> CheckFileError:
        """An error at a line of this file (0: at no line)."""
        where = Where(self.text if line else "", line, label=self.name)
        return CheckFileError(message, where=where, hint=hint or _SEE)

    def line_of(self, expectation: int | None, key: str) -> int:
        """The line in which `key` stands, as well as it can be told; 0 when it cannot.

        The TOML parser does not say where a value came from, so the text is searched.

        Args:
            expectation: Number of the `[[expect]]`, from 0; None: above the first.
            key: The last part of the key; "" for the head of the expectation.
        """
        lines = self.text.split("\n")
        heads = [number for number, line in enumerate(lines) if _EXPECT.match(line)]
        if expectation is None:
            first, last = 0, heads[0] if heads else len(lines)
        elif expectation < len(heads):
            first = heads[expectation]
            last = [*heads, len(lines)][expectation + 1]
        else:
            first, last = 0, len(lines)
        word = re.compile(rf"(?:^|[\s.\[{{,\"'])({re.escape(key)})[\"']?\s*[=.\]]")
        for number in range(first, last):
            if key and word.search(lines[number]):
                return number + 1
        return first + 1 if expectation is not None else 0


_SEE = "docs/checks.md describes check files."
