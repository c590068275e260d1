"""The .dockerignore file: which files stay out of the build context.

As moby/patternmatcher does it for BuildKit's walk: the last pattern that matches wins, `!` takes a
file in again, and what matched a directory holds for all below it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from dockernb.dockerfile.library import GO_SPACE
from dockernb.dockerfile.patterns import BadPatternError, clean, compile_pattern
from dockernb.dockerfile.suggest import quote
from dockernb.errors import DockerfileSyntaxError, Where

__all__ = ["DockerIgnore", "Pattern", "read_patterns"]

_WILDCARDS = frozenset("*?[\\")
_State = tuple[bool, ...]


@dataclass(frozen=True)
class Pattern:
    """One line of the file.

    Args:
        text: Cleaned, with `!` in front where it takes files in again.
        line: Counted from 1.
        is_exception: It begins with `!`.
        matches: Test for one whole path.
    """

    text: str
    line: int
    is_exception: bool
    matches: Callable[[str], bool] = field(repr=False, compare=False)

    @property
    def segments(self) -> list[str]:
        """The parts between the slashes."""
        return self.text.removeprefix("!").split("/")


class DockerIgnore:
    """The patterns of one file. Paths are relative to the context, with `/` between names."""

    def __init__(self, patterns: Iterable[Pattern] = ()) -> None:
        self.patterns = tuple(patterns)
        self._exceptions = [pattern for pattern in self.patterns if pattern.is_exception]
        self._states: dict[str, tuple[bool, _State]] = {}

    @classmethod
    def parse(cls, text: str, *, label: str = ".dockerignore") -> DockerIgnore:
        """Reads the file.

        Raises:
            DockerfileSyntaxError: A pattern is wrong; with its line.
        """
        return cls(
            _pattern(pattern, number, Where(text, number, label=label))
            for number, pattern in read_patterns(text)
        )

    @classmethod
    def from_patterns(cls, patterns: Iterable[str]) -> DockerIgnore:
        """From ready patterns, for example those of `COPY --exclude`; `line` is their number."""
        stripped = ((number, text.strip(GO_SPACE)) for number, text in enumerate(patterns, 1))
        return cls(_pattern(clean(text), number, None) for number, text in stripped if text)

    def excludes(self, path: str) -> bool:
        """True: the file or directory stays out of the context."""
        return bool(self.patterns) and self._state(path)[0]

    def in_folder(self, folder: str) -> Callable[[str], bool]:
        """`excludes` for the many paths right in one folder; "" is the context itself."""
        inherited = self._state(folder)[1] if folder else ()
        if self._exceptions:
            return lambda path: self._judge(path, inherited)[0]
        if any(inherited):
            return lambda _: True
        tests = [pattern.matches for pattern in self.patterns]

        def excludes(path: str) -> bool:
            for matches in tests:  # noqa: SIM110 - asked for each file of a context; `any` is slower
                if matches(path):
                    return True
            return False

        return tests[0] if len(tests) == 1 else excludes

    def deciding_line(self, path: str) -> tuple[int, str] | None:
        """Line number and pattern that took the path out; None when it is in."""
        if not self.excludes(path):
            return None
        # What a pattern says depends on those above it alone: the last one that turned "in" into
        # "out" is the one without which the path would be in.
        decider, is_out = None, False
        for pattern, holds in zip(self.patterns, self._state(path)[1], strict=True):
            if holds and pattern.is_exception == is_out:
                decider, is_out = pattern, not is_out
        return None if decider is None else (decider.line, decider.text)

    def may_reinclude_below(self, directory: str) -> bool:
        """True when a `!` pattern could take in something below the directory.

        A walk may leave out an excluded directory for which this is False.
        """
        segments = directory.split("/")
        return any(_reaches_below(pattern.segments, segments) for pattern in self._exceptions)

    def _state(self, path: str) -> tuple[bool, _State]:
        """Is the path excluded, and which patterns hold for it (and so for all below it)?"""
        new: list[str] = []
        parent, slash, _ = path.rpartition("/")
        while slash and parent not in self._states:
            new.append(parent)
            parent, slash, _ = parent.rpartition("/")
        inherited = self._states[parent][1] if slash else ()
        for folder in reversed(new):
            judged = self._states[folder] = self._judge(folder, inherited)
            inherited = judged[1]
        return self._judge(path, inherited)

    def _judge(self, path: str, inherited: _State) -> tuple[bool, _State]:
        is_out = False
        state: list[bool] = []
        for number, pattern in enumerate(self.patterns):
            holds = bool(inherited) and inherited[number]
            # Only a pattern that can change the answer is asked. It shows: `!a` is not asked
            # for the directory a while nothing has taken a out, and then does not hold below it.
            if not holds and pattern.is_exception == is_out:
                holds = pattern.matches(path)
            state.append(holds)
            if holds:
                is_out = not pattern.is_exception
        return is_out, tuple(state)


def read_patterns(text: str) -> Iterator[tuple[int, str]]:
    """Line numbers and cleaned patterns of a .dockerignore file, not yet judged."""
    for number, raw in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        # Only a "#" in the first column makes a comment.
        if not raw.startswith("#") and (pattern := raw.strip(GO_SPACE)):
            yield number, _normal_form(pattern)


def _normal_form(pattern: str) -> str:
    """A line as BuildKit hands it on: cleaned, without leading slash, `!` kept."""
    body = pattern.removeprefix("!")
    sign = "!" if body != pattern else ""
    body = body.strip(GO_SPACE)
    if body:
        body = clean(body)
        if len(body) > 1:
            body = body.removeprefix("/")
    return sign + body


def _pattern(text: str, number: int, where: Where | None) -> Pattern:
    body = text.removeprefix("!")
    is_exception = body != text
    if not body:
        raise DockerfileSyntaxError(
            f"illegal exclusion pattern: {quote(text)}",
            where=where,
            hint="Write `!<path>` to take a path in again.",
        )
    try:
        return Pattern(text, number, is_exception, compile_pattern(body))
    except BadPatternError as err:
        raise DockerfileSyntaxError(
            f"invalid ignore pattern {quote(text)}: {err}",
            where=where,
            hint="Close the bracket `[...]`, or write a backslash before the `[`.",
        ) from None


def _reaches_below(pattern: list[str], directory: list[str]) -> bool:
    for part, name in zip(pattern, directory, strict=False):
        if "**" in part:
            return True
        if not _WILDCARDS.intersection(part) and part != name:
            return False
    return len(pattern) > len(directory)
