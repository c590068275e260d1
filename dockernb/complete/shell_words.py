"""The word at the end of an unfinished shell command: is it a command, an argument, in quotes?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["ASSIGNED", "ShellWord", "last_word"]

Role = Literal["command", "argument", "file", "quoted", "comment"]

ASSIGNED = r"(?:\b(\w+)=|\bfor\s+(\w+)\s+in\b|\bread\s+(?:-\w+\s+)*(\w+))"
"""A pattern for names that a command gives a value itself."""

# After these the next word is a command too.
_BEFORE_COMMAND = frozenset({
    "!", "{", "if", "then", "elif", "else", "while", "until", "do",
    "exec", "time", "command", "nohup", "sudo", "env", "eval",
})  # fmt: skip
_SEPARATORS = frozenset(";|&(){}\n`")


@dataclass(frozen=True)
class ShellWord:
    """The word that the cursor stands at the end of.

    Args:
        text: As typed, without an opening quote.
        role: "command": the first word of a command; "file": behind `<` or `>`; "quoted": in quotes
            and not the word's beginning; "comment".
    """

    text: str
    role: Role


def last_word(text: str) -> ShellWord:
    """The word at the end of `text`, a shell command or script up to the cursor."""
    scan = _Scan(text)
    while scan.at < len(text):
        scan.step()
    return scan.word()


class _Scan:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.start = 0  # of the current word
        self.quote = ""
        self.is_command = True
        self.is_file = False
        self.comment = False

    def step(self) -> None:
        char = self.text[self.at]
        self.at += 1
        if self.comment:
            self.comment = char != "\n"
            if not self.comment:
                self._separate(char)
        elif self.quote:
            self._quoted(char)
        elif char == "\\":
            self.at += 1
        elif char in "'\"":
            self.quote = char
        elif char == "#" and self.at - 1 == self.start:
            self.comment = True
        elif char in "<>":
            self._end_word()
            self.is_file = True
        elif char in " \t\r":
            self._end_word()
        elif char in _SEPARATORS and not (char == "{" and self._is_variable()):
            self._separate(char)

    def _is_variable(self) -> bool:
        return self.text[self.at - 2 : self.at - 1] == "$"

    def _quoted(self, char: str) -> None:
        if char == "\\" and self.quote == '"':
            self.at += 1
        elif char == self.quote:
            self.quote = ""

    def _end_word(self) -> None:
        word = self.text[self.start : self.at - 1]
        self.start = self.at
        if not word:
            return
        if self.is_file:
            self.is_file = False
        elif self.is_command:
            name, equals, _ = word.partition("=")
            assigns = bool(equals) and name.isidentifier()
            self.is_command = assigns or word in _BEFORE_COMMAND

    def _separate(self, char: str) -> None:
        if char == "&" and self.text[self.at - 2 : self.at - 1] in ("<", ">"):
            return  # 2>&1
        word = self.text[self.start : self.at - 1]
        if char == "}" and "${" in word and "}" not in word:
            return
        self.start = self.at
        self.is_command, self.is_file = True, False

    def word(self) -> ShellWord:
        text = self.text[self.start :] if self.start <= len(self.text) else ""
        if self.comment:
            return ShellWord("", "comment")
        if text[:1] in ("'", '"') and self.quote == text[0]:
            return ShellWord(text[1:], self._role())
        if self.quote:
            return ShellWord(text, "quoted")
        return ShellWord(text, self._role())

    def _role(self) -> Role:
        if self.is_file:
            return "file"
        return "command" if self.is_command else "argument"
