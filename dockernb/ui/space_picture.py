"""A picture of where an image's bytes are: a bar for each step, as static HTML and as text.

Like the static card it has no script, no outside file and no computed colour, so that it can be
read in a notebook that nobody trusts yet, without a kernel, on light and on dark pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ..look.space import StepSpace
from ..look.step_row import one_line
from .figures import format_bytes
from .look_tables import NameOf
from .visible import visible

__all__ = ["space_html", "space_page", "space_text"]

_KEPT, _LOST = "#2f7de0", "#e0453d"
_LINE = "1px solid rgba(128,128,128,0.4)"
_ROOT = f"border:{_LINE};border-radius:6px;margin:4px 0;padding:8px 12px;font-size:13px"
_NAME = "font-family:monospace;font-size:12px;white-space:nowrap;overflow:hidden"
_TRACK = "display:flex;height:14px;background-color:rgba(128,128,128,0.14);margin:1px 0 2px"
_FOLDERS = "font-family:monospace;font-size:11px;opacity:0.75;margin-bottom:8px"
_WIDTH = 40


def space_html(spaces: Sequence[StepSpace], name_of: NameOf) -> str:
    """A bar for each step that adds bytes, the longest for the biggest."""
    if not spaces:
        return ""
    biggest = max(space.size for space in spaces)
    total = sum(space.size for space in spaces)
    lost = sum(space.lost for space in spaces)
    bars = "".join(_bar(space, biggest, total, name_of) for space in spaces)
    legend = (
        f"<div>{_box(_KEPT)} in the image {format_bytes(total - lost)} &nbsp; "
        f"{_box(_LOST)} removed or replaced by a later step {format_bytes(lost)}</div>"
    )
    label = escape(f"Where the image's {format_bytes(total)} are")
    title = f'<div style="font-weight:600;margin-bottom:6px">{label}</div>'
    return f'<div role="group" aria-label="{label}" style="{_ROOT}">{title}{bars}{legend}</div>'


def space_page(spaces: Sequence[StepSpace], name_of: NameOf) -> str:
    """The picture as a page of its own, in the reader's light or dark colours."""
    style = (
        ":root{color-scheme:light dark}"
        "body{font:14px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto}"
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><meta charset="utf-8"><title>Where the bytes are</title>'
        f"<style>{style}</style>{space_html(spaces, name_of)}</html>\n"
    )


def _box(color: str) -> str:
    style = f"display:inline-block;width:10px;height:10px;background-color:{color}"
    return f'<span style="{style}"></span>'


def _bar(space: StepSpace, biggest: int, total: int, name_of: NameOf) -> str:
    kept = 100 * (space.size - space.lost) / biggest
    lost = 100 * space.lost / biggest
    text = escape(visible(f"{name_of(space.step)} {one_line(space.step.source, 70)}"))
    share = f"{format_bytes(space.size)} ({100 * space.size / total:.0f} %)"
    folders = escape(visible(_folders(space)))
    return (
        f'<div style="display:flex"><span style="{_NAME}">{text}</span>'
        f'<span style="margin-left:auto;white-space:nowrap">{share}</span></div>'
        f'<div style="{_TRACK}">{_part(_KEPT, kept)}{_part(_LOST, lost)}</div>'
        f'<div style="{_FOLDERS}">{folders}</div>'
    )


def _part(color: str, width: float) -> str:
    if not width:
        return ""
    return f'<div style="width:{max(width, 0.3):.1f}%;background-color:{color}"></div>'


def space_text(spaces: Sequence[StepSpace], name_of: NameOf) -> str:
    """The same in characters: `#` in the image, `-` removed or replaced by a later step."""
    if not spaces:
        return ""
    biggest = max(space.size for space in spaces)
    width = max(len(name_of(space.step)) for space in spaces)
    lines = []
    for space in spaces:
        whole = max(1, round(_WIDTH * space.size / biggest))
        lost = round(whole * space.lost / space.size)
        bar = "#" * (whole - lost) + "-" * lost
        name = name_of(space.step)
        lines.append(
            f"{name:<{width}}  {format_bytes(space.size):>9}  {bar:<{_WIDTH}}  "
            f"{visible(one_line(space.step.source, 40))}".rstrip()
        )
        if space.folders:
            lines.append(f"{'':<{width}}  {'':>9}  {visible(_folders(space, 3))}")
    return "\n".join(lines)


def _folders(space: StepSpace, count: int = 6) -> str:
    return ", ".join(f"{path} {format_bytes(size)}" for path, size in space.folders[:count])
