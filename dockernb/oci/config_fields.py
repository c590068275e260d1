"""The fields of an image config that may come from anybody, with their types checked."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

__all__ = [
    "CONFIG_ERRORS",
    "checked_json",
    "count",
    "names",
    "object_of",
    "objects",
    "text",
    "texts",
]

_DEEPEST = 32
# What reading a config that is none may raise.
CONFIG_ERRORS = (ValueError, TypeError, RecursionError)


def text(data: Mapping[str, Any], key: str) -> str:
    """A string; "" where there is none. Go writes null for what is not set."""
    return _typed(data, key, str) or ""


def count(data: Mapping[str, Any], key: str) -> int:
    """A whole number; 0 where there is none."""
    value = _typed(data, key, int) or 0
    if not -(1 << 63) <= value < 1 << 63:
        raise ValueError(f'"{key}" is no number of 64 bits')
    return value


def object_of(data: Mapping[str, Any], key: str) -> dict[str, Any]:
    """An object; an empty one where there is none."""
    return _typed(data, key, dict) or {}


def objects(data: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """A list of objects."""
    return _list(data, key, dict)


def texts(data: Mapping[str, Any], key: str) -> tuple[str, ...] | None:
    """A list of strings. Docker takes a string for a list of one (its `strslice`)."""
    value = data.get(key)
    if isinstance(value, str):
        return (_encodable(value, key),)
    return None if value is None else tuple(_list(data, key, str))


def names(data: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """The names of an object that stands for a set, as ports and volumes do."""
    value = data.get(key)
    return tuple(_list(data, key, str) if isinstance(value, list) else object_of(data, key))


def checked_json(value: Any, depth: int = 0) -> Any:
    """A value of a field that nobody here knows.

    Raises:
        ValueError: it is nested so deep that writing it again would fail.
    """
    if depth > _DEEPEST:
        raise ValueError(f"it is nested deeper than {_DEEPEST} levels")
    if isinstance(value, dict):
        for item in value.values():
            checked_json(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            checked_json(item, depth + 1)
    return value


def _list(data: Mapping[str, Any], key: str, kind: Callable[..., Any]) -> list[Any]:
    items = _typed(data, key, list) or []
    for item in items:
        _check(item, key, kind)
    return items


def _typed(data: Mapping[str, Any], key: str, kind: Callable[..., Any]) -> Any:
    value = data.get(key)
    return value if value is None else _check(value, key, kind)


def _check(value: Any, key: str, kind: Any) -> Any:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise TypeError(f'"{key}" is {json.dumps(value)[:60]}, which is of the wrong type')
    return _encodable(value, key) if isinstance(value, str) else value


def _encodable(value: str, key: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f'"{key}" holds half of a character') from None
    return value
