from __future__ import annotations

import json

import pytest

from dockernb.build.result import StepLog
from dockernb.engines.base import Port, Progress
from dockernb.errors import EngineError
from dockernb.ui.run_view import RunView, from_run_json, run_html, run_json, run_text, run_trait
from dockernb.ui.transfer_view import transfer_html, transfer_text
from dockernb.use.run import RunFacts, RunState
from dockernb.use.transfer import Transfer, TransferState

FACTS = RunFacts(
    "web", "sha256:" + "a" * 64, (Port(80, 8080), Port(53, 53, "udp")), ("sh", "-c", "<b>&\x1b[2J"),
    ("A note with <i>.",),
)  # fmt: skip
HOSTILE = StepLog("<script>alert(1)</script>\x1b[31mred\x1b[0m\n", 1, 0)


def test_nothing_of_a_container_becomes_html() -> None:
    html = run_html(RunView(FACTS, RunState(), HOSTILE))
    assert "<script>" not in html
    assert "<b>" not in html
    assert "&lt;script&gt;" in html
    assert 'href="http://localhost:8080/"' in html
    assert "localhost:53 is its port 53/udp" in html


def test_a_container_that_has_ended_has_no_links() -> None:
    ended = RunView(FACTS, RunState("exited", 3, seconds=61), HOSTILE)
    assert "href" not in run_html(ended)
    assert run_text(ended) == "web: exited, exit code 3"
    assert run_trait(ended)["bad"] is True
    failed = RunView(FACTS, RunState("failed", error=EngineError("<p> was lost")))
    assert "&lt;p&gt; was lost" in run_html(failed)


def test_a_saved_card_is_the_same_again() -> None:
    view = RunView(FACTS, RunState("exited", 0, seconds=2.5), HOSTILE)
    saved = json.loads(json.dumps(run_json(view, model_id="m", cell_id="c")))
    again = from_run_json(saved)
    assert run_trait(again) == {**run_trait(view), "notes": []}
    assert "<script>alert(1)</script>" in again.log.text


def test_a_saved_card_of_a_running_container_is_lost() -> None:
    view = from_run_json(run_json(RunView(FACTS, RunState()), model_id=None, cell_id=None))
    trait = run_trait(view)
    assert (trait["status"], trait["bad"], trait["time"]) == ("lost", False, "")
    assert trait["outcome"] == "its kernel is gone, and it with it"


@pytest.mark.parametrize(
    "change", [{"status": "<b>"}, {"ports": 3}, {"ports": [{}]}, {"seconds": None}, {"log": None}]
)
def test_what_is_no_saved_card_is_refused_or_harmless(change: dict[str, object]) -> None:
    saved = {**run_json(RunView(FACTS, RunState()), model_id=None, cell_id=None), **change}
    try:
        view = from_run_json(saved)
    except ValueError:
        return
    assert "<b>" not in run_html(view)


def test_layers_on_their_way_are_summed_up() -> None:
    times = iter([0.0, 2.0, 2.0])
    transfer = Transfer(lambda: next(times))
    transfer(Progress("sha256:" + "1" * 64, "Pushing", 500_000, 1_000_000))
    transfer(Progress("<b>", "Pushing", 2_500_000, 5_000_000))
    text = transfer_text("pushing app", transfer.state, done=False)
    assert text == "pushing app: 2 layers, 3.0 MB of 6.0 MB, 1.5 MB/s"
    transfer(Progress("<b>", "Pushed"))
    state = transfer.state
    assert state.rows[1] == Progress("<b>", "Pushed", 5_000_000, 5_000_000)
    assert "&lt;b&gt;" in transfer_html("pushing app", state, done=True)
    archive = TransferState((Progress("archive", "Saved", 2_000, 2_000),), 1.0)
    assert (
        transfer_text("saving a.tar", archive, done=True) == "saving a.tar: 2.0 kB, 2.0 kB/s, 1.0 s"
    )
