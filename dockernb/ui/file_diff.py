"""The lines in which a file differs between two snapshots."""

from __future__ import annotations

from html import escape
from typing import Any

from ..errors import LookError
from ..look.snapshot_files import SnapshotFiles
from .file_view import READ_LIMIT, ShownFile, shown_file
from .highlight import text_diff
from .visible import visible

__all__ = ["compared", "file_diff", "file_diff_html", "file_diff_text"]

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


def file_diff(files: SnapshotFiles, left: str, right: str, path: str) -> dict[str, Any]:
    """The file in two snapshots: `path`, `diff` and `diff_note` as in `compared`.

    Args:
        left: Image ID; the one before.
        right: Image ID; the one after.
        path: Absolute.

    Raises:
        LookError: neither has such a file.
    """
    shown: list[ShownFile | None] = []
    errors: list[LookError] = []
    for image_id in (left, right):
        try:
            content = files.content(image_id, path, READ_LIMIT)
            shown.append(shown_file(content, lambda *_: None))
        except LookError as error:
            shown.append(None)
            errors.append(error)
    before, after = shown
    if before is not None and after is not None:
        return {"path": path, "diff": [], "diff_note": "", **compared(before, after)}
    if len(errors) == 2:
        raise errors[0]
    only = after or before
    assert only is not None  # noqa: S101 - one of the two is there
    sign, note = ("+", "added") if after is not None else ("-", "deleted")
    lines = (only.text or "").splitlines()[:_LINES]
    diff = [[sign, visible(line[:_LINE].replace("\t", "    "))] for line in lines]
    return {"path": path, "diff": diff, "diff_note": f"{note}: {only.facts}"}


def file_diff_text(found: dict[str, Any]) -> str:
    """As `diff -u` shows it."""
    lines = [sign + text for sign, text in found["diff"]]
    note = f"({found['diff_note']})" if found["diff_note"] else ""
    return "\n".join([visible(found["path"]), *lines, *([note] if note else [])])


_COLOURS = {"+": "rgba(26,156,75,0.18)", "-": "rgba(229,52,43,0.18)"}


def file_diff_html(found: dict[str, Any]) -> str:
    """The same, added lines green and removed ones red; all texts are escaped."""
    rows = "".join(
        f'<div style="background-color:{_COLOURS.get(sign, "transparent")}">'
        f"{escape(sign + text)}</div>"
        for sign, text in found["diff"]
    )
    note = f"<div>{escape(visible(found['diff_note']))}</div>" if found["diff_note"] else ""
    head = f"<div><code>{escape(visible(found['path']))}</code></div>"
    return f'{head}<pre style="white-space:pre-wrap">{rows}</pre>{note}'
