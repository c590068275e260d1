"""docs/security.md names, for every promise, tests that exist."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs/security.md"


@cache
def existing() -> frozenset[str]:
    """Functions of the suite, and the checks of the embedded engine's battery."""
    found: set[str] = set()
    for path in TESTS.rglob("*.py"):
        found |= set(re.findall(r'def (test_\w+)|Check\("(\w+)"', path.read_text("utf-8")))
    return frozenset(name for pair in found for name in pair if name)


def promises() -> list[list[str]]:
    """The rows of all tables whose last column names tests."""
    rows, counts = [], False
    for line in PAGE.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
        if not line.startswith("|"):
            counts = False
        elif cells[-1] == "tested by":
            counts = True
        elif counts and cells[0] != "---":
            rows.append(cells)
    return rows


@pytest.mark.parametrize("row", promises(), ids=lambda row: row[0][:60])
def test_promise_names_tests_that_exist(row: list[str]) -> None:
    named = re.findall(r"`(\w+)`", row[-1])
    assert named, "no test is named"
    assert not set(named) - existing()


def test_names_of_tests_in_the_text_exist_too() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE.read_text("utf-8")))
    assert len(named) > 50
    assert not named - existing()
