"""Text from containers, file names and logs, made safe to show and to send."""

from __future__ import annotations

import math
import re
from typing import Any

__all__ = ["encodable", "encodable_json", "visible", "visible_lines"]

# C0 and C1 controls, soft hyphen, zero-width and bidirectional marks, line separators, byte order
# mark, interlinear marks, tag characters, surrogates: all that is invisible or moves other text.
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def visible(text: str) -> str:
    r"""`text` on one line, with every invisible character written as an escape.

    A newline becomes `\n`, ESC `\x1b`, a right-to-left override `\u202e`, a byte that is not UTF-8
    (surrogate escape) `\xff`. All other characters, `<` and `\` too, stay as they are.
    """
    return _INVISIBLE.sub(_escape, text)


def visible_lines(text: str) -> str:
    """As `visible`, but newlines stay newlines (for errors and sources of several lines)."""
    return "\n".join(visible(line.replace("\t", "    ")) for line in text.splitlines())


def encodable(text: str) -> str:
    r"""`text` that UTF-8 can encode: lone surrogates become `\xff`; nothing else changes."""
    return _SURROGATE.sub(_escape, text)


def encodable_json(value: Any) -> Any:
    """A copy of a JSON value in which all strings are `encodable` and other objects are text."""
    if isinstance(value, str):
        return encodable(value)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None  # JSON has no NaN
    if isinstance(value, dict):
        return {encodable(str(key)): encodable_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [encodable_json(item) for item in value]
    return encodable(str(value))


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    code = ord(character)
    if character in _SHORT:
        return _SHORT[character]
    if 0xDC80 <= code <= 0xDCFF:  # PEP 383: the byte that could not be decoded
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
