"""One pattern of a .dockerignore (moby/patternmatcher), compiled."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable

from dockernb.dockerfile.linear_match import ANY, FOLDERS, NAME, STARS, linear_matcher

__all__ = ["BadPatternError", "clean", "compile_pattern"]

# With more of them `re`, which is quicker, may take for ever.
_MOST_STARS = 2
_GLOB = frozenset("*?[\\")


class BadPatternError(ValueError):
    """The pattern is not one of Go's `filepath.Match`."""

    def __init__(self) -> None:
        super().__init__("syntax error in pattern")


def clean(path: str) -> str:
    """Go's `filepath.Clean`: no doubled slashes, no `.` and `..` that can be resolved."""
    return posixpath.normpath(re.sub("/+", "/", path)) if path else "."


def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """A test for one whole path.

    Args:
        pattern: Cleaned, without `!`.

    Raises:
        BadPatternError: A bracket or a backslash is not closed.
    """
    parts, kind = _Translator(pattern).translate()
    if kind == "exact":
        return lambda path: path == pattern
    if kind == "prefix":
        return lambda path: path.startswith(pattern[:-2])
    if kind == "suffix":
        return _suffix_test(pattern[2:])
    if sum(part in STARS for part in parts) > _MOST_STARS:
        return linear_matcher(parts)
    compiled = re.compile("".join(parts))
    return lambda path: compiled.fullmatch(path) is not None


def _suffix_test(suffix: str) -> Callable[[str], bool]:
    # `**/a` is a/a and b/a, and a itself at the top.
    top = suffix[1:] if suffix.startswith("/") else None
    return lambda path: path.endswith(suffix) or path == top


class _Translator:
    """Go's matcher has three short cuts beside its regular expression, and they show: `**a` ends
    in a (short cut), while `**a*` is a file name that begins with a (expression).
    """

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.position = 0
        self.kind = "exact"
        self.regex: list[str] = []

    def translate(self) -> tuple[list[str], str]:
        while self.position < len(self.pattern):
            mark = self._take()
            if mark == "*":
                self._star()
            elif mark in _GLOB:
                self.kind = "regex"
                self.regex.append(self._other_glob(mark))
            else:
                # A "]" alone is itself, but turns Go's matcher to its expression.
                self.kind = "regex" if mark == "]" else self.kind
                self.regex.append(re.escape(mark))
        return self.regex, self.kind

    def _take(self) -> str:
        mark = self.pattern[self.position : self.position + 1]
        if not mark:
            raise BadPatternError
        self.position += 1
        return mark

    def _skip(self, mark: str) -> bool:
        is_there = self.pattern.startswith(mark, self.position)
        self.position += is_there
        return is_there

    def _star(self) -> None:
        is_first = self.position == 1
        if not self._skip("*"):
            self.regex.append(NAME)
            self.kind = "regex"
            return
        self._skip("/")  # `**/` is the same as `**`
        if self.position < len(self.pattern):
            self.regex.append(FOLDERS)
            self.kind = "regex"
        else:
            self.regex.append(ANY)
            self.kind = "prefix" if self.kind == "exact" else "regex"
        if is_first:
            self.kind = "suffix"

    def _other_glob(self, mark: str) -> str:
        if mark == "?":
            return "[^/]"
        if mark == "\\":
            return re.escape(self._take())
        return self._class()

    def _class(self) -> str:
        negation = "^" if self._skip("^") else ""
        ranges: list[str] = []
        while not (ranges and self._skip("]")):
            low = self._class_mark()
            high = self._class_mark() if self._skip("-") else low
            if low <= high:
                ranges.append(f"{re.escape(low)}-{re.escape(high)}")
            else:
                raise BadPatternError  # Go's regular expression refuses it
        return f"[{negation}{''.join(ranges)}]"

    def _class_mark(self) -> str:
        mark = self._take()
        if mark in "-]":
            raise BadPatternError
        return self._take() if mark == "\\" else mark
