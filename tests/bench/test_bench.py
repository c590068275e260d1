"""Each row and each curve can be measured; how large the figures are is no matter of a test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from .documents import figures_table, replace_block
from .growth.__main__ import CURVES, in_words
from .growth.curve import Curve
from .growth.picture import svg
from .growth.sizes import TINY as TINY_GROWTH
from .history import History, changes
from .machine import Machine
from .measure import Figure, Goal, Measurement, Sample
from .report import report
from .rows import ROWS
from .sizes import TINY


@pytest.fixture(scope="module")
def machine(docker_host: str, registry: str, chromium: str) -> Iterator[Machine]:
    with Machine(TINY) as machine:
        yield machine


@pytest.mark.docker
@pytest.mark.embedded
@pytest.mark.registry
@pytest.mark.browser
def test_every_row_and_every_curve_can_be_measured(machine: Machine) -> None:
    figures = [figure for row in ROWS.values() for figure in row(machine)]
    assert len({figure.name for figure in figures}) == len(figures)
    assert all(figure.ours.median > 0 for figure in figures)
    assert json.loads(json.dumps(report(figures, TINY)))["figures"]
    for measure in CURVES.values():
        curve = measure(machine, TINY_GROWTH)
        assert Curve.from_json(curve.to_json()).sizes == curve.sizes
        points = sum(len(line) for line in curve.lines.values())
        assert svg(curve).count("<circle") == points + len(curve.lines)
        assert len(in_words(curve)) == 2 + len(curve.lines)


def figure(seconds: float, reference: float = 1.0) -> Figure:
    ours = Measurement("cell", (Sample(seconds),))
    beside = Measurement("buildx", (Sample(reference),))
    return Figure("RUN", ours, (beside,), (Goal(0.5, "buildx"),))


def test_a_goal_is_reached_by_the_ratio_of_the_same_run() -> None:
    assert figure(0.4).reached
    assert not figure(0.6).reached
    assert figure(0.6, reference=2.0).reached


def test_history_points_at_what_got_worse_beside_its_reference(tmp_path: Path) -> None:
    history = History(tmp_path / "build" / "history.jsonl")
    for seconds, reference in ((0.2, 1.0), (0.4, 2.0), (0.2, 1.0)):
        history.append(report([figure(seconds, reference)], TINY))
    (same,) = changes(history.runs("tiny"))
    assert not same.is_worse
    history.append(report([figure(0.4)], TINY))
    (worse,) = changes(history.runs("tiny"))
    assert worse.is_worse
    assert worse.factor == pytest.approx(2.0)


def test_a_page_gets_the_table_in_its_place(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- figures -->old<!-- end of figures -->\nafter\n")
    replace_block(page, "figures", figures_table([figure(0.4)]))
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert "| RUN | 400 ms |" in text
    with pytest.raises(ValueError, match="no place"):
        replace_block(page, "growth", [])
