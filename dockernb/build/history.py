"""The `created_by` texts of an image's history, as BuildKit writes them.

Source: `commitToHistory` and its callers in BuildKit's `dockerfile2llb/convert.go`. The texts are
Go's formatting verbs applied to Go values, so this module imitates `%q` and `%v`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..dockerfile.instructions import Arg, KeyValue
from ..oci.config import Healthcheck, HistoryEntry

__all__ = [
    "BUILDKIT_COMMENT",
    "entry",
    "go_duration",
    "go_list",
    "go_quote",
    "go_quoted_list",
    "healthcheck_text",
    "pairs_text",
    "ports_text",
    "run_text",
]

BUILDKIT_COMMENT = "buildkit.dockerfile.v0"


def entry(created_by: str, *, created: str, empty_layer: bool) -> HistoryEntry:
    """The history entry of one instruction."""
    return HistoryEntry(created, created_by, BUILDKIT_COMMENT, empty_layer=empty_layer)


def run_text(args: Sequence[str], declared: Iterable[Arg], environment: Mapping[str, str]) -> str:
    """`RUN |2 A=1 B= /bin/sh -c ... # buildkit`: declared ARGs with their count go first.

    An ARG that is declared twice stands there twice, both times with the value it has now.
    """
    words = [f"{arg.key}={environment.get(arg.key, arg.value or '')}" for arg in declared]
    if words:
        words.insert(0, f"|{len(words)}")
    return " ".join(["RUN", *words, *args]) + " # buildkit"


def pairs_text(name: str, pairs: Iterable[KeyValue]) -> str:
    """`ENV a=b c=d`, `LABEL ...`."""
    return " ".join([name, *(f"{pair.key}={pair.value}" for pair in pairs)])


def ports_text(ports: Iterable[str]) -> str:
    """`EXPOSE map[443/udp:{} 80/tcp:{}]`."""
    return "EXPOSE map[" + " ".join(f"{port}:{{}}" for port in sorted(set(ports))) + "]"


def healthcheck_text(health: Healthcheck) -> str:
    r"""`HEALTHCHECK &{["CMD-SHELL" "true"] "30s" "0s" "0s" "0s" '\x03'}`."""
    times = (health.interval, health.timeout, health.start_period, health.start_interval)
    words = [
        go_quoted_list(health.test),
        *(go_quote(go_duration(time)) for time in times),
        go_rune(health.retries),
    ]
    return "HEALTHCHECK &{" + " ".join(words) + "}"


def go_list(values: Iterable[str]) -> str:
    """Go's `%v` of a list of strings."""
    return "[" + " ".join(values) + "]"


def go_quoted_list(values: Iterable[str]) -> str:
    """Go's `%q` of a list of strings."""
    return "[" + " ".join(go_quote(value) for value in values) + "]"


def go_quote(text: str) -> str:
    """Go's `%q` of a string."""
    return '"' + "".join(_go_char(char, '"') for char in text) + '"'


def go_rune(number: int) -> str:
    """Go's `%q` of a whole number: the character with that code."""
    valid = 0 <= number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF
    char = chr(number) if valid else "\ufffd"
    return "'" + _go_char(char, "'") + "'"


_GO_ESCAPES = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    "\\": "\\\\",
}


def _go_char(char: str, quote: str) -> str:
    if char == quote:
        return "\\" + char
    if char in _GO_ESCAPES:
        return _GO_ESCAPES[char]
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is no UTF-8
        return f"\\x{code - 0xDC00:02x}"
    if char == " " or char.isprintable():
        return char
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def go_duration(nanoseconds: int) -> str:
    """Go's text of a duration: `1m30s`, `1.5s`, `300ms`, `0s`."""
    if nanoseconds == 0:
        return "0s"
    if nanoseconds < 1_000_000_000:
        for unit, size in (("ms", 1_000_000), ("µs", 1_000), ("ns", 1)):
            if nanoseconds >= size:
                return _decimal(nanoseconds, size) + unit
    minutes, rest = divmod(nanoseconds, 60_000_000_000)
    hours, minutes = divmod(minutes, 60)
    text = _decimal(rest, 1_000_000_000) + "s"
    if hours:
        return f"{hours}h{minutes}m{text}"
    return f"{minutes}m{text}" if minutes else text


def _decimal(value: int, unit: int) -> str:
    whole, rest = divmod(value, unit)
    if not rest:
        return str(whole)
    digits = len(str(unit)) - 1
    return f"{whole}.{rest:0{digits}d}".rstrip("0")
