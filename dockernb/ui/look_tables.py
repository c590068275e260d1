"""What looking into snapshots finds, as tables: files, a path's history, waste, steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from ..build.result import StepResult
from ..look.base_layers import LayerStep
from ..look.entries import FileEntry
from ..look.follow import PathEvent
from ..look.listing import Listing
from ..look.step_row import StepRow, one_line
from ..look.wasted import Waste, wasted_bytes
from .figures import format_bytes, format_count, format_seconds
from .table import Column, Table

__all__ = [
    "NameOf",
    "files_table",
    "follow_table",
    "mode_text",
    "step_names",
    "steps_table",
    "wasted_table",
]

# How a step is named to the reader.
NameOf = Callable[[StepResult], str]

_LETTERS = {
    "dir": "d", "symlink": "l", "char": "c", "block": "b", "fifo": "p", "socket": "s",
}  # fmt: skip
_FILES = (
    Column("mode", "id"),
    Column("owner", "id"),
    Column("size", "figure"),
    Column("files", "figure"),
    Column("modified", "id"),
    Column("name", "code"),
)
_WORDS = {"there": "in the base image"}


def step_names(results: Sequence[StepResult], counts: dict[str, int]) -> NameOf:
    """Names steps as the page does, `[3]`, where every cell's number is known; else `step 3`.

    Args:
        counts: Cell ID -> the number that the page shows beside the cell.
    """
    cells = [result.cell_id for result in results]
    known = all(cell in counts for cell in cells) and len(set(cells)) == len(cells)

    def name(step: StepResult) -> str:
        if isinstance(step, LayerStep):
            return f"base layer {step.layer}"
        return f"[{counts[step.cell_id or '']}]" if known else f"step {step.step}"

    return name


def mode_text(entry: FileEntry) -> str:
    """Type and permissions as `ls -l` writes them."""
    bits = "".join(
        letter if entry.mode >> (8 - place) & 1 else "-" for place, letter in enumerate("rwxrwxrwx")
    )
    chars = list(bits)
    for bit, place, letter in ((0o4000, 2, "s"), (0o2000, 5, "s"), (0o1000, 8, "t")):
        if entry.mode & bit:
            chars[place] = letter if chars[place] == "x" else letter.upper()
    return _LETTERS.get(entry.type, "-") + "".join(chars)


def files_table(
    listing: Listing, entries: Sequence[FileEntry], *, names: bool = True, limit: int = 1000
) -> Table:
    """Entries with sizes; of a folder, the size and number of what is below it.

    Args:
        names: True: only the last part of each path.
    """
    rows = [_file_row(listing, entry, names=names) for entry in entries[:limit]]
    files = sum(1 for entry in entries if entry.type != "dir")
    folders = len(entries) - files
    size = sum(listing.size(e) for e in entries if not e.is_hard_link) if names else 0
    note = f"{format_count(folders, 'folder')}, {format_count(files, 'file')}"
    note += f", {format_bytes(size)}" if names else ""
    if len(entries) > limit:
        note += f"; the first {limit:,} are shown"
    return Table(_FILES, rows, note)


def _file_row(listing: Listing, entry: FileEntry, *, names: bool) -> tuple[str, ...]:
    name = entry.name if names else entry.path
    if entry.type == "dir" and name != "/":
        name += "/"
    if entry.link_target is not None:
        name += f" -> {entry.link_target}"
    sized = entry.type in ("file", "dir")
    count = f"{listing.files_below(entry.path):,}" if entry.type == "dir" else ""
    size = format_bytes(listing.size(entry)) if sized else ""
    return mode_text(entry), entry.owner, size, count, _time(entry.modified), name


def _time(unix_time: float) -> str:
    try:
        return datetime.fromtimestamp(unix_time, UTC).strftime("%Y-%m-%d %H:%M")
    except (OverflowError, OSError, ValueError):
        return ""


def follow_table(path: str, events: Sequence[PathEvent], name_of: NameOf) -> Table:
    """What each step did to a path."""
    columns = (
        Column("step"),
        Column("what"),
        Column("size", "figure"),
        Column("instruction", "code"),
    )
    rows = [
        (
            name_of(event.step),
            _what(event),
            format_bytes(event.size) if event.what != "deleted" else "",
            one_line(event.step.source),
        )
        for event in events
    ]
    note = "" if rows else f'no step has "{path}", and the base image does not have it'
    return Table(columns, rows, note)


def _what(event: PathEvent) -> str:
    text = _WORDS.get(event.what, event.what)
    if event.by:
        text += f" with {event.by}"
    below = ", ".join(
        f"{count:,} {letter}" for count, letter in zip(event.counts, "AMD", strict=True) if count
    )
    return f"{text} ({below})" if below else text


def wasted_table(found: Sequence[Waste], total: int, name_of: NameOf, limit: int = 50) -> Table:
    """What is in the layers and not in the snapshot, and what would save it.

    Args:
        total: Bytes of the snapshot's layers.
    """
    columns = (
        Column("size", "figure"),
        Column("path", "code"),
        Column("added in"),
        Column("lost in"),
        Column("what would save it"),
    )
    rows = [
        (
            format_bytes(waste.bytes),
            waste.path + (f" ({format_count(waste.files, 'file')})" if waste.files > 1 else ""),
            _made_in(waste.made, name_of),
            f"{waste.how} in {name_of(waste.lost)}",
            waste.advice,
        )
        for waste in found[:limit]
    ]
    return Table(columns, rows, _wasted_note(found, total, limit))


def _made_in(step: StepResult, name_of: NameOf) -> str:
    is_base = step.instruction == "FROM" and not isinstance(step, LayerStep)
    return "base image" if is_base else name_of(step)


def _wasted_note(found: Sequence[Waste], total: int, limit: int) -> str:
    if not found:
        return "nothing is wasted: no step takes away what another one added"
    own = wasted_bytes(found)
    share = f" ({100 * own / total:.1f} % of {format_bytes(total)})" if total else ""
    more = f"; {len(found) - limit} more are not shown" if len(found) > limit else ""
    return f"{format_bytes(own)} wasted by this notebook's steps{share}{more}"


def steps_table(rows: Sequence[StepRow], name_of: NameOf) -> Table:
    """All steps: time, size, cache and files."""
    columns = (
        Column("step"),
        Column("stage"),
        Column("instruction", "code"),
        Column("status"),
        Column("time", "figure"),
        Column("adds", "figure"),
        Column("total", "figure"),
        Column("files"),
        Column("snapshot", "id"),
        Column("why"),
    )
    cells = [_step_cells(row, name_of) for row in rows]
    seconds = sum(row.seconds for row in rows)
    cached = sum(row.result.status == "cached" for row in rows)
    note = f"{format_count(len(rows), 'step')}, {format_seconds(seconds)}"
    note += f", {cached} from the cache" if cached else ""
    spared = sum(row.built_in or 0.0 for row in rows)
    note += f" (building them took {format_seconds(spared)})" if spared else ""
    return Table(columns, cells, note)


def _step_cells(row: StepRow, name_of: NameOf) -> tuple[str, ...]:
    result = row.result
    changed = ", ".join(
        f"{count:,} {letter}" for count, letter in zip(row.files, "AMD", strict=True) if count
    )
    is_base = result.instruction == "FROM"
    why = "" if result.cache.status == "hit" else "; ".join(result.cache.changed[:3])
    return (
        name_of(result),
        result.stage,
        one_line(result.source),
        result.status,
        format_seconds(row.seconds),
        ("" if is_base else "+") + format_bytes(row.added) if row.added else "",
        format_bytes(row.total) if row.total else "",
        changed,
        result.snapshot.short_id if result.snapshot else "",
        why or (result.cache.reason if result.cache.status == "miss" else ""),
    )
