"""A card as static HTML: no script, no external file, inline styles only, bounded.

It is what a front end without widgets shows, and what stays in an exported notebook. Colours are
JupyterLab's variables mixed with the page's own text colour, so that it can be read on light and on
dark pages, with or without JupyterLab.
"""

from __future__ import annotations

from html import escape

from ..oci.diff import DiffEntry
from .ansi import lines_to_html, terminal_lines
from .card_view import CardView, Dot
from .figures import format_bytes, format_seconds
from .visible import visible, visible_lines
from .words import cache_lines, log_facts, origin_text, size_text, value_text

__all__ = ["card_html"]

_ROWS = 100
_FILE_CHARS = 9_000
_LOG_CHARS = 4_000
_PART_CHARS = 6_000

_ROOT = (
    "--ok:color-mix(in srgb,var(--jp-success-color1,#1a9c4b) 70%,currentColor);"
    "--bad:color-mix(in srgb,var(--jp-error-color1,#d1242f) 75%,currentColor);"
    "--warn:color-mix(in srgb,var(--jp-warn-color1,#b58105) 65%,currentColor);"
    "--hit:color-mix(in srgb,var(--jp-info-color1,#2f74d0) 70%,currentColor);"
    "--line:var(--jp-border-color2,rgba(128,128,128,.35));"
    "--mono:var(--jp-code-font-family,ui-monospace,monospace);"
    "color:var(--jp-ui-font-color1,inherit);"
    "font:13px/1.5 var(--jp-ui-font-family,system-ui,sans-serif);"
    "border:1px solid var(--line);border-radius:6px;margin:2px 0;overflow:hidden;max-width:100%"
)
_HEAD = "display:flex;flex-wrap:wrap;align-items:baseline;gap:2px 12px;padding:6px 12px"
_STRIP = "display:flex;flex-wrap:wrap;gap:2px 18px;padding:0 12px 6px;font-size:12px"
_PART = "border-top:1px solid var(--line);padding:4px 12px"
_PRE = (
    "font:12px/1.5 var(--mono);margin:4px 0;padding:0;background:none;color:inherit;"
    "white-space:pre-wrap;overflow-wrap:anywhere;word-break:normal;max-height:320px;overflow:auto"
)
_MUTE = "opacity:.72"
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
    parts = [_head(view), _strip(view), _error(view), _notes(view)]
    parts += [_files(view), _config(view), _cache(view), _log(view)]
    label = escape(visible(f"{view.instruction} step {view.step}: {view.status}"[:200]))
    body = "".join(part for part in parts if part)
    return f'<div role="group" aria-label="{label}" style="{_ROOT}">{body}</div>'


def _head(view: CardView) -> str:
    tone = _TONES.get(view.status, "hit")
    badge = (
        f"color:var(--{tone});background:color-mix(in srgb,var(--{tone}) 14%,transparent);"
        "font-weight:600;font-size:12px;border-radius:9px;padding:0 9px"
    )
    spans = [_span(view.status, badge)]
    if view.snapshot:
        spans.append(_span(view.snapshot.short_id, "font-family:var(--mono);font-weight:600"))
    if view.status == "failed" and view.container and view.container.exit_code:
        spans.append(_span(f"exit code {view.container.exit_code}"))
    spans.append(_span(origin_text(view), _MUTE))
    total = view.seconds.get("total")
    time = format_seconds(total) if total is not None else ""
    figures = "font-variant-numeric:tabular-nums"
    spans.append(_span(time or "\u2026", f"margin-left:auto;{figures}"))
    spans.append(_span(size_text(view), f"font-weight:600;{figures}"))
    return f'<div style="{_HEAD}">{"".join(spans)}</div>'


def _strip(view: CardView) -> str:
    dots = "".join(_dot(dot, view.status) for dot in view.dots())
    return f'<div style="{_STRIP}">{dots}</div>' if dots else ""


def _dot(dot: Dot, status: str) -> str:
    tone = "warn" if status == "interrupted" else "bad"
    color = {"done": "ok", "active": "hit", "failed": tone}.get(dot.state)
    mark = _span(_DOTS[dot.state], f"color:var(--{color})" if color else _MUTE)
    detail = _span(dot.detail[:80], f"font-family:var(--mono);{_MUTE}")
    return f"<span>{mark} {escape(dot.name)} {detail}</span>"


def _error(view: CardView) -> str:
    if view.error is None:
        return ""
    title = visible(f"{view.error.name}: {view.error.message}"[:2000])
    details = escape(visible_lines(view.error.details[:_PART_CHARS]))
    head = f'<div style="color:var(--bad);font-weight:600">{escape(title)}</div>'
    more = f'<pre style="{_PRE}">{details}</pre>' if details else ""
    return f'<div style="{_PART}">{head}{more}</div>'


def _notes(view: CardView) -> str:
    facts = [f"<div>{escape(visible(fact[:500]))}</div>" for fact in view.facts[:8]]
    warnings = [
        f'<div style="color:var(--warn)">warning: {escape(visible(text[:500]))}</div>'
        for text in view.warnings[:8]
    ]
    return f'<div style="{_PART}">{"".join(facts + warnings)}</div>' if facts or warnings else ""


def _files(view: CardView) -> str:
    totals = view.totals
    if not totals.files:
        return ""
    rows: list[str] = []
    room = _FILE_CHARS
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
        _span(f"{count:,}\u00a0{letter}", f"color:var(--{_TONES[letter]})")
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
    tone = _TONES[entry.change]
    return f'<b style="color:var(--{tone})">{entry.change}</b> {size:>8}  {escape(name)}'


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
    lines = terminal_lines(view.log.text[-4 * _LOG_CHARS :], _LOG_CHARS)
    # Colours cost more than text: where they are too many, the oldest lines go.
    text = lines_to_html(lines)
    while len(text) > 3 * _LOG_CHARS and len(lines) > 1:
        lines = lines[len(lines) // 4 + 1 :]
        text = lines_to_html(lines)
    if len(text) > 6 * _LOG_CHARS:
        text = escape("".join(run.text for line in lines for run in line)[:_LOG_CHARS])
    above = view.log.lines - len(lines)
    note = f'<div style="{_MUTE}">{above:,} lines above are not shown</div>' if above > 0 else ""
    body = f'{note}<pre style="{_PRE}">{text}</pre>'
    return _details("Log", log_facts(view), body, is_open=view.status == "failed")


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
