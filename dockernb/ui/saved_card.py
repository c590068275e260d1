"""Reads a card that a notebook holds. A saved notebook is a stranger's: every type is checked and
every size is bounded.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..build.cause import Cause
from ..build.log import joined_log
from ..build.result import CacheVerdict, ConfigChange, ContainerRecord, Snapshot, StepLog
from ..oci.diff import DiffEntry, FilesystemDiff, FileType
from ..oci.manifest import is_digest
from .card_view import CardError, CardView, DiffTotals
from .tree import FolderTotals
from .visible import encodable

__all__ = ["from_card_json"]

_LOG = 16_000
_TEXT = 4_000
_STATUSES = ("built", "cached", "failed", "interrupted")
_TYPES = ("file", "dir", "symlink", "char", "block", "fifo", "socket", "unknown")


def from_card_json(data: object) -> CardView:
    """The view that a saved card holds; whatever is missing or of a wrong type takes its default.

    Raises:
        ValueError: `data` is no card: not an object, or without a known status.
    """
    if not isinstance(data, Mapping):
        raise ValueError("a card must be a JSON object")  # noqa: TRY004 (a wrong value of JSON)
    status = data.get("status")
    if status not in _STATUSES:
        raise ValueError(f"a saved card has no known status: {str(status)[:40]!r}")
    container = _mapping(data, "container")
    error = _mapping(data, "error")
    diff = _mapping(data, "diff")
    entries = _entries(diff.get("entries"))
    return CardView(
        status=status,
        instruction=_text(data, "instruction", 40),
        source=_text(data, "source", 4 * _TEXT),
        stage=_text(data, "stage", 200),
        step=_number(data, "step"),
        engine=_text(data, "engine", 100),
        cell_id=_text(data, "cell_id", 200) or None,
        titled=data.get("titled") is True,
        parent_id=_image_id(data, "parent_id"),
        snapshot=_snapshot(_mapping(data, "snapshot")),
        container=ContainerRecord(
            _text(container, "id", 100),
            _exit_code(container.get("exit_code")),
            removed=True,  # what a failed step left went with its kernel
        )
        if container
        else None,
        cache=_verdict(_mapping(data, "cache")),
        diff=FilesystemDiff(entries),
        totals=_totals(diff, entries),
        folders=_folders(diff) if diff.get("truncated") is True else {},
        config=_config(data.get("config")),
        seconds=_seconds(_mapping(data, "seconds")),
        log=_log(_mapping(data, "log")),
        facts=_texts(data.get("facts")),
        warnings=_texts(data.get("warnings")),
        error=CardError(
            _text(error, "name", 100) or "Error",
            _text(error, "message", _TEXT),
            _text(error, "details", 2 * _TEXT),
            _text(error, "todo", _TEXT),
        )
        if error
        else None,
        phases={
            _clip(key, 40): _clip(value, 200)
            for key, value in list(_mapping(data, "phases").items())[:10]
            if isinstance(key, str) and isinstance(value, str)
        },
        original_seconds=_seconds(data).get("original_seconds"),
        built_at=_seconds(data).get("built_at"),
    )


def _mapping(data: Mapping[Any, Any], key: str) -> Mapping[Any, Any]:
    value = data.get(key)
    return value if isinstance(value, Mapping) else {}


def _clip(text: str, limit: int) -> str:
    return encodable(text[:limit])


def _text(data: Mapping[Any, Any], key: str, limit: int) -> str:
    value = data.get(key)
    return _clip(value, limit) if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    items = value if isinstance(value, list) else []
    return tuple(_clip(item, _TEXT) for item in items[:100] if isinstance(item, str))


def _number(data: Mapping[Any, Any], key: str) -> int:
    value = data.get(key)
    if isinstance(value, bool) or not isinstance(value, int):
        return 0
    return min(max(value, 0), 2**62)


def _exit_code(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if abs(value) < 2**32 else None


def _seconds(data: Mapping[Any, Any]) -> dict[str, float]:
    """The fields that are finite numbers and not negative."""
    numbers: dict[str, float] = {}
    for key, value in list(data.items())[:50]:
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if isinstance(key, str) and is_number and 0 <= value < 1e12:  # NaN is not >= 0
            numbers[_clip(key, 40)] = float(value)
    return numbers


def _image_id(data: Mapping[Any, Any], key: str) -> str | None:
    """The engine is asked for this image when a file of the card is opened: no name will do."""
    value = data.get(key)
    return value if is_digest(value) else None


def _snapshot(data: Mapping[Any, Any]) -> Snapshot | None:
    identity = _image_id(data, "id")
    if identity is None:
        return None
    return Snapshot(
        identity, _image_id(data, "parent"), _number(data, "size"), _number(data, "layer_size")
    )


def _verdict(data: Mapping[Any, Any]) -> CacheVerdict | None:
    status = data.get("status")
    if status not in ("hit", "miss", "off"):
        return None
    listed = data.get("causes")
    causes = map(Cause.from_json, listed[:100] if isinstance(listed, list) else ())
    return CacheVerdict(
        status,
        _text(data, "reason", _TEXT),
        _texts(data.get("changed")),
        tuple(cause for cause in causes if cause is not None),
    )


def _log(data: Mapping[Any, Any]) -> StepLog:
    text = data.get("tail")
    tail = encodable(text[-_LOG:]) if isinstance(text, str) else ""
    lines, omitted = _number(data, "lines"), _number(data, "omitted")
    return joined_log(_text(data, "head", _LOG), tail, lines, omitted)


def _config(value: object) -> tuple[ConfigChange, ...]:
    items = value if isinstance(value, list) else []
    return tuple(
        ConfigChange(name, _plain(item.get("before")), _plain(item.get("after")))
        for item in items[:200]
        if isinstance(item, Mapping) and (name := _text(item, "field", 200))
    )


def _plain(value: object, depth: int = 0) -> Any:
    """A JSON value without depths and lengths that hurt."""
    if isinstance(value, str):
        return _clip(value, _TEXT)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if depth > 4:
        return "..."
    if isinstance(value, Mapping):
        items = list(value.items())[:100]
        return {_clip(str(key), 200): _plain(item, depth + 1) for key, item in items}
    if isinstance(value, Sequence):
        return [_plain(item, depth + 1) for item in value[:100]]
    return str(value)[:_TEXT]


def _entries(value: object) -> tuple[DiffEntry, ...]:
    items = value if isinstance(value, list) else []
    entries = []
    for item in items[:1000]:
        if not isinstance(item, Mapping):
            continue
        path, change = _text(item, "path", 4096), item.get("change")
        kind: Any = item.get("type")
        if path and change in ("A", "M", "D"):
            known: FileType = kind if kind in _TYPES else "unknown"
            link = _text(item, "link_target", 4096) or None
            entries.append(DiffEntry(path, change, known, _number(item, "size"), link))
    return tuple(entries)


def _folders(data: Mapping[Any, Any]) -> dict[str, FolderTotals]:
    found: dict[str, FolderTotals] = {}
    for path, text in list(_mapping(data, "folders").items())[:100]:
        numbers = text.split() if isinstance(text, str) and len(text) < 80 else []
        if isinstance(path, str) and len(numbers) == 4 and all(map(_is_count, numbers)):
            added, modified, deleted, size = (min(int(number), 2**62) for number in numbers)
            found[_clip(path, 4096)] = (added, modified, deleted, size)
    return found


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _totals(data: Mapping[Any, Any], entries: tuple[DiffEntry, ...]) -> DiffTotals:
    """The saved totals, never less than what the entries themselves add up to."""
    seen = DiffTotals.of(FilesystemDiff(entries))
    return DiffTotals(
        max(_number(data, "added"), seen.added),
        max(_number(data, "modified"), seen.modified),
        max(_number(data, "deleted"), seen.deleted),
        max(_number(data, "bytes"), seen.bytes),
    )
