"""What a container that is thrown away had changed, in words."""

from __future__ import annotations

from ..oci.diff import FilesystemDiff
from .figures import format_bytes, format_count
from .visible import visible

__all__ = ["thrown_away", "thrown_away_paths"]

_MOST_PATHS = 20


def thrown_away(diff: FilesystemDiff) -> str:
    """One line."""
    if not diff.entries:
        return "no file was changed"
    counts = diff.counts
    return (
        f"thrown away: {counts['A']} added, {counts['M']} modified, {counts['D']} deleted, "
        f"{format_bytes(diff.bytes)}"
    )


def thrown_away_paths(diff: FilesystemDiff) -> list[str]:
    """A line for each of the first paths."""
    entries = [entry for entry in diff.entries if entry.type != "dir"] or list(diff.entries)
    rows = [f"  {entry.change} {visible(entry.path)}" for entry in entries[:_MOST_PATHS]]
    more = len(diff.entries) - min(len(entries), _MOST_PATHS)
    if more > 0:
        rows.append(f"  and {format_count(more, 'entry', 'entries')} more (folders included)")
    return rows
