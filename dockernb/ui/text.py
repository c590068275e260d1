"""A card as a few lines of plain text: for text/plain, `dockernb run` and `make demo`."""

from __future__ import annotations

from .card_view import CardView
from .figures import format_bytes, format_seconds
from .tree import Row
from .visible import visible, visible_lines
from .words import (
    built_text,
    changes_text,
    log_facts,
    origin_text,
    size_text,
    title_text,
    value_text,
    why_text,
)

__all__ = ["card_text"]

_FOLDERS = 3  # named of a diff with more paths than are listed


def card_text(view: CardView, *, paths: int = 5, width: int = 100) -> str:
    """The card without its log; no line holds a control character.

    Args:
        paths: How many changed paths are named; where there are more, the biggest folders too.
        width: Lines but the first are cut to so many characters.

    Example::

        built  1341b3384d60  from 22f5c1ec5f7f  4.1 s  +33.2 MB  147 files: 118 A, 28 M, 1 D  ...
             /usr/  118 A, 3 M                         31.1 MB
          M  /etc/passwd                                1.1 kB
             and 146 more
          cache miss: first time
    """
    lines = _error_lines(view)
    lines += [f"  {fact}" for fact in view.facts[:10]]
    lines += [f"  warning: {warning}" for warning in view.warnings[:10]]
    lines += _file_lines(view, paths, width)
    for change in view.config[:20]:
        before, after = value_text(change.before, 60), value_text(change.after, 60)
        lines.append(f"  {change.field}: {before} -> {after}")
    if view.cache is not None and view.cache.reason:
        built = f"; {built_text(view)}".rstrip("; ")
        lines.append(f"  cache {view.cache.status}: {view.cache.reason.rstrip('.')}{built}")
    cut = [_cut(visible(line.rstrip()), width) for line in lines]
    title = [f"{title_text(view)}:"] if view.titled else []
    return "\n".join([*title, visible(_headline(view)), *cut])


def _headline(view: CardView) -> str:
    total = view.seconds.get("total")
    container = view.container
    parts = [
        view.status,
        view.snapshot.short_id if view.snapshot else "",
        f"exit code {container.exit_code}" if container and container.exit_code else "",
        origin_text(view),
        why_text(view),
        format_seconds(total) if total is not None else "",
        size_text(view),
        changes_text(view),
        "log " + log_facts(view) if view.log.lines else "",
    ]
    return "  ".join(part for part in parts if part)


def _error_lines(view: CardView) -> list[str]:
    if view.error is None:
        return []
    details = [f"  {line}" for line in visible_lines(view.error.details).split("\n") if line][:30]
    return [f"  {view.error.name}: {view.error.message}", *details]


def _file_lines(view: CardView, paths: int, width: int) -> list[str]:
    # A folder that is new says little where its files are named too.
    entries = [e for e in view.diff.entries if e.type != "dir"] or list(view.diff.entries)
    is_long = view.totals.files > paths
    if is_long:  # few modified or deleted ones tell most, then what is big
        few = view.totals.modified + view.totals.deleted < paths
        entries.sort(key=lambda entry: (few and entry.change == "A", -entry.size))
    rows = _folder_rows(view) if is_long else []
    folders = len(rows)
    for entry in entries[:paths]:
        link = f" -> {visible(entry.link_target)}" if entry.link_target is not None else ""
        size = format_bytes(entry.size) if entry.change != "D" else ""
        rows.append((entry.change, visible(entry.path) + link, size))
    room = max(20, width - 16)
    cut = [
        (mark, name if len(name) <= room else "..." + name[3 - room :], size)
        for mark, name, size in rows
    ]
    column = max((len(name) for _, name, _ in cut), default=0)
    lines = [f"  {mark}  {name:<{column}}  {size:>8}" for mark, name, size in cut]
    more = view.totals.files - (len(rows) - folders)
    return [*lines, f"     and {more:,} more"] if rows and more > 0 else lines


def _folder_rows(view: CardView) -> list[tuple[str, str, str]]:
    """The biggest folders: those at the top, or below the only one there."""
    tree = view.tree
    rows = [row for row in tree.children(count=100) if row.expandable]
    if len(rows) == 1:
        rows = [row for row in tree.children(rows[0].path, count=100) if row.expandable] or rows
    rows.sort(key=lambda row: -row.size)
    return [
        (" ", f"{visible(row.path)}/  {_counts(row)}", format_bytes(row.size))
        for row in rows[:_FOLDERS]
    ]


def _counts(row: Row) -> str:
    pairs = zip(row.counts, "AMD", strict=True)
    return ", ".join(f"{count:,} {letter}" for count, letter in pairs if count)


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else line[: width - 3] + "..."
