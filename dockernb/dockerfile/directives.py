"""Parser directives: `# syntax=`, `# escape=` and `# check=` (BuildKit `parser/directives.go`)."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["DEFAULT_ESCAPE", "DirectiveReader", "ParserDirective", "detect_syntax"]

DEFAULT_ESCAPE = "\\"

_DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*\Z", re.ASCII)
_NAMES = frozenset({"syntax", "escape", "check"})


@dataclass(frozen=True)
class ParserDirective:
    """`# <name>=<value>` before anything else in the file.

    Args:
        name: In lower case: syntax, escape or check.
        value: As written.
        line: Counted from 1.
    """

    name: str
    value: str
    line: int


class DirectiveReader:
    """Reads directives until the first line that is none, and holds the escape character.

    Args:
        escape: The escape character, when the top of the file was read already: from then on
            a line like `# escape=` is a comment. None: the text is the beginning of a file.
    """

    def __init__(self, escape: str | None = None) -> None:
        self.escape = escape or DEFAULT_ESCAPE
        self.found: list[ParserDirective] = []
        self._is_over = escape is not None

    def read(self, line: str, number: int) -> ParserDirective | None:
        """The directive on this line, or None; ValueError when it stands twice or is wrong."""
        if self._is_over:
            return None
        match = _DIRECTIVE.match(line)
        name = match.group(1).lower() if match else ""
        if match is None or name not in _NAMES:
            self._is_over = True
            return None
        if any(name == seen.name for seen in self.found):
            raise ValueError(f"only one {name} parser directive can be used")
        value = match.group(2)
        if name == "escape":
            if value not in {"`", "\\"}:
                raise ValueError(f"invalid escape token '{value}' does not match ` or \\")
            self.escape = value
        directive = ParserDirective(name, value, number)
        self.found.append(directive)
        return directive


def detect_syntax(text: str) -> str | None:
    """The frontend image of `# syntax=`: the first word of its value. A first line `#!` is skipped.

    The parser proper knows no `#!` lines: after one there are no directives (BuildKit, the same).
    """
    lines = text.removeprefix("\ufeff").split("\n")
    reader = DirectiveReader()
    for number, line in enumerate(lines[1:] if lines[0].startswith("#!") else lines, 1):
        try:
            directive = reader.read(line, number)
        except ValueError:
            return None
        if directive is None or directive.name == "syntax":
            return directive.value.split(" ")[0] if directive else None
    return None
