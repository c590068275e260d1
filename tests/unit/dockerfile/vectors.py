"""Loads the vectors of `tests/data/vectors`; one pytest case per row."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "data" / "vectors"
DISAGREEMENTS: dict[str, str] = tomllib.loads((FOLDER / "disagreements.toml").read_text("utf-8"))[
    "disagreements"
]


def rows(name: str) -> list[Any]:
    """The rows of one file, each with the name by which `disagreements.toml` knows it."""
    loaded = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    found = []
    for number, row in enumerate(loaded):
        row_id = f"{name}:{row.get('id', number)}"
        found.append(pytest.param({**row, "row_id": row_id}, id=row_id.partition(":")[2]))
    return found


@contextmanager
def agreement(row: dict[str, Any]) -> Iterator[None]:
    """The checks inside must hold, or fail when the row is listed as a disagreement."""
    reason = DISAGREEMENTS.get(row["row_id"])
    if reason is None:
        yield
        return
    try:
        yield
    except AssertionError:
        return
    pytest.fail(f"{row['row_id']} agrees now; remove it from disagreements.toml ({reason})")
