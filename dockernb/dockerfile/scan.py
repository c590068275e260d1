"""From text to statements: comments, blank lines, directives and whole instructions.

This is the part of BuildKit's `parser/parser.go` which reads physical lines: continuation lines,
comments between them, heredoc bodies. Every physical line belongs to exactly one statement, so
that the lines of all statements give the text back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from dockernb.dockerfile.directives import DirectiveReader, ParserDirective
from dockernb.dockerfile.instructions import Heredoc
from dockernb.dockerfile.library import (
    GO_SPACE,
    flags_and_rest,
    heredoc_markers,
    json_array_end,
    strip_tabs,
)

__all__ = ["Kind", "ScanError", "Statement", "first_word", "scan", "split_lines"]

Kind = Literal["instruction", "comment", "blank", "directive"]

MAX_LINE_BYTES = 64 * 1024
"""The buffer of the scanner which BuildKit reads lines with, the line's end included."""

_LINE = re.compile(r"[^\n]*\n|[^\n]+\Z")
_WHITE_SPACE = re.compile(r"[\t\v\f\r ]+")
_CONTINUATION = {
    # An escaped escape character ends no line; three in a row do not either (as in BuildKit).
    token: re.compile(rf"(?<!{re.escape(token)}){re.escape(token)}[ \t]*\Z")
    for token in ("\\", "`")
}
_WITH_HEREDOCS = frozenset({"run", "copy", "add"})


class ScanError(ValueError):
    """The lines cannot be told apart.

    Args:
        is_open: The text only ends too early; more lines would cure it.
    """

    def __init__(self, message: str, start: int, end: int, *, is_open: bool = False) -> None:
        super().__init__(message)
        self.start = start
        self.end = end
        self.is_open = is_open


@dataclass(frozen=True)
class Statement:
    """One instruction, comment line, blank line or parser directive.

    Args:
        line: An instruction on one line: continuation lines joined, comments between them dropped.
            For other kinds the line without white space around it.
        start: First line, counted from 1.
        end: Last line, heredocs included.
        code_end: Last line before the heredoc bodies.
        heredocs: With their bodies.
        has_empty_line: A continuation line was empty (BuildKit warns).
        is_open: The text ended where a continuation line was due.
    """

    kind: Kind
    line: str
    start: int
    end: int
    code_end: int
    heredocs: tuple[Heredoc, ...] = ()
    has_empty_line: bool = False
    is_open: bool = False
    directive: ParserDirective | None = None


def split_lines(text: str) -> list[str]:
    """The lines of a text with their ends. Only a line feed ends a line, as in Go."""
    return _LINE.findall(text)


def first_word(line: str) -> tuple[str, str]:
    """An instruction's keyword and the text after it."""
    parts = _WHITE_SPACE.split(line.strip(GO_SPACE), maxsplit=1)
    return parts[0], parts[1] if len(parts) == 2 else ""


def scan(text: str, directives: DirectiveReader) -> Iterator[Statement]:
    """Yields the statements of a text in order.

    Args:
        text: A cell or a file.
        directives: Holds the escape character, and reads the parser directives on the way.

    Raises:
        ScanError: After the statements before the error.
    """
    reader = _Reader(split_lines(text), directives)
    while reader.index < len(reader.lines):
        yield reader.statement()


class _Reader:
    def __init__(self, lines: list[str], directives: DirectiveReader) -> None:
        self.lines = lines
        self.directives = directives
        self.index = 0

    def next_line(self) -> str:
        line = self.lines[self.index]
        self.index += 1
        # A character has four bytes at most: most lines need no counting.
        if len(line) > MAX_LINE_BYTES // 4 and _is_too_long(line):
            raise ScanError(
                f"dockerfile line greater than max allowed size of {MAX_LINE_BYTES - 1}",
                self.index,
                self.index,
            )
        if self.index == 1:
            line = line.removeprefix("\ufeff")
        return line

    def statement(self) -> Statement:
        body = self.next_line().rstrip("\r\n").lstrip(GO_SPACE)
        number = self.index
        try:
            directive = self.directives.read(body, number)
        except ValueError as err:
            raise ScanError(str(err), number, number) from None
        if directive is not None:
            return Statement("directive", body, number, number, number, directive=directive)
        if not body or body.startswith("#"):
            return Statement("comment" if body else "blank", body, number, number, number)
        return self._instruction(body, number)

    def _instruction(self, body: str, start: int) -> Statement:
        continuation = _CONTINUATION[self.directives.escape]
        parts = [continuation.sub("", body)]
        is_open = parts[0] != body
        has_empty_line = False
        while is_open and self.index < len(self.lines):
            body = self.next_line().rstrip("\r\n")
            stripped = body.lstrip(GO_SPACE)
            if not stripped:
                has_empty_line = True
            elif not stripped.startswith("#"):
                parts.append(continuation.sub("", body))
                is_open = parts[-1] != body
        line = "".join(parts)
        code_end = self.index
        heredocs = self._heredocs(line, start)
        return Statement(
            "instruction", line, start, self.index, code_end, heredocs, has_empty_line, is_open
        )

    def _heredocs(self, line: str, start: int) -> tuple[Heredoc, ...]:
        if "<<" not in line or not _can_hold_heredocs(line):
            return ()
        try:
            markers = heredoc_markers(line)
        except ValueError as err:
            raise ScanError(str(err), start, self.index) from None
        return tuple(self._body(marker, start) for marker in markers)

    def _body(self, marker: Heredoc, start: int) -> Heredoc:
        body: list[str] = []
        while self.index < len(self.lines):
            line = self.next_line()
            bare = line.rstrip("\r\n")
            if (bare.lstrip("\t") if marker.chomp else bare) == marker.name:
                raw = "".join(body)
                return Heredoc(
                    name=marker.name,
                    content=strip_tabs(raw) if marker.chomp else raw,
                    expand=marker.expand,
                    chomp=marker.chomp,
                    file_descriptor=marker.file_descriptor,
                    marker=marker.marker,
                    raw=raw,
                )
            body.append(line)
        raise ScanError(
            f"unterminated heredoc: no line {marker.name!r} ends {marker.marker}",
            start,
            self.index,
            is_open=True,
        )


def _is_too_long(line: str) -> bool:
    size = len(line.encode("utf-8", "surrogatepass"))
    # A last line without newline must leave room in the scanner's buffer.
    return size > MAX_LINE_BYTES - (not line.endswith("\n"))


def _can_hold_heredocs(line: str) -> bool:
    """BuildKit's `canContainHeredoc`: RUN, COPY, ADD in shell form, also inside one ONBUILD."""
    keyword, rest = first_word(line)
    if keyword.lower() == "onbuild":
        keyword, rest = first_word(flags_and_rest(rest)[1])
    if keyword.lower() not in _WITH_HEREDOCS:
        return False
    return json_array_end(flags_and_rest(rest)[1]) is None
