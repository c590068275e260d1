"""The commands that a reader typed, as the shell itself tells them, and a RUN made of them."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["MARK", "TypedCommands", "run_of"]

#: The number of the escape sequence: ESC ] MARK ; token ; exit code ; history BEL.
MARK = 7771
_MOST_COMMANDS = 500
_MOST_BYTES = 32_768  # of one sequence
_ENTRY = re.compile(r"\s*(\d+)\s(.*)\Z", re.DOTALL)
_NOT_FOR_A_RUN = re.compile(r"(exit|logout|history|clear|reset|fg|bg|jobs)\b")
#: What makes a line more than one simple command, or changes what ` && ` behind it means.
_NOT_SIMPLE = re.compile(r"[\n#;\\]|\|\||(?<![&>])&(?![&>])|<<|^\s*[!{(]")
_COMPOUND = re.compile(r"\s*(if|for|while|until|case|select|function)\b")


@dataclass(frozen=True)
class _Entry:
    number: int
    text: str


class TypedCommands:
    """Hears all that the terminal shows; takes the sequences that begin with the token.

    A program cannot know the token unless it looks for it in the shell's memory, so a file that is
    shown does not put words into the reader's mouth.
    """

    def __init__(self, token: str) -> None:
        self.token = token
        self._start = f"\x1b]{MARK};{token};".encode()
        self._rest = b""
        self._newest = _Entry(-1, "")
        self._commands: list[str] = []

    @property
    def succeeded(self) -> tuple[str, ...]:
        """The commands with exit code 0, oldest first."""
        return tuple(self._commands)

    def hear(self, data: bytes) -> None:
        """Takes raw output."""
        if not self._rest and b"\x1b" not in data:
            return
        self._rest += data
        while (at := self._rest.find(self._start)) >= 0:
            end = self._rest.find(b"\x07", at)
            if end < 0:
                # It goes on in the next piece; one that is longer than any is none.
                self._rest = self._rest[at:] if len(self._rest) - at < _MOST_BYTES else b""
                return
            self._take(self._rest[at + len(self._start) : end])
            self._rest = self._rest[end + 1 :]
        tail = self._rest[-len(self._start) :]
        begun = tail.rfind(b"\x1b")
        self._rest = tail[begun:] if begun >= 0 and self._start.startswith(tail[begun:]) else b""

    def _take(self, sequence: bytes) -> None:
        """`exit code;history`, a line of which is a number and a command."""
        code, _, text = sequence.decode("utf-8", "replace").replace("\r\n", "\n").partition(";")
        fresh = [entry for entry in _entries(text) if self._is_new(entry)]
        if not fresh:
            return
        self._newest = fresh[-1]
        command = "\n".join(entry.text for entry in fresh).strip()
        if code == "0" and command and not _NOT_FOR_A_RUN.match(command):
            self._commands = [*self._commands[1 - _MOST_COMMANDS :], command]

    def _is_new(self, entry: _Entry) -> bool:
        """A full history keeps its last number."""
        newest = self._newest
        return entry.number > newest.number or (
            entry.number == newest.number and entry.text != newest.text
        )


def _entries(text: str) -> list[_Entry]:
    """Lines that begin with numbers that go up; bash shows a command of several lines as such."""
    entries: list[_Entry] = []
    for line in text.split("\n"):
        found = _ENTRY.match(line)
        if found and (not entries or int(found[1]) == entries[-1].number + 1):
            entries.append(_Entry(int(found[1]), found[2].strip()))
        elif entries:
            last = entries[-1]
            entries[-1] = _Entry(last.number, f"{last.text}\n{line}")
    return entries


def run_of(commands: tuple[str, ...] | list[str]) -> str:
    """A RUN that does the commands one after the other and stops at the first that fails.

    Simple ones are joined as a Dockerfile usually has them; else they are a heredoc.
    """
    if not commands:
        return ""
    if not any(_NOT_SIMPLE.search(each) or _COMPOUND.match(each) for each in commands):
        return "RUN " + " && \\\n    ".join(commands)
    lines = "\n".join(commands)
    word = "EOF"
    while re.search(rf"^{word}$", lines, re.MULTILINE):
        word += "_"
    return f'RUN <<"{word}"\nset -e\n{lines}\n{word}'
