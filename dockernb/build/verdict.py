"""Cache verdicts in words for the reader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .cache_key import CacheKey
from .result import CacheVerdict

__all__ = ["hit_verdict", "miss_verdict"]


def hit_verdict(key: CacheKey) -> CacheVerdict:
    """`Same parent, same instruction, same 12 files.`"""
    same = ["Same parent" if key.parent else "Same image", "same instruction"]
    if key.parent and key.content:
        count = len(key.content)
        same.append(f"same {count} files" if count > 1 else "same file")
    if key.args:
        same.append("same build args")
    return CacheVerdict("hit", f"{', '.join(same)}.")


def miss_verdict(key: CacheKey, earlier: Mapping[str, Any] | None) -> CacheVerdict:
    """Which of the key's fields changed since the most similar earlier step."""
    changes = key.changes_since(earlier) if earlier is not None else ()
    if not changes:
        return CacheVerdict("miss", "first time", ("first time",))
    return CacheVerdict("miss", "; ".join(changes), changes)
