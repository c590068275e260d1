"""Digests of what a COPY takes, for the cache key."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from .copy_items import CopyItem
from .source_entry import SourceEntry

__all__ = ["content_of"]


def content_of(items: Sequence[CopyItem]) -> Mapping[str, str]:
    """Name for the reader -> digest over type, mode, link target, device and bytes.

    The mode of a directory that only gives its contents is left out: it is not copied.
    """
    content: dict[str, str] = {}
    for item in items:
        if item.entry.type == "dir":
            content[(item.shown or ".") + "/"] = "dir"
        else:
            content[item.shown] = _digest(item.entry)
        prefix = f"{item.shown}/" if item.shown else ""
        for relative, entry in item.below:
            content[prefix + relative] = _digest(entry)
    return content


def _digest(entry: SourceEntry) -> str:
    if entry.type == "file":
        return f"file {entry.mode:o} {entry.content.digest()}"
    if entry.type == "symlink":
        target = entry.link_target.encode("utf-8", "surrogateescape")
        return f"symlink {hashlib.sha256(target).hexdigest()}"
    return f"{entry.type} {entry.mode:o} {entry.device[0]}:{entry.device[1]}"
