"""The tables of what is tested name tests that exist, and leave nothing out."""

from __future__ import annotations

import json
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

from dockernb.dockerfile.reference import INSTRUCTIONS

TESTS = Path(__file__).parents[2]
TABLE = TESTS.parent / "docs/dockerfile.md"
LINES: dict[str, list[str]] = tomllib.loads((TESTS / "data/semantics/lines.toml").read_text())


@cache
def existing() -> frozenset[str]:
    """Differential cases, rows of the semantics vectors, functions of the suite."""
    names = {path.parent.name for path in TESTS.glob("differential/cases/*/Dockerfile")}
    vectors = TESTS / "data/vectors/buildkit_in_20.10_semantics.json"
    names |= json.loads(vectors.read_text("utf-8")).keys()
    for path in TESTS.rglob("*.py"):
        names |= set(re.findall(r"def ((?:test|check)_\w+)", path.read_text("utf-8")))
    return frozenset(names)


def rows() -> list[list[str]]:
    found = [line for line in TABLE.read_text("utf-8").splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in found]
    return [row for row in cells if row[0].strip() not in {"line", "---"}]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_row_of_the_reference_names_tests_that_exist(row: list[str]) -> None:
    named = re.findall(r"`([^`]+)`", row[-1])
    assert len(row) == 3
    assert named, "no test is named"
    assert not set(named) - existing()


def test_reference_has_every_instruction_and_flag() -> None:
    text = TABLE.read_text("utf-8")
    lines = "\n".join(row[0] for row in rows())
    for name, entry in INSTRUCTIONS.items():
        assert name in text
        for flag in entry.flags:
            assert flag.name in lines, f"{name} {flag.name}"


def test_every_line_of_the_semantics_is_there() -> None:
    expected = [str(number) for number in range(1, 54)] + [f"T{number}" for number in range(1, 10)]
    assert list(LINES) == expected


@pytest.mark.parametrize("line", LINES)
def test_line_of_the_semantics_names_tests_that_exist(line: str) -> None:
    says, *named = LINES[line]
    assert says
    assert named, "no test is named"
    assert not set(named) - existing()
