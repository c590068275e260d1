"""Cache verdicts in words for the reader."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from .cache import NearStep
from .cache_key import CacheKey
from .cause import Cause
from .copy_content import files_in
from .result import CacheVerdict

__all__ = ["hit_verdict", "miss_verdict"]


def hit_verdict(key: CacheKey) -> CacheVerdict:
    """`Same parent, same instruction, same 12 files.`"""
    same = ["Same parent" if key.parent else "Same image", "same instruction"]
    if key.parent and key.content:
        same.append(f"same {files_in(key.content).removeprefix('1 ')}")
    if key.args:
        same.append("same build args")
    return CacheVerdict("hit", f"{', '.join(same)}.")


def _as_it_is(cause: Cause) -> Cause:
    return cause


def miss_verdict(
    key: CacheKey,
    near: NearStep | None,
    explain: Callable[[Cause], Cause] = _as_it_is,
) -> CacheVerdict:
    """Which of the key's fields changed since the most similar earlier step.

    Args:
        explain: Adds to a cause what is known of it beside the key.
    """
    causes = tuple(map(explain, _causes(key, near) if near is not None else ()))
    if not causes:
        return CacheVerdict("miss", "first time", ("first time",))
    changes = tuple(map(str, causes))
    return CacheVerdict("miss", "; ".join(changes), changes, causes)


def _causes(key: CacheKey, near: NearStep) -> tuple[Cause, ...]:
    causes = key.changes_since(near.fields)
    if not near.of_other_cell:
        return causes
    return tuple(
        replace(cause, change="other") if cause.kind == "parent" else cause for cause in causes
    )
