"""Bytes as the lines of `hexdump -C`."""

from __future__ import annotations

__all__ = ["hexdump"]

_ROW = 16


def hexdump(data: bytes) -> list[str]:
    """Offset, sixteen bytes in two groups, and the characters that ASCII has for them."""
    return [_row(start, data[start : start + _ROW]) for start in range(0, len(data), _ROW)]


def _row(start: int, row: bytes) -> str:
    groups = "  ".join(f"{row[half : half + 8].hex(' '):<23}" for half in (0, 8))
    characters = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
    return f"{start:08x}  {groups}  |{characters}|"
