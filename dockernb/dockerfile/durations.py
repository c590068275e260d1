"""Durations and sizes as Go writes them: `1m30s`, `64m`."""

from __future__ import annotations

import re

__all__ = ["MILLISECOND", "parse_bool", "parse_duration", "parse_size"]

MILLISECOND = 1_000_000
_NANOSECONDS = {
    "ns": 1,
    "us": 1_000,
    "\u00b5s": 1_000,  # micro sign
    "\u03bcs": 1_000,  # Greek mu
    "ms": MILLISECOND,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_PART = re.compile(r"([0-9]*)(?:\.([0-9]*))?([^0-9.]*)")
_SIZE = re.compile(r"(\d+(?:\.\d+)*) ?([kmgtp])?(i?b)?", re.ASCII | re.IGNORECASE)
_LONGEST = 2**63 - 1
_BOOLS = {
    **dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True),
    **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), False),
}


def parse_duration(text: str) -> int:
    """Nanoseconds of a duration like `1h2m3.5s` (Go's `time.ParseDuration`).

    Raises:
        ValueError: With Go's text.
    """
    invalid = f'time: invalid duration "{text}"'
    sign, rest = (-1 if text[:1] == "-" else 1), text.removeprefix("+" if text[:1] == "+" else "-")
    if rest == "0":
        return 0
    if not rest:
        raise ValueError(invalid)
    total = 0
    while rest:
        match = _PART.match(rest)
        if match is None or not (match.group(1) or match.group(2)):
            raise ValueError(invalid)
        whole, fraction, unit = match.group(1), match.group(2) or "", match.group(3)
        if not unit:
            raise ValueError(f'time: missing unit in duration "{text}"')
        if unit not in _NANOSECONDS:
            raise ValueError(f'time: unknown unit "{unit}" in duration "{text}"')
        scale = _NANOSECONDS[unit]
        total += int(whole or "0") * scale
        if fraction:
            # Whole numbers here, where Go multiplies floats: the same for all that has a unit.
            total += int(fraction) * scale // 10 ** len(fraction)
        rest = rest[match.end() :]
    if total > _LONGEST:
        raise ValueError(invalid)
    return sign * total


def parse_size(text: str) -> int:
    """Bytes of a size like `64m` or `1.5g` (docker's `units.RAMInBytes`); ValueError if none."""
    match = _SIZE.fullmatch(text)
    if match is None or match.group(1).count(".") > 1:
        raise ValueError(f"invalid size: '{text}'")
    power = "kmgtp".index(match.group(2).lower()) + 1 if match.group(2) else 0
    return int(float(match.group(1)) * 1024**power)


def parse_bool(text: str) -> bool:
    """Go's `strconv.ParseBool`; ValueError for other words."""
    if text not in _BOOLS:
        raise ValueError(f'parsing "{text}": invalid syntax')
    return _BOOLS[text]
