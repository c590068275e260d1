"""Each reader is fed for a fixed time, with the same inputs each time, and what once broke it."""

from __future__ import annotations

from pathlib import Path

import pytest

from .run import DATA, attempt, fuzz
from .targets import TARGETS

SECONDS = 1.5
SEED = 1
SAVED = sorted(path for path in DATA.glob("*/*") if path.is_file())


@pytest.mark.parametrize("target", TARGETS)
def test_nothing_breaks_a_reader_of_what_strangers_wrote(target: str) -> None:
    tried, failure = fuzz(target, SECONDS, SEED)
    assert tried
    if failure is not None:
        pytest.fail(f"{failure.data!r} (saved: {failure.save(target)}): {failure.error!r}")


@pytest.mark.parametrize("path", SAVED, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_once_broke_a_reader_does_not_break_it_again(path: Path) -> None:
    attempt(path.parent.name, path.read_bytes())


def test_saved_inputs_are_of_targets_that_exist() -> None:
    assert {path.parent.name for path in SAVED} <= set(TARGETS)
