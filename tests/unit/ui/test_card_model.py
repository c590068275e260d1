"""What the dots and the log of a card say while events come in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dockernb.build.events import OutputReceived, PhaseStarted, StepFinished
from dockernb.ui.card_model import CardModel
from dockernb.ui.card_view import CardView, view_of
from dockernb.ui.live_log import LiveLog
from tests.unit.ui import samples


def states(view: CardView) -> list[str]:
    return [dot.state for dot in view.dots()]


def details(view: CardView) -> list[str]:
    return [dot.detail for dot in view.dots()]


def test_the_dots_of_a_step_that_runs() -> None:
    view = samples.models()["running"].view
    assert states(view) == ["done", "done", "active", "waiting", "waiting"]
    assert details(view) == ["22f5c1ec5f7f", "7ab1e04c9d52", "", "", ""]


@pytest.mark.parametrize("with_events", [True, False])
def test_the_dots_of_a_finished_step(with_events: bool) -> None:
    result = samples.built()
    view = samples.models()["built"].view if with_events else view_of(result)
    assert states(view) == ["done"] * 5
    assert details(view) == ["22f5c1ec5f7f", "7ab1e04c9d52", "exit 0", "1341b3384d60", "removed"]


def test_a_metadata_step_starts_nothing() -> None:
    view = view_of(samples.configured())
    assert states(view) == ["done", "done", "skipped", "done", "done"]
    assert view.dots()[2].detail == "not needed"


def test_a_failure_marks_the_place_and_makes_no_snapshot() -> None:
    view = samples.models()["failed"].view
    assert states(view) == ["done", "done", "failed", "waiting", "done"]
    assert details(view)[3:] == ["none", "removed"]


def test_a_container_that_is_kept_is_said_to_be() -> None:
    result = samples.failed()
    assert result.container
    kept = replace(result, container=replace(result.container, removed=False))
    assert details(view_of(kept))[-1] == "kept"


def test_from_pulls_and_a_hit_has_no_dots() -> None:
    assert [dot.name for dot in samples.models()["pulling"].view.dots()] == ["pull", "snapshot"]
    assert len(samples.models()["pulling"].view.pulls) == 14
    assert view_of(samples.cached()).dots() == []


def test_time_runs_until_the_end() -> None:
    now = [10.0]
    model = CardModel(clock=lambda: now[0])
    model.apply(samples.started(samples.built()))
    now[0] = 12.5
    assert model.elapsed == 2.5
    model.apply(StepFinished(samples.built()))
    assert model.elapsed == 4.1


def test_a_hit_shows_the_log_of_the_run_that_made_it() -> None:
    model = samples.models()["cached"]
    model.log.update()
    assert model.log.tail().total == 212


def test_a_card_that_runs_again_begins_anew() -> None:
    model = samples.models()["built"]
    model.apply(samples.started(samples.configured()))
    assert model.view.status == "running"
    assert model.tree.total() == 0
    assert model.log.tail().lines == []
    model.apply(PhaseStarted("image"))
    assert states(model.view)[0] == "active"


def test_a_log_keeps_its_end_and_counts_the_rest() -> None:
    log = LiveLog(limit=1000)
    for number in range(10_000):
        log.append(b"line %d\n" % number)
    update = log.update()
    assert update is not None
    assert update.total == 10_000
    assert update.omitted > 80_000
    assert update.lines[-1][0].text == "line 9999"
    assert update.lines[0][0].text.startswith("line ")
    assert log.update() is None


def test_one_huge_piece_without_a_newline_is_cut_too() -> None:
    log = LiveLog(limit=1000)
    log.append(b"x" * 10_000_000)
    assert log.omitted == 10_000_000 - 1000
    log.append(b"\nend\n")
    update = log.update()
    assert update is not None
    assert update.lines[-1][0].text == "end"


def test_characters_cut_between_pieces_are_whole_again() -> None:
    log = LiveLog()
    log.append("caf\u00e9".encode()[:-1])
    log.update()
    log.append("caf\u00e9\n".encode()[4:])
    update = log.update()
    assert update is not None
    assert update.lines[0][0].text == "caf\u00e9"


def test_output_does_not_count_as_a_change_of_the_header() -> None:
    model = samples.models()["running"]
    before = model.revision
    model.apply(OutputReceived(b"more\n"))
    assert model.revision == before
