"""A card's view as the small JSON pieces that the browser's part reads. Pure.

The pieces change at different times and travel apart: `header` when a step starts and ends,
`progress` while it runs, `files` once, `log` in increments. Texts are ready to show: whatever
is invisible has been escaped, and the browser sets it as text, never as HTML.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..build.byte_count import OWN_WORK
from ..engines.base import Progress
from ..oci.digest import short_id
from .ansi import Line
from .card_view import CardView
from .figures import format_bytes, format_seconds
from .live_log import LogUpdate
from .tree import FileTree, Row
from .visible import visible, visible_lines
from .words import (
    changes_of,
    origin_text,
    reason_text,
    size_text,
    title_text,
    value_text,
    why_text,
)

__all__ = ["PAGE", "files", "folder", "header", "log", "progress"]

PAGE = 500  # rows of a folder in one message
_BARS = 12


def header(view: CardView) -> dict[str, Any]:
    """All that is neither progress nor files nor log."""
    total = view.seconds.get("total")
    error = view.error
    cache = view.cache
    return {
        "status": view.status,
        "label": visible(f"{view.instruction} step {view.step}"[:80]),
        "source": visible(view.source.strip()[:120]),
        "id": view.snapshot.id if view.snapshot else None,
        "short": view.snapshot.short_id if view.snapshot else "",
        "origin": origin_text(view),
        "why": visible(why_text(view)),
        "titled": view.titled,
        "title": title_text(view),
        "instruction": visible(view.instruction[:40]),
        "exit": _exit_text(view),
        "time": format_seconds(total) if total is not None and view.status != "running" else "",
        "size": size_text(view),
        "engine": visible(view.engine),
        "files": [view.totals.added, view.totals.modified, view.totals.deleted],
        "truncated": view.truncated,
        "kept": len(view.diff.entries),
        "config": [
            [visible(change.field), _side(change.before), _side(change.after)]
            for change in view.config[:200]
        ],
        "cache": None
        if cache is None
        else {
            "status": cache.status,
            "reason": visible(reason_text(cache)),
            "changed": [visible(text) for text in changes_of(cache)[:50]],
            "built_at": view.built_at if cache.status == "hit" else None,
            "took": format_seconds(view.original_seconds) if view.original_seconds else "",
        },
        "facts": [visible(text[:1000]) for text in view.facts[:20]],
        "warnings": [visible(text[:1000]) for text in view.warnings[:20]],
        "error": None
        if error is None
        else {
            "title": visible(error.message[:2000]),
            "details": visible_lines(error.short[:8000]),
        },
        "lines": view.log.lines,
        "terminal": _terminal_label(view),
    }


def progress(view: CardView) -> dict[str, Any]:
    """The dots, and the layers of a pull."""
    dots = [[visible(dot.name), visible(dot.detail[:60]), dot.state] for dot in view.dots()]
    run = view.seconds.get("run")
    if run is not None:
        for dot in dots:
            if dot[0] == "run" and dot[1]:
                dot[1] += f", {format_seconds(run)}"
    running = view.status == "running"
    return {
        "dots": dots,
        **({"pull": _pull(view.pulls, view.rate)} if view.pulls and running else {}),
    }


def files(tree: FileTree, *, preload: int = 200) -> dict[str, Any]:
    """The first level, the folders shown open, and as many others as `preload` rows allow."""
    folders = {"/": folder(tree, "/", count=preload)}
    opened = tree.opening()
    room = preload - len(folders["/"]["rows"])
    waiting = opened + [row.path for row in tree.children(count=preload) if row.expandable]
    for path in waiting:
        if path not in folders and tree.total(path) <= room:
            folders[path] = folder(tree, path)
            room -= len(folders[path]["rows"])
            waiting += [row.path for row in tree.children(path) if row.expandable]
    return {"folders": folders, "open": opened}


def folder(tree: FileTree, path: str, start: int = 0, count: int = PAGE) -> dict[str, Any]:
    """Some rows of one folder and how many it has."""
    rows = tree.children(path, start, count)
    return {"rows": [_row(row) for row in rows], "total": tree.total(path)}


def log(update: LogUpdate) -> dict[str, Any]:
    """Lines for the log: a line is a list of texts and of [text, style] pairs."""
    return {
        "first": update.first,
        "lines": [_line(line) for line in update.lines],
        "total": update.total,
        "head": [_line(line) for line in update.head],
        "gap": update.gap,
    }


def _exit_text(view: CardView) -> str:
    if view.status != "failed" or view.container is None or not view.container.exit_code:
        return ""
    return f"exit code {view.container.exit_code}"


def _terminal_label(view: CardView) -> str:
    """On the button that opens a terminal; "": there is nothing to open it in."""
    if view.snapshot is not None:
        return "Terminal"
    kept = view.container is not None and not view.container.removed
    return "Terminal in the failed state" if kept and view.status == "failed" else ""


def _side(value: Any) -> str | None:
    return None if value is None else value_text(value, 2000)


def _row(row: Row) -> list[Any]:
    """[path, name, change or "", size text, counts or null, link or null]: short, for thousands.

    A seventh item is the text to show as the path, where that is not the path itself.
    """
    sized = row.type == "dir" or (row.type in ("file", "symlink") and row.change != "D")
    size = format_bytes(row.size) if sized and (row.size or row.type != "dir") else ""
    counts = list(row.counts) if row.expandable else None
    shown = row.name if row.lost else visible(row.path)
    item = [row.path, row.name, row.change or "", size, counts, row.link]
    return item if shown == row.path else [*item, shown]


def _line(line: Line) -> list[Any]:
    return [[run.text, list(run.style)] if any(run.style) else run.text for run in line]


def _pull(pulls: Iterable[Progress], rate: float) -> dict[str, Any]:
    """Bars for the first layers, and a sum for all."""
    every = list(pulls)
    is_own = all(p.id in OWN_WORK for p in every)
    counted = every[-1:] if is_own else every  # of its own work a step does one after the other
    current = sum(min(p.current, p.total) if p.total else p.current for p in counted)
    total = sum(p.total for p in counted)
    done = sum(1 for p in every if p.total and p.current >= p.total)
    bars = [
        [visible(short_id(p.id)[:16]), visible(p.status[:24]), _share(p), _amount(p)]
        for p in every[:_BARS]
    ]
    hidden = len(every) - len(bars)
    amount = f"{format_bytes(current)}" + (f" of {format_bytes(total)}" if total else "")
    facts = [amount] if current or total else []
    if not is_own:
        facts.insert(0, f"{done} of {len(every)} layers")
    if rate:
        facts.append(f"{format_bytes(rate)}/s")
    return {
        "bars": bars,
        "sum": ", ".join(facts),
        "hidden": f"and {hidden} layers more" if hidden > 0 else "",
    }


def _share(progress_: Progress) -> int | None:
    """Per cent of a layer; None: unknown."""
    if progress_.total <= 0:
        return None
    return max(0, min(100, 100 * progress_.current // progress_.total))


def _amount(progress_: Progress) -> str:
    if progress_.total:
        return f"{format_bytes(progress_.current)} / {format_bytes(progress_.total)}"
    return format_bytes(progress_.current) if progress_.current else ""
