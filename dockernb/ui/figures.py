"""Sizes, times and counts as a reader wants them."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["format_bytes", "format_count", "format_date", "format_seconds"]


def format_bytes(size: float) -> str:
    """Bytes in powers of 1,000: `15 B`, `48.0 kB`, `33.2 MB`."""
    if size < 1000:
        return f"{int(size)} B"
    for unit in ("kB", "MB", "GB"):
        size /= 1000
        if size < 999.95:
            return f"{size:.1f} {unit}"
    return f"{size / 1000:.1f} TB"


def format_seconds(seconds: float) -> str:
    """A length of time: `6 ms`, `4.1 s`, `2 min 3 s`, `1 h 4 min`."""
    if seconds < 0.0995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def format_count(count: int, one: str, many: str | None = None) -> str:
    """A number with its noun: `1 line`, `1,221 files`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def format_date(unix_time: float) -> str:
    """A moment in UTC, `2026-11-23 04:36 UTC`; "" for a time that no calendar holds."""
    try:
        return datetime.fromtimestamp(unix_time, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (OverflowError, OSError, ValueError):
        return ""
