"""Digests of what a COPY takes, for the cache key."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence

from .byte_count import Watch
from .content_digest import ContextFile
from .copy_items import CopyItem
from .source_entry import SourceEntry

__all__ = ["content_of", "files_in"]

_MUCH = 20_000_000  # bytes; less is read before anybody has seen a bar
_FOLDER = SourceEntry("dir", 0)  # one that only gives its contents


def content_of(items: Sequence[CopyItem], watch: Watch | None = None) -> Mapping[str, str]:
    """Name for the reader -> digest over type, mode, link target, device and bytes.

    The mode of a directory that only gives its contents is left out: it is not copied.

    Args:
        watch: Is told how far it is, where much must be read.
    """
    entries = _entries(items)
    unread = sum(entry.size for _, entry in entries if _is_unread(entry)) if watch else 0
    if watch is None or unread < _MUCH:
        return {name: _digest(entry) for name, entry in entries}
    count = watch.count("context", "reading", unread)
    content = {name: _digest(entry, count.add) for name, entry in entries}
    count.end()
    return content


def files_in(content: Mapping[str, str]) -> str:
    """How many files that is, in words: directories are none."""
    count = sum(not digest.startswith("dir") for digest in content.values())
    return f"{count:,} file{'s' if count != 1 else ''}"


def _entries(items: Sequence[CopyItem]) -> list[tuple[str, SourceEntry]]:
    """Names for the reader and what stands behind them, in order."""
    entries: list[tuple[str, SourceEntry]] = []
    for item in items:
        if item.entry.type == "dir":
            entries.append(((item.shown or ".") + "/", _FOLDER))
        else:
            entries.append((item.shown, item.entry))
        prefix = f"{item.shown}/" if item.shown else ""
        entries += [(prefix + relative, entry) for relative, entry in item.below]
    return entries


def _is_unread(entry: SourceEntry) -> bool:
    content = entry.content
    return entry.type == "file" and isinstance(content, ContextFile) and not content.is_read


def _digest(entry: SourceEntry, on_bytes: Callable[[int], None] | None = None) -> str:
    if entry is _FOLDER:
        return "dir"
    if entry.type == "file":
        content = entry.content
        digest = content.digest(on_bytes) if isinstance(content, ContextFile) else content.digest()
        return f"file {entry.mode:o} {digest}"
    if entry.type == "symlink":
        target = entry.link_target.encode("utf-8", "surrogateescape")
        return f"symlink {hashlib.sha256(target).hexdigest()}"
    return f"{entry.type} {entry.mode:o} {entry.device[0]}:{entry.device[1]}"
