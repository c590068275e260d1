"""A file of a snapshot as a reader sees it: coloured text, a picture, or bytes; never as HTML."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

from ..look.content import FileContent
from ..look.hexdump import hexdump
from ..look.kind import Picture, as_text, picture_of
from .figures import format_bytes
from .highlight import Run, highlighted
from .look_tables import mode_text
from .visible import visible

__all__ = ["READ_LIMIT", "TEXT_LIMIT", "ShownFile", "file_bundle", "file_json", "shown_file"]

TEXT_LIMIT = 128_000
READ_LIMIT = 1_500_000  # of a picture; more does not fit into one message to the browser
_HEX_LIMIT = 4_096
_LINES = 4_000
_LINE = 2_000

Kind = Literal["text", "hex", "picture", "note"]

_STYLES = {
    "k": "color:#2f7de0", "s": "color:#1f8a4c", "c": "opacity:0.7;font-style:italic",
    "n": "color:#a37200", "d": "color:#a04fc4", "a": "color:#0e8490",
    "i": "color:#1f8a4c", "e": "color:#e0453d",
}  # fmt: skip
_PRE = (
    "font-family:monospace;font-size:12px;line-height:1.5;margin:4px 0;background:none;"
    "white-space:pre-wrap;word-break:break-word;max-height:480px;overflow:auto"
)


@dataclass(frozen=True)
class ShownFile:
    """What is shown of a file.

    Args:
        facts: Size, mode, owner, and where the path leads.
        lines: Of a text or of bytes: runs of text with a class, invisible characters escaped.
        note: What is left out.
        text: The text as it is, for a comparison; None if it is none.
        picture: With `data`, its bytes.
    """

    path: str
    kind: Kind
    facts: str
    lines: tuple[tuple[Run, ...], ...] = ()
    note: str = ""
    text: str | None = None
    picture: Picture | None = None
    data: bytes = b""


def shown_file(
    content: FileContent,
    colours: Callable[[str, str], list[list[Run]] | None] = highlighted,
) -> ShownFile:
    """Decides by the bytes, never by the name, how a file is shown."""
    facts = _facts(content)
    picture = picture_of(content.data)
    if picture is not None and not content.is_cut:
        size = f"{picture.width} × {picture.height} pixels, "
        return ShownFile(
            content.asked, "picture", size + facts, (), "", None, picture, content.data
        )
    text = as_text(content.data[:TEXT_LIMIT])
    if text is None:
        return _bytes(content, facts)
    return _text(content, text, facts, colours)


def _bytes(content: FileContent, facts: str) -> ShownFile:
    lines = hexdump(content.data[:_HEX_LIMIT])
    cut = content.entry.size > _HEX_LIMIT
    note = f"the first {format_bytes(_HEX_LIMIT)} of a file that is no text" if cut else ""
    runs = tuple(((line, ""),) for line in lines)
    return ShownFile(content.asked, "hex", facts, runs, note)


def _text(
    content: FileContent,
    text: str,
    facts: str,
    colours: Callable[[str, str], list[list[Run]] | None],
) -> ShownFile:
    found = colours(content.entry.name, text) if text else []
    if found is None:
        found = [[(line, "")] for line in text.split("\n")]
    if found and not any(part for part, _ in found[-1]):
        found.pop()  # what stands behind the last newline
    lines = tuple(_visible(line) for line in found[:_LINES])
    cut = content.entry.size > TEXT_LIMIT or len(found) > _LINES
    note = f"the first {len(lines):,} lines" if cut else "" if text else "an empty file"
    return ShownFile(content.asked, "text", facts, lines, note, None if cut else text)


def _visible(line: list[Run]) -> tuple[Run, ...]:
    """The line with invisible characters escaped, cut where it is very long."""
    runs, room = [], _LINE
    for text, kind in line:
        shown = visible(text.replace("\t", "    ").removesuffix("\r"))
        runs.append((shown[:room], kind))
        room -= len(shown)
        if room < 0:
            runs.append((f"… {-room:,} characters more", "c"))
            break
    return tuple(runs)


def _facts(content: FileContent) -> str:
    entry = content.entry
    facts = [format_bytes(entry.size), mode_text(entry), f"owner {entry.owner}"]
    if entry.path != content.asked:
        facts.append(f"at {visible(entry.path)}")
    return ", ".join(facts)


def file_json(shown: ShownFile) -> dict[str, Any]:
    """For the browser's part of the card; a picture's bytes travel beside it."""
    return {
        "show": shown.kind,
        "facts": shown.facts,
        "lines": [
            [run[0] if not run[1] else [run[0], run[1]] for run in line] for line in shown.lines
        ],
        "note": shown.note,
        "mime": shown.picture.mime if shown.picture else "",
    }


def file_bundle(shown: ShownFile) -> dict[str, Any]:
    """For `display_data`: text, html, and a picture as itself."""
    title = visible(shown.path)
    head = f"{title}: {shown.facts}"
    tail = [f"({shown.note})"] if shown.note else []
    plain = ["".join(text for text, _ in line) for line in shown.lines]
    bundle: dict[str, Any] = {"text/plain": "\n".join([head, *plain, *tail])}
    if shown.picture is not None:
        bundle[shown.picture.mime] = base64.b64encode(shown.data).decode()
        return bundle
    body = "\n".join("".join(_span(run) for run in line) for line in shown.lines)
    note = f"<div>{escape(' '.join(tail))}</div>" if tail else ""
    bundle["text/html"] = (
        f"<div><b>{escape(title)}</b> {escape(shown.facts)}</div>"
        f'<pre style="{_PRE}">{body}</pre>{note}'
    )
    return bundle


def _span(run: Run) -> str:
    text, kind = run
    style = _STYLES.get(kind)
    return f'<span style="{style}">{escape(text)}</span>' if style else escape(text)
