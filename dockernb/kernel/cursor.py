"""What stands at the cursor: for completion and help. Never fails on unfinished text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dockernb.dockerfile.split import split_instructions

__all__ = ["Place", "place_at"]

_CONTINUATION = re.compile(r"[\\`][ \t]*\n")
_WORD = re.compile(r"\S*\Z")


@dataclass(frozen=True)
class Place:
    """The place of the cursor.

    Args:
        kind: "magic": on a `%` line; "instruction": in an instruction, or where one may begin;
            "heredoc": in the body of one; "comment".
        head: Text of the instruction (or magic line) up to the cursor, continuation lines joined.
        word: The last word of `head`, cut off at the cursor; may be empty.
        full_word: The same word to its end.
    """

    kind: str
    head: str
    word: str
    full_word: str

    @property
    def words(self) -> list[str]:
        """The words before `word`."""
        return self.head[: len(self.head) - len(self.word)].split()

    def inner(self) -> Place:
        """Behind ONBUILD: the place in the inner instruction; else itself."""
        words = self.words
        if self.kind != "instruction" or not words or words[0].upper() != "ONBUILD":
            return self
        head = self.head.lstrip()[len(words[0]) :].lstrip()
        return Place(self.kind, head, self.word, self.full_word)


def place_at(text: str, cursor: int) -> Place:
    """The place of `cursor` (0 to the length of `text`, in characters)."""
    before = text[:cursor]
    rest = re.match(r"\S*", text[cursor:])
    tail = rest.group() if rest else ""
    line = before.rpartition("\n")[2]
    if line.lstrip().startswith("%"):
        return _place("magic", line, tail)
    kind, head = _instruction_before(before)
    return _place(kind, head, tail)


def _place(kind: str, head: str, tail: str) -> Place:
    found = _WORD.search(head)
    word = found.group() if found else ""
    return Place(kind, head, word, word + tail)


def _instruction_before(before: str) -> tuple[str, str]:
    """Kind and joined text of the instruction that is open at the end of `before`."""
    # A word is added so that a cursor behind a line end is on a line of its own.
    segments = split_instructions(before + "x")
    last = segments[-1]
    if last.kind in ("comment", "directive"):
        return "comment", ""
    joined = _CONTINUATION.sub(" ", last.text[:-1])
    if "\n" in joined:
        return "heredoc", joined.rpartition("\n")[2]
    return "instruction", joined
