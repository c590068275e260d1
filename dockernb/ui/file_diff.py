"""The differences of a modified file to the snapshot before, for the card."""

from __future__ import annotations

from typing import Any

from .file_view import ShownFile
from .highlight import text_diff
from .visible import visible

__all__ = ["compared"]

_LINES = 2_000
_LINE = 2_000


def compared(before: ShownFile, after: ShownFile) -> dict[str, Any]:
    """`diff`: a sign and a text for each line; `diff_note`: why there is none."""
    if before.text is None or after.text is None:
        return {"diff_note": f"before: {before.facts}"}
    if before.text == after.text:
        same = before.facts == after.facts
        was = "its time has changed" if same else f"before: {before.facts}"
        return {"diff_note": f"The content is the same; {was}."}
    lines = text_diff(before.text, after.text)
    if lines is None:
        return {"diff_note": "the texts could not be compared in time"}
    cut = len(lines) > _LINES
    shown = [[line[:1], visible(line[1 : 1 + _LINE].replace("\t", "    "))] for line in lines]
    note = f"the first {_LINES:,} of {len(lines):,} lines" if cut else ""
    return {"diff": shown[:_LINES], "diff_note": note}
