"""A card as `application/vnd.dockernb.card+json`; `saved_card` reads it back.

Version 1 of the format is a contract (docs: the card JSON); fields may be added, none is renamed.
What is added here keeps a notebook useful when it is opened again: the end of the log, facts,
warnings, the error and the times of a hit. All of it is bounded: a notebook must stay small.
"""

from __future__ import annotations

from typing import Any

from ..build.result import CacheVerdict, Snapshot, StepResult
from .card_view import CardError, CardView, view_of
from .log_excerpt import excerpt_of
from .saved_size import MAX_ENTRIES, kept_entries, log_room
from .tree import FileTree
from .visible import encodable_json

__all__ = ["CARD_MIME", "card_json", "view_json"]

CARD_MIME = "application/vnd.dockernb.card+json"

_TEXT = 4_000
_FOLDERS = 30


def card_json(
    result: StepResult,
    *,
    model_id: str | None = None,
    limit: int = MAX_ENTRIES,
    parent_id: str | None = None,
) -> dict[str, Any]:
    """The card of a finished step as JSON.

    Args:
        model_id: The widget that shows the card, when there is one.
        limit: The greatest number of diff entries; less when their paths are long.
        parent_id: Where the step started from, for results without a snapshot.
    """
    return view_json(view_of(result, parent_id=parent_id), model_id=model_id, limit=limit)


def view_json(
    view: CardView, *, model_id: str | None = None, limit: int = MAX_ENTRIES
) -> dict[str, Any]:
    """As `card_json`, for a view (status "running" while the step goes on)."""
    verdict = view.cache or CacheVerdict("miss", "")
    data: dict[str, Any] = {
        "version": 1,
        "cell_id": view.cell_id,
        "instruction": view.instruction,
        "source": view.source,
        "stage": view.stage,
        "step": view.step,
        "status": view.status,
        "snapshot": _snapshot_json(view.snapshot),
        "container": None
        if view.container is None
        else {
            "id": view.container.id,
            "exit_code": view.container.exit_code,
            "removed": view.container.removed,
        },
        "cache": {
            "status": verdict.status,
            "reason": verdict.reason,
            "changed": list(verdict.changed[:100]),
            "causes": [cause.to_json() for cause in verdict.causes[:100]],
        },
        "diff": _diff_json(view, limit),
        "config": [
            {"field": c.field, "before": c.before, "after": c.after} for c in view.config[:200]
        ],
        "seconds": {"total": 0.0, **view.seconds},
        "engine": view.engine,
        "model_id": model_id,
        "parent_id": view.parent_id,
        "phases": dict(view.phases),
        "titled": view.titled,
        "log": _log_json(view),
        "facts": list(view.facts[:50]),
        "warnings": list(view.warnings[:50]),
        "error": None if view.error is None else _error_json(view.error),
        "original_seconds": view.original_seconds,
        "built_at": view.built_at,
    }
    cleaned: dict[str, Any] = encodable_json(data)
    return cleaned


def _snapshot_json(snapshot: Snapshot | None) -> dict[str, Any] | None:
    if snapshot is None:
        return None
    return {
        "id": snapshot.id,
        "short_id": snapshot.short_id,
        "parent": snapshot.parent,
        "size": snapshot.size,
        "layer_size": snapshot.layer_size,
    }


def _error_json(error: CardError) -> dict[str, str]:
    return {
        "name": error.name,
        "message": error.message[:_TEXT],
        "details": error.details[: 2 * _TEXT],
        "todo": error.todo[:_TEXT],
    }


def _diff_json(view: CardView, limit: int) -> dict[str, Any]:
    entries = view.diff.entries[: kept_entries(view, limit)]
    truncated = len(entries) < view.totals.files
    data: dict[str, Any] = {
        "added": view.totals.added,
        "modified": view.totals.modified,
        "deleted": view.totals.deleted,
        "bytes": view.totals.bytes,
        "entries": [entry.to_json() for entry in entries],
        "truncated": truncated,
    }
    if truncated:
        # One string each: .ipynb gives every number of a list a line of its own.
        partial = view.tree.partial(FileTree(entries), _FOLDERS)
        data["folders"] = {
            path: " ".join(map(str, totals)) for path, totals in partial.items() if len(path) <= 200
        }
    return data


def _log_json(view: CardView) -> dict[str, Any]:
    """Head and tail of the log; `omitted` counts the bytes that are in neither."""
    excerpt = excerpt_of(view.log, log_room(view))
    if not excerpt.hidden_bytes:
        return {"tail": excerpt.head, "lines": view.log.lines, "omitted": 0}
    return {
        "head": excerpt.head,
        "tail": excerpt.tail,
        "lines": view.log.lines,
        "omitted": excerpt.hidden_bytes,
    }
