"""What the card of a build by buildx shows: as JSON, as text and as static HTML. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

from ..build.result import StepLog
from ..errors import DockernbError
from ..oci.digest import short_id
from ..use.buildx.command import Built
from ..use.buildx.lines import BuildLine
from ..use.buildx.rows import BuildRow
from .figures import format_count, format_seconds
from .log_excerpt import excerpt_of
from .table import Column, Table, table_html, table_text
from .visible import encodable_json, visible, visible_lines

__all__ = [
    "BUILD_MIME",
    "BuildStatus",
    "BuildView",
    "build_html",
    "build_json",
    "build_table",
    "build_text",
    "build_trait",
    "image_text",
    "is_build_trait",
    "line_text",
    "report_json",
]

BUILD_MIME = "application/vnd.dockernb.build+json"
BuildStatus = Literal["running", "built", "failed", "interrupted"]
_COLUMNS = (
    Column("cell", "id"),
    Column("stage"),
    Column("state"),
    Column("time", "figure"),
    Column("instruction", "code"),
)
_ROWS = 1000
_TEXT = 200
_LOG_CHARS = 12_000


@dataclass(frozen=True)
class BuildView:
    """A build at a moment.

    Args:
        now: Of the clock of the rows that run.
        seconds: Since its beginning.
    """

    rows: Sequence[BuildRow]
    now: float = 0.0
    seconds: float = 0.0
    status: BuildStatus = "running"
    built: Built | None = None
    error: DockernbError | None = None

    @property
    def figure(self) -> str:
        """How many steps are done."""
        steps = [row for row in self.rows if row.step is not None and row.step.at]
        steps = [row for row in steps if row.status != "not needed"]
        done = sum(row.status in ("cached", "done") for row in steps)
        return f"{done} of {format_count(len(steps), 'step')}"


def build_table(view: BuildView) -> Table:
    """A row for each instruction."""
    return Table(
        _COLUMNS,
        [
            [_cell(row), _place(row), row.status, _time(row, view.now), row.text[:_TEXT]]
            for row in view.rows[:_ROWS]
        ],
    )


def image_text(built: Built | None) -> str:
    """Name and digest of the image; what to do where no image was made."""
    if built is None or built.exit_code != 0:
        return ""
    if not built.digest and not built.names:
        return "no image was asked for: -t NAME, --push, --load or -o say where it goes"
    return visible(" ".join([*built.names, built.digest]).strip())


def report_json(view: BuildView) -> dict[str, Any]:
    """All of it for programs, when it is over; times in seconds."""
    built, error = view.built, view.error
    report = {
        "status": view.status,
        "exit_code": built.exit_code if built else None,
        "names": list(built.names) if built else [],
        "digest": built.digest if built else "",
        "seconds": round(view.seconds, 2),
        "steps": [_row_json(row) for row in view.rows],
        "error": error.format_message() if error else None,
    }
    return dict(encodable_json(report))


def _row_json(row: BuildRow) -> dict[str, Any]:
    return {
        "cell": row.step.cell if row.step else None,
        "cell_id": row.cell.id or None if row.cell else None,
        "line": row.step.line if row.step else None,
        "stage": row.stage,
        "platform": row.platform,
        "instruction": row.text,
        "status": row.status,
        "seconds": None if row.seconds is None else round(row.seconds, 2),
        "error": row.error,
        "log": list(row.tail) if row.status == "failed" else [],
    }


def build_trait(view: BuildView) -> dict[str, Any]:
    """All but the log, for the browser; every text is ready to show."""
    error = view.error
    details = visible_lines("\n".join(error.details())[:4000]) if error is not None else ""
    value = {
        "status": view.status,
        "figure": view.figure,
        "time": "" if view.status == "running" else format_seconds(view.seconds),
        "image": image_text(view.built),
        "short": short_id(view.built.digest) if view.built and view.built.digest else "",
        "error": error and {"title": visible(error.message[:2000]), "details": details},
        "rows": [_trait_row(row, view.now) for row in view.rows[:_ROWS]],
    }
    return dict(encodable_json(value))


def _trait_row(row: BuildRow, now: float) -> list[Any]:
    runs = row.status == "running" and row.seconds is not None
    last = row.error or (row.tail[-1] if runs and row.tail else "")
    return [
        _cell(row),
        row.cell.id if row.cell else "",
        _place(row),
        visible(row.text[:_TEXT]),
        row.status,
        _time(row, now),
        round(now - row.seconds, 2) if runs and row.seconds is not None else None,
        visible(last[:_TEXT]),
    ]


def is_build_trait(value: object) -> bool:
    """Whether a saved notebook holds what `build_trait` makes."""
    if not isinstance(value, dict) or not isinstance(value.get("rows"), list):
        return False
    error = value.get("error")
    texts = [value.get(key) for key in ("status", "figure", "time", "image", "short")]
    texts += [error.get(key) for key in ("title", "details")] if isinstance(error, dict) else []
    rows = value["rows"]
    return (
        all(isinstance(text, str) for text in texts)
        and (error is None or isinstance(error, dict))
        and len(rows) <= _ROWS
        and all(
            isinstance(row, list)
            and len(row) == 8
            and all(isinstance(text, str) for text in (*row[:6], row[7]))
            for row in rows
        )
    )


def build_json(
    trait: Mapping[str, Any], log: StepLog, *, model_id: str | None, cell_id: str | None
) -> dict[str, Any]:
    """What a notebook keeps, so that its card can be shown by another kernel."""
    excerpt = excerpt_of(log, _LOG_CHARS)
    gap = f"\n[{excerpt.gap}]\n" if excerpt.gap else ""
    text = {"log": excerpt.head + gap + excerpt.tail}
    saved = {"version": 1, "kind": "build", "cell_id": cell_id, "model_id": model_id}
    return {**saved, "build": dict(trait), **encodable_json(text)}


def line_text(
    line: BuildLine, row: BuildRow | None, mark: Callable[[str], str] = lambda status: status
) -> str:
    """A line of buildx as a reader is told it: whose it is, its state, what it says.

    Args:
        mark: Makes the state stand out.
    """
    if row is None:
        return line.text
    label = row.cell.label if row.cell else ""
    who = f"cell {label}" if label.startswith("[") else label or "        "
    if line.kind == "print":
        return f"{who}    | {line.text}"
    time = f" {format_seconds(row.seconds)}" if line.kind == "end" and row.seconds else ""
    what = " ".join(text for text in (row.platform, row.text) if text)
    why = f": {row.error}" if row.error else ""
    return f"{who}  {mark(row.status)}{time}  {what}{why}"


def build_text(view: BuildView) -> str:
    """The table and the result, for who sees text only."""
    return "\n".join([table_text(build_table(view)), *_lines(view)])


def build_html(view: BuildView) -> str:
    """Static: no script, no outside file; every text is escaped."""
    lines = "".join(f"<p>{escape(line)}</p>" for line in _lines(view))
    return table_html(build_table(view)) + lines


def _lines(view: BuildView) -> list[str]:
    time = format_seconds(view.seconds) if view.status != "running" else ""
    first = ", ".join(text for text in (view.status, view.figure, time) if text)
    return [text for text in (first, image_text(view.built)) if text]


def _cell(row: BuildRow) -> str:
    return visible(row.cell.label) if row.cell else ""


def _place(row: BuildRow) -> str:
    return visible(" ".join(text for text in (row.stage, row.platform) if text)[:_TEXT])


def _time(row: BuildRow, now: float) -> str:
    if row.seconds is None:
        return ""
    return format_seconds(now - row.seconds if row.status == "running" else row.seconds)
