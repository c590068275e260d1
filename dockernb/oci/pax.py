"""The records of a pax header (POSIX, "pax Extended Header"), read in one pass."""

from __future__ import annotations

__all__ = ["pax_records"]


def pax_records(data: bytes) -> dict[str, str]:
    """The records, each LENGTH, a space, KEY=VALUE and a line feed; NULs behind them are no record.

    Raises:
        ValueError: one of them is none.
    """
    records: dict[str, str] = {}
    position = 0
    while position < len(data) and data[position]:
        space = data.find(b" ", position, position + 10)
        number = data[position:space] if space > 0 else b""
        end = position + int(number) if number.isdigit() else 0
        key, equals, value = data[space + 1 : end].partition(b"=")
        if not space < end <= len(data) or not equals or not value.endswith(b"\n"):
            raise ValueError("a pax header has a wrong record")
        text = value[:-1].decode("utf-8", "surrogateescape")
        records[key.decode("utf-8", "surrogateescape")] = text
        position = end
    return records
