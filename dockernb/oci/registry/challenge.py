"""What a registry asks for with a 401: the WWW-Authenticate header (RFC 9110, 11.6.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

__all__ = ["Challenge", "parse_challenges"]

_LONGEST = 16 * 1024
_SCHEME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_WORD = re.compile(
    rf"(?P<name>{_SCHEME})"
    rf'(?:[ \t]*=[ \t]*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^\s,"]*)))?',
    re.DOTALL,
)


@dataclass(frozen=True)
class Challenge:
    """One way to say who we are.

    Args:
        scheme: In lower case: "bearer", "basic"...
        parameters: Names in lower case.
    """

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict)


def parse_challenges(header: str) -> list[Challenge]:
    """The challenges of a header, of several headers joined with commas too."""
    found: list[tuple[str, dict[str, str]]] = []
    for name, value in _words(header[:_LONGEST]):
        if value is None:
            found.append((name, {}))
        elif found:
            # The first of two values counts, so that nothing can be put on top later.
            found[-1][1].setdefault(name, value)
    return [Challenge(scheme, parameters) for scheme, parameters in found]


def _words(header: str) -> Iterator[tuple[str, str | None]]:
    for match in _WORD.finditer(header):
        quoted, plain = match["quoted"], match["plain"]
        value = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain
        yield match["name"].lower(), value
