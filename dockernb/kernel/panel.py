"""What the side panel shows: the engine, the chain of snapshots, the steps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dockernb.errors import DockernbError

if TYPE_CHECKING:
    from dockernb.session import CellState, Session

__all__ = ["panel_data", "prune_text"]

MAX_TITLE = 80
_FROM = re.compile(r"FROM\s+(?:--\S+\s+)*(\S+)", re.IGNORECASE)


def panel_data(session: Session, states: Sequence[CellState]) -> dict[str, Any]:
    """The panel's content as JSON. Asks the engine whether it is alive."""
    return {
        "engine": _engine(session),
        "context": str(session.context_root.absolute()),
        "cells": [_cell(state) for state in states if state.condition is not None],
    }


def _engine(session: Session) -> dict[str, Any]:
    try:
        info = session.engine().info()
    except DockernbError as error:
        return {"name": "no engine", "alive": False, "detail": error.message[:300], "prunes": False}
    return {
        "name": info.name,
        "alive": True,
        "detail": f"{info.version} at {info.address}"[:300],
        "prunes": info.name == "embedded",
    }


def _cell(state: CellState) -> dict[str, Any]:
    results = state.record.results if state.record is not None else ()
    opens = _FROM.match(state.title)
    return {
        "id": state.id,
        "number": state.number,
        "title": state.title[:MAX_TITLE],
        "state": state.condition,
        "reason": state.reason[:300],
        "stage": state.stage,
        "base": opens[1][:MAX_TITLE] if opens else "",
        "snapshot": state.snapshot.removeprefix("sha256:")[:12],
        "bytes": sum(_added(result) for result in results),
        "seconds": sum(result.seconds.get("total", 0.0) for result in results) if results else None,
        "status": results[-1].status if results else "cached" if state.record else "",
    }


def _added(result: Any) -> int:
    snapshot = result.snapshot
    if snapshot is None:
        return 0
    return int(snapshot.size if result.instruction == "FROM" else snapshot.layer_size)


def prune_text(images: int, size: int) -> str:
    """What a prune did."""
    return f"{images} image{'' if images == 1 else 's'} removed, {size:,} bytes freed"
