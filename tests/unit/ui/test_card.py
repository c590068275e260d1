"""The live card with a comm that only remembers: what goes to the browser, and how often."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any, ClassVar

import comm
import pytest
from comm.base_comm import BaseComm

from dockernb.build.events import OutputReceived, PhaseStarted, StepFinished
from dockernb.ui.card import WIDGET_MIME, Card
from dockernb.ui.card_json import CARD_MIME, card_json
from tests.unit.ui import samples


class Recorder(BaseComm):  # type: ignore[misc]
    messages: ClassVar[list[tuple[str, Any]]] = []

    def publish_msg(self, msg_type: str, data: Any = None, **_: Any) -> None:
        json.dumps(data, allow_nan=False, ensure_ascii=False).encode()
        self.messages.append((msg_type, data))


@pytest.fixture
def messages(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, Any]]]:
    Recorder.messages = []
    monkeypatch.setattr(comm, "create_comm", Recorder)
    yield Recorder.messages
    from ipywidgets import Widget

    Widget.close_all()


def custom(messages: list[tuple[str, Any]], kind: str) -> list[Any]:
    contents = [data["content"] for _, data in messages if data and data.get("method") == "custom"]
    return [content for content in contents if content["kind"] == kind]


def traits(messages: list[tuple[str, Any]]) -> list[set[str]]:
    return [set(data["state"]) for _, data in messages if data and data.get("method") == "update"]


def test_a_bundle_offers_the_widget_first_and_something_for_everyone_else(messages: Any) -> None:
    card = Card()
    data, _ = card.bundle()
    assert data[WIDGET_MIME]["model_id"] == card.model_id
    assert "running" in data["text/html"]
    assert CARD_MIME not in data
    for event in samples.run_events(samples.built()):
        card.handle(event)
    data, _ = card.bundle()
    assert data[CARD_MIME] | {"phases": {}, "parent_id": None} == card_json(
        samples.built(), model_id=card.model_id
    ) | {"phases": {}, "parent_id": None}
    assert data["text/plain"].startswith("built  1341b3384d60")


def test_a_finished_step_is_there_at_once(messages: Any) -> None:
    card = Card()
    card.bundle()
    for event in samples.run_events(samples.failed()):
        card.handle(event)
    assert {"header", "progress"} <= traits(messages)[-1]
    assert card.view.status == "failed"


def test_output_goes_out_in_bounded_increments_and_never_twice(messages: Any) -> None:
    card = Card()
    card.bundle()
    card.handle(samples.started(samples.built()))
    begin = time.monotonic()
    line = b"x" * 79 + b"\n"
    sent = 0
    while time.monotonic() - begin < 0.6:
        card.handle(OutputReceived(line * 500))
        sent += 500 * len(line)
        time.sleep(0.001)
    card.finish()
    logs = custom(messages, "log")
    assert 2 <= len(logs) <= 10
    assert max(len(message["lines"]) for message in logs) <= 401
    assert len(json.dumps(logs)) < 10 * 50_000
    firsts = [message["first"] for message in logs]
    assert firsts == sorted(firsts)
    assert logs[-1]["total"] == sent // len(line)


def test_a_page_that_comes_late_gets_the_tail(messages: Any) -> None:
    card = Card()
    card.bundle()
    card.handle(samples.started(samples.built()))
    card.handle(OutputReceived(b"one\ntwo\n"))
    card._make_widget()._handle_custom_msg({"kind": "late"}, [])
    (late,) = custom(messages, "late")
    assert late["log"]["lines"] == [["one"], ["two"]]
    assert late["elapsed"] >= 0
    assert card._make_widget().get_state("late")["late"]["log"]["total"] == 2


def test_folders_come_on_request_and_nonsense_is_ignored(messages: Any) -> None:
    card = Card()
    card.bundle()
    card.handle(StepFinished(samples.built(samples.big_diff())))
    widget = card._make_widget()
    assert len(json.dumps(widget.files)) < 30_000
    top = widget.files["folders"]["/"]["rows"][0][0]
    good = {"kind": "folder", "path": top, "start": 0}
    for message in (good, {"kind": "folder", "path": 3}, [], {}):
        widget._handle_custom_msg(message, [])
    (folder,) = custom(messages, "folder")
    assert folder["total"] == 500
    assert folder["rows"][0][1] == "pkg000/lib/"


def test_events_may_come_from_several_threads(messages: Any) -> None:
    card = Card()
    card.bundle()
    card.handle(samples.started(samples.built()))

    def talk() -> None:
        for number in range(200):
            card.handle(OutputReceived(b"%d\n" % number))
            card.handle(PhaseStarted("run"))

    threads = [threading.Thread(target=talk) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    card.handle(StepFinished(samples.built()))
    assert custom(messages, "log")[-1]["total"] == 800


def test_a_saved_card_comes_back_under_its_old_id(messages: Any) -> None:
    saved = json.loads(json.dumps(card_json(samples.built(), model_id="a" * 32)))
    card = Card.restore(saved)
    assert card.model_id == "a" * 32
    # The first comm is the layout that every widget has.
    opened = [data for kind, data in messages if kind == "comm_open"][-1]
    assert opened["state"]["header"]["short"] == "1341b3384d60"
    assert opened["state"]["late"]["log"]["total"] > 10
    assert Card.restore(saved, "b" * 32).model_id == "b" * 32


def test_what_is_no_card_is_not_restored(messages: Any) -> None:
    with pytest.raises(ValueError, match="card"):
        Card.restore({"version": 1}, "c" * 32)
    assert messages == []


def test_buttons_and_the_stale_mark(messages: Any) -> None:
    pressed: list[str] = []
    card = Card()
    card.offer([("run", "run [3] [4]")], pressed.append)
    card.mark_stale("cell [3] above changed")
    card._make_widget()._handle_custom_msg({"kind": "action", "id": "run"}, [])
    assert pressed == ["run"]
    assert card._make_widget().stale == "cell [3] above changed"


def test_a_closed_card_is_silent(messages: Any) -> None:
    card = Card()
    card.bundle()
    card.handle(samples.started(samples.built()))
    card.close()
    count = len(messages)
    card.handle(OutputReceived(b"late\n"))
    card.finish()
    time.sleep(0.15)
    assert len(messages) == count
    assert messages[-1][0] == "comm_close"
    data, _ = card.bundle()
    assert WIDGET_MIME not in data
    assert "text/html" in data
