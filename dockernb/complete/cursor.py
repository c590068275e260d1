"""What stands at the cursor: for completion and help. Never fails on unfinished text."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from dockernb.dockerfile.magics import CRLF_MAGIC, split_magics
from dockernb.dockerfile.scan import split_lines
from dockernb.dockerfile.split import split_instructions

__all__ = ["Place", "place_at"]

Kind = Literal["magic", "shell", "instruction", "heredoc", "comment"]

# Either escape character: which one is in force may have been said in another cell.
_CONTINUATION = re.compile(r"[\\`][ \t]*\Z")
_WORD = re.compile(r"\S*\Z")
_WORD_REST = re.compile(r"\S*")


@dataclass(frozen=True)
class Place:
    """The place of the cursor.

    Args:
        kind: "magic": on a `%` line; "shell": in the body of `%%shell`; "instruction": in an
            instruction, or where one may begin; "heredoc": in the body of one; "comment".
        head: Text of the instruction (magic line, comment) up to the cursor, continuation lines
            joined; of a heredoc the whole instruction; of `%%shell` its line.
        word: The last word up to the cursor, cut off there; may be empty.
        full_word: The same word to its end.
        body: Of a heredoc or a shell: its text up to the cursor.
        rest: What stands behind the cursor in the same instruction.
        above: The lines above this instruction.
    """

    kind: Kind
    head: str
    word: str
    full_word: str
    body: str = ""
    rest: str = ""
    above: str = ""

    @property
    def words(self) -> list[str]:
        """The words before `word`."""
        text = self.body if self.kind in ("heredoc", "shell") else self.head
        return text[: len(text) - len(self.word)].split()

    def inner(self) -> Place:
        """Behind ONBUILD: the place in the inner instruction; else itself."""
        words = self.words
        if self.kind != "instruction" or not words or words[0].upper() != "ONBUILD":
            return self
        return replace(self, head=self.head.lstrip()[len(words[0]) :].lstrip())


def place_at(text: str, cursor: int) -> Place:
    """The place of `cursor` (0 to the length of `text`, in characters)."""
    before = text[:cursor]
    line_start = before.rfind("\n") + 1
    magics, _ = split_magics(text)
    number = before.count("\n") + 1
    lines = split_lines(text)
    for magic in magics:
        if magic.cell_magic and number > magic.line:
            body = before[sum(map(len, lines[: magic.line])) :]
            kind: Kind = "shell" if magic.name == "shell" else "comment"
            return _place(kind, lines[magic.line - 1].strip(), text[cursor:], body=body)
    line = before[line_start:]
    written = {magic.line for magic in magics}
    if line.lstrip().startswith("%") and (
        number in written or lines[number - 1].strip() == CRLF_MAGIC
    ):
        return _place("magic", line, text[cursor:])
    kind, head, script, above = _instruction_before(before)
    return _place(kind, head, text[cursor:], body=script or "", above=above)


def _blank(text: str) -> str:
    return split_magics(text)[1]


def _place(kind: Kind, head: str, after: str, *, body: str = "", above: str = "") -> Place:
    found = _WORD.search(body if kind in ("heredoc", "shell") else head)
    word = found.group() if found else ""
    tail = _WORD_REST.match(after)
    rest = _rest_of_instruction(after) if kind == "instruction" else after.partition("\n")[0]
    return Place(kind, head, word, word + (tail.group() if tail else ""), body, rest, above)


def _instruction_before(before: str) -> tuple[Kind, str, str | None, str]:
    """Kind, joined text and heredoc of the instruction open at the end of `before`, and the above.

    Magic lines are blank here, as they are for a builder.
    """
    text = _blank(before)
    # A word is added so that a cursor behind a line end is on a line of its own.
    segments = split_instructions(text + "x")
    last = segments[-1].text[:-1]
    above = text[: len(text) - len(last)]
    if segments[-1].kind in ("comment", "directive") or _is_comment_between(last):
        return "comment", last.rpartition("\n")[2], None, above
    line, body = _joined(last)
    return "instruction" if body is None else "heredoc", line, body, above


def _is_comment_between(text: str) -> bool:
    """The cursor is in a comment between the continuation lines of an instruction."""
    above, _, line = text.rpartition("\n")
    return line.lstrip().startswith("#") and bool(above) and _joined(text)[1] is None


def _joined(text: str) -> tuple[str, str | None]:
    """The instruction on one line, and the text of its heredocs if the cursor is in one."""
    lines = split_lines(text)
    parts: list[str] = []
    for number, line in enumerate(lines, 1):
        bare = line.rstrip("\r\n")
        if parts and bare.lstrip().startswith("#"):
            continue
        open_line = _CONTINUATION.sub(" ", bare)
        parts.append(open_line)
        if open_line == bare and bare.strip() and line.endswith("\n"):
            return "".join(parts), "".join(lines[number:])
    return "".join(parts), None


def _rest_of_instruction(after: str) -> str:
    parts: list[str] = []
    for line in split_lines(after):
        bare = line.rstrip("\r\n")
        if parts and bare.lstrip().startswith("#"):
            continue
        open_line = _CONTINUATION.sub(" ", bare)
        parts.append(open_line)
        if open_line == bare:
            break
    return "".join(parts)
