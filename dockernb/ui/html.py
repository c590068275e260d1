"""A card as static HTML: no script, no external file, inline styles only, bounded.

It is what a front end without widgets shows, and what stays in an exported notebook. JupyterLab
takes away every style with a variable or a computed colour in it, and all but a few attributes; so
the tones are fixed ones that can be read on light and on dark pages.
"""

from __future__ import annotations

from html import escape

from ..oci.diff import DiffEntry
from .ansi import Line, lines_to_html
from .card_view import CardView, Dot
from .figures import format_bytes, format_seconds
from .log_excerpt import excerpt_of
from .saved_size import log_room, rows_room
from .visible import visible, visible_lines
from .words import (
    cache_lines,
    log_facts,
    origin_text,
    size_text,
    title_text,
    value_text,
    why_text,
)

__all__ = ["card_html"]

_ROWS = 100
_PART_CHARS = 6_000
#: A part of so many lines is shown unfolded: a page without a kernel is read from top to bottom.
_SHORT = 12

_LINE = "1px solid rgba(128,128,128,0.4)"
_MONO = "font-family:monospace"
_ROOT = f"border:{_LINE};border-radius:6px;margin:2px 0;overflow:hidden;font-size:13px"
_HEAD = "display:flex;flex-wrap:wrap;align-items:baseline;gap:2px 12px;padding:6px 12px"
_STRIP = "display:flex;flex-wrap:wrap;gap:2px 18px;padding:0 12px 6px;font-size:12px"
_PART = f"border-top:{_LINE};padding:4px 12px"
_PRE = (
    f"{_MONO};font-size:12px;line-height:1.5;margin:4px 0;padding:0;background:none;"
    "white-space:pre-wrap;word-wrap:break-word;word-break:normal;max-height:320px;overflow:auto"
)
_MUTE = "opacity:0.75"
# Tone -> colour of text, and the same behind a badge.
_COLORS = {
    "ok": ("#1f8a4c", "rgba(31,138,76,0.14)"),
    "hit": ("#2f7de0", "rgba(47,125,224,0.14)"),
    "bad": ("#e0453d", "rgba(224,69,61,0.14)"),
    "warn": ("#a37200", "rgba(163,114,0,0.14)"),
}
_TONES = {
    "built": "ok",
    "cached": "hit",
    "failed": "bad",
    "interrupted": "warn",
    "running": "hit",
    "A": "ok",
    "M": "warn",
    "D": "bad",
}
_DOTS = {"done": "●", "active": "◐", "failed": "●", "waiting": "○", "skipped": "○"}


def card_html(view: CardView) -> str:
    """The whole card, at most 50 kB; every text of the view is escaped."""
    parts = [_title(view), _head(view), _strip(view), _error(view), _notes(view)]
    parts += [_files(view), _config(view), _cache(view), _log(view)]
    label = escape(visible(f"{view.instruction} step {view.step}: {view.status}"[:200]))
    body = "".join(part for part in parts if part)
    return f'<div role="group" aria-label="{label}" style="{_ROOT}">{body}</div>'


def _title(view: CardView) -> str:
    title = title_text(view)
    style = f"{_MONO};font-size:12px;padding:6px 12px 0"
    return f'<div style="{style}">{escape(title)}</div>' if title else ""


def _color(tone: str) -> str:
    return f"color:{_COLORS[tone][0]}"


def _head(view: CardView) -> str:
    tone = _TONES.get(view.status, "hit")
    badge = (
        f"{_color(tone)};background:{_COLORS[tone][1]};"
        "font-weight:600;font-size:12px;border-radius:9px;padding:0 9px"
    )
    spans = [_span(view.status, badge)]
    if view.snapshot:
        spans.append(_span(view.snapshot.short_id, f"{_MONO};font-weight:600"))
    if view.status == "failed" and view.container and view.container.exit_code:
        spans.append(_span(f"exit code {view.container.exit_code}"))
    spans.append(_span(origin_text(view), _MUTE))
    spans.append(_span(why_text(view), _MUTE))
    total = view.seconds.get("total")
    time = format_seconds(total) if total is not None else ""
    spans.append(_span(time or "\u2026", "margin-left:auto"))
    spans.append(_span(size_text(view), "font-weight:600"))
    return f'<div style="{_HEAD}">{"".join(spans)}</div>'


def _strip(view: CardView) -> str:
    dots = "".join(_dot(dot, view.status) for dot in view.dots())
    return f'<div style="{_STRIP}">{dots}</div>' if dots else ""


def _dot(dot: Dot, status: str) -> str:
    tone = "warn" if status == "interrupted" else "bad"
    color = {"done": "ok", "active": "hit", "failed": tone}.get(dot.state)
    mark = _span(_DOTS[dot.state], _color(color) if color else _MUTE)
    detail = _span(dot.detail[:80], f"{_MONO};{_MUTE}")
    return f"<span>{mark} {escape(dot.name)} {detail}</span>"


def _error(view: CardView) -> str:
    if view.error is None:
        return ""
    title = visible(view.error.message[:2000])
    details = escape(visible_lines(view.error.short[:_PART_CHARS]))
    head = f'<div style="{_color("bad")};font-weight:600">{escape(title)}</div>'
    more = f'<pre style="{_PRE}">{details}</pre>' if details else ""
    return f'<div style="{_PART}">{head}{more}</div>'


def _notes(view: CardView) -> str:
    facts = [f"<div>{escape(visible(fact[:500]))}</div>" for fact in view.facts[:8]]
    warnings = [
        f'<div style="{_color("warn")}">Warning: {escape(visible(text[:500]))}</div>'
        for text in view.warnings[:8]
    ]
    return f'<div style="{_PART}">{"".join(facts + warnings)}</div>' if facts or warnings else ""


def _files(view: CardView) -> str:
    totals = view.totals
    if not totals.files:
        return ""
    rows: list[str] = []
    room = rows_room(view)
    entries = [e for e in view.diff.entries if e.type != "dir"] or list(view.diff.entries)
    for entry in entries[:_ROWS]:
        row = _file_row(entry)
        room -= len(row)
        if room < 0 and rows:
            break
        rows.append(row)
    more = totals.files - len(rows)
    if more > 0:
        rows.append(f"and {more:,} more (folders included)")
    letters = " ".join(
        _span(f"{count:,}\u00a0{letter}", _color(_TONES[letter]))
        for letter, count in (("A", totals.added), ("M", totals.modified), ("D", totals.deleted))
        if count
    )
    body = f'<pre style="{_PRE}">' + "\n".join(rows) + "</pre>"
    return _details("Files", letters, body)


def _file_row(entry: DiffEntry) -> str:
    name = visible(entry.path[:2000]) + ("/" if entry.type == "dir" else "")
    if entry.link_target is not None:
        name += f" \u2192 {visible(entry.link_target[:500])}"
    sized = entry.change != "D" and entry.type == "file"
    size = format_bytes(entry.size) if sized else ""
    tone = _color(_TONES[entry.change])
    return f'<b style="{tone}">{entry.change}</b> {size:>8}  {escape(name)}'


def _config(view: CardView) -> str:
    rows: list[str] = []
    room = _PART_CHARS
    for change in view.config:
        row = (
            f"{_span(visible(change.field[:200]), 'font-weight:600')}  "
            f"{escape(value_text(change.before))} \u2192 {escape(value_text(change.after))}"
        )
        room -= len(row)
        if room < 0:
            rows.append(f"and {len(view.config) - len(rows)} more")
            break
        rows.append(row)
    body = f'<pre style="{_PRE}">' + "\n".join(rows) + "</pre>"
    return _details("Config", str(len(view.config)), body) if rows else ""


def _cache(view: CardView) -> str:
    lines = cache_lines(view)[:20]
    if view.cache is None or not lines:
        return ""
    body = "".join(f"<div>{escape(visible(line[:300]))}</div>" for line in lines)
    return _details("Cache", view.cache.status, body, is_open=view.status == "cached")


def _log(view: CardView) -> str:
    if not view.log.text:
        return ""
    room = log_room(view)
    text = _log_text(view, room)
    # Colours cost more than text: where they are too many, fewer lines are shown.
    while len(text) > 1.5 * room and room > 300:
        room //= 2
        text = _log_text(view, room)
    is_short = text.count("\n") < _SHORT
    return _details("Log", log_facts(view), text, is_open=view.status == "failed" or is_short)


def _log_text(view: CardView, room: int) -> str:
    excerpt = excerpt_of(view.log, room)
    text = _log_part(excerpt.head_lines)
    if excerpt.gap:
        text += f'<div style="{_MUTE}">{excerpt.gap}</div>' + _log_part(excerpt.tail_lines)
    return text


def _log_part(lines: list[Line]) -> str:
    return f'<pre style="{_PRE}">{lines_to_html(lines)}</pre>' if lines else ""


def _details(title: str, note: str, body: str, *, is_open: bool = False) -> str:
    """One folded part; `note` and `body` are HTML."""
    opened = " open" if is_open else ""
    return (
        f'<details style="{_PART}"{opened}><summary style="cursor:pointer">{title} '
        f'<span style="{_MUTE}">{note}</span></summary>{body}</details>'
    )


def _span(text: str, css: str = "") -> str:
    if not text:
        return ""
    style = f' style="{css}"' if css else ""
    return f"<span{style}>{escape(visible(text))}</span>"
