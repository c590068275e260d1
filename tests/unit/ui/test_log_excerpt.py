"""A long log is shown by its beginning, its end, and a line with what lies between."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from dockernb.build.events import OutputReceived, StepFinished
from dockernb.build.log import LogBuffer
from dockernb.build.result import StepLog
from dockernb.kernel.cards import log_tail
from dockernb.ui import widget_state
from dockernb.ui.card_json import card_json
from dockernb.ui.card_model import CardModel
from dockernb.ui.card_view import view_of
from dockernb.ui.html import card_html
from dockernb.ui.log_excerpt import excerpt_of
from dockernb.ui.saved_card import from_card_json
from tests.unit.ui import samples

LINES = [f"line {number} of the output of a step that says much" for number in range(30_000)]
GAP = re.compile(r"([\d,]+) lines \([\d.]+ (?:kB|MB)\) are not shown")


def long_log() -> StepLog:
    buffer = LogBuffer()
    for line in LINES:
        buffer.append(f"{line}\n".encode())
    return buffer.finish()


def shown(log: StepLog, chars: int = 64_000, lines: int | None = 2000) -> tuple[list[str], int]:
    """The lines that are shown, and how many the gap counts."""
    excerpt = excerpt_of(log, chars, lines=lines)
    return (excerpt.head + excerpt.tail).splitlines(), excerpt.hidden_lines


@pytest.mark.parametrize("chars", [1_000, 8_000, 64_000, 10_000_000])
def test_every_line_is_shown_whole_or_counted(chars: int) -> None:
    lines, hidden = shown(long_log(), chars)
    assert set(lines) <= set(LINES)
    assert len(lines) + hidden == len(LINES)
    assert (lines[0], lines[-1]) == (LINES[0], LINES[-1])


def test_a_short_log_has_no_gap() -> None:
    excerpt = excerpt_of(StepLog("one\ntwo", 2), 100)
    assert (excerpt.head, excerpt.tail, excerpt.gap) == ("one\ntwo", "", "")


def test_one_endless_line_is_cut_with_its_size() -> None:
    excerpt = excerpt_of(StepLog("x" * 5000, 1), 1000)
    assert excerpt.gap == "4.2 kB are not shown"
    assert excerpt.tail == "x" * 750


def live(log: StepLog) -> CardModel:
    """The model of a card that saw the output come."""
    model = CardModel()
    model.apply(samples.started(samples.built()))
    for line in LINES:
        model.apply(OutputReceived(f"{line}\n".encode()))
    model.apply(StepFinished(replace(samples.built(), log=log)))
    return model


def hit(log: StepLog) -> CardModel:
    model = CardModel()
    model.apply(samples.started(samples.cached()))
    model.apply(StepFinished(replace(samples.cached(), log=log)))
    return model


def test_a_built_card_and_its_hit_show_the_same_log() -> None:
    built, cached = (widget_state.log(make(long_log()).log.tail()) for make in (live, hit))
    assert built == cached
    assert built["head"][0] == [LINES[0]]
    assert built["lines"][-1] == [LINES[-1]]
    assert built["total"] == 30_000
    hidden = 30_000 - len(built["head"]) - len(built["lines"])
    assert built["gap"].startswith(f"{hidden:,} lines (")


def test_a_saved_card_keeps_head_and_tail_and_true_counts() -> None:
    card = json.loads(json.dumps(card_json(replace(samples.built(), log=long_log()))))
    view = from_card_json(card)
    lines, hidden = shown(view.log)
    assert (lines[0], lines[-1]) == (LINES[0], LINES[-1])
    assert set(lines) <= set(LINES)
    assert len(lines) + hidden == 30_000
    assert CardModel(view).log.tail().total == 30_000


def html_of(log: StepLog) -> str:
    return card_html(view_of(replace(samples.built(), log=log)))


def text_of(log: StepLog) -> str:
    return "\n".join(log_tail(log))


@pytest.mark.parametrize("render", [html_of, text_of])
def test_html_and_text_show_head_gap_and_tail(render: Callable[[StepLog], str]) -> None:
    page = render(long_log())
    assert LINES[0] in page
    assert LINES[-1] in page
    found = GAP.search(page)
    assert found
    assert int(found[1].replace(",", "")) == 30_000 - page.count(" of the output of a step")
