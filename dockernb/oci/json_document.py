"""JSON that is not trusted."""

from __future__ import annotations

import json
import reprlib
from typing import Any

from ..errors import OciError

__all__ = ["parse_json", "parse_object", "quoted"]

_LONGEST_SHOWN = 200


def parse_json(data: bytes, shown: str) -> Any:
    """The value in `data`.

    Args:
        shown: What it is, for the reader: `the image config "sha256:..."`.

    Raises:
        OciError: It is no JSON, or nested too deep.
    """
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as err:
        why = "it is nested too deep" if isinstance(err, RecursionError) else str(err)
        raise OciError(f"{shown} is no JSON that can be read: {why}") from err


def parse_object(data: bytes, shown: str) -> dict[str, Any]:
    """The object in `data`; see `parse_json`."""
    value = parse_json(data, shown)
    if not isinstance(value, dict):
        raise OciError(f"{shown} is no JSON object")
    return value


def quoted(text: object) -> str:
    """A value from outside in double quotes, of bounded length, safe on a terminal."""
    escaped = json.dumps(text if isinstance(text, str) else reprlib.repr(text))
    return escaped if len(escaped) <= _LONGEST_SHOWN else escaped[:_LONGEST_SHOWN] + '..."'
