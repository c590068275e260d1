"""What the side panel shows: the engine, the chain of snapshots, the steps, the build context."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from dockernb.errors import DockernbError

if TYPE_CHECKING:
    from dockernb.session import CellState, ContextView, Session

__all__ = ["context_data", "panel_data", "prune_text"]

MAX_TITLE = 80
MAX_TEXT = 300
MAX_FILES = 200  # of a cell; the page is told how many there are
MAX_LINES = 200  # of .dockerignore
_FROM = re.compile(r"FROM\s+(?:--\S+\s+)*(\S+)", re.IGNORECASE)


def panel_data(
    session: Session, states: Sequence[CellState], watch_problem: str = ""
) -> dict[str, Any]:
    """The panel's content as JSON. Asks the engine whether it is alive.

    Args:
        watch_problem: Why changes of copied files are not noticed at once; "": they are.
    """
    return {
        "engine": _engine(session),
        "context": str(session.context_root.absolute()),
        "watch_problem": watch_problem,
        "cells": [_cell(state) for state in states if state.condition is not None],
    }


def _engine(session: Session) -> dict[str, Any]:
    try:
        info = session.engine().info()
    except DockernbError as error:
        detail = error.message[:MAX_TEXT]
        return {"name": "no engine", "alive": False, "detail": detail, "prunes": False}
    return {
        "name": info.name,
        "alive": True,
        "detail": f"{info.version} at {info.address}"[:MAX_TEXT],
        "prunes": info.name == "embedded",
    }


def _cell(state: CellState) -> dict[str, Any]:
    opens = _FROM.match(state.title)
    return {
        "id": state.id,
        "number": state.number,
        "title": state.title[:MAX_TITLE],
        "state": state.condition,
        "reason": state.reason[:MAX_TEXT],
        "stage": state.stage,
        "stage_index": state.stage_index,
        "base": opens[1][:MAX_TITLE] if opens else "",
        "uses": list(state.uses),
        "snapshot": state.snapshot.removeprefix("sha256:")[:12],
        "steps": list(_steps(state)),
    }


def _steps(state: CellState) -> Iterator[dict[str, Any]]:
    """The steps that the cell ran; what was taken from the cache for a cell below has no time."""
    if state.record is None:
        return
    for result in state.record.results:
        yield {
            "instruction": result.instruction,
            "status": result.status,
            "seconds": result.seconds.get("total", 0.0),
            "bytes": _added(result),
        }
    if not state.record.results:
        word = state.title.partition(" ")[0]
        yield {"instruction": word, "status": "cached", "seconds": None, "bytes": None}


def _added(result: Any) -> int:
    snapshot = result.snapshot
    if snapshot is None:
        return 0
    return int(snapshot.size if result.instruction == "FROM" else snapshot.layer_size)


def context_data(view: ContextView) -> dict[str, Any]:
    """The build context for a page: of very many files the first."""
    return {
        "ignore_file": view.ignore_file,
        "cells": [
            {
                "cell": cell.cell,
                "bytes": cell.size,
                "count": len(cell.files),
                "files": [
                    {"path": path[:MAX_TEXT], "bytes": size}
                    for path, size in itertools.islice(cell.files.items(), MAX_FILES)
                ],
            }
            for cell in view.cells
        ],
        "excluded": [
            {
                "line": each.line,
                "pattern": each.pattern[:MAX_TEXT],
                "count": each.count,
                "examples": [path[:MAX_TEXT] for path in each.examples],
            }
            for each in view.excluded[:MAX_LINES]
        ],
        "whole": view.whole,
    }


def prune_text(images: int, size: int) -> str:
    """What a prune did."""
    return f"{images} image{'' if images == 1 else 's'} removed, {size:,} bytes freed"
