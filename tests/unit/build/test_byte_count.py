"""A step tells how far it is where that takes long, and ends when the reader interrupts."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from dockernb.build import copy_content
from dockernb.build.byte_count import ByteCount, Watch
from dockernb.build.context import BuildContext
from dockernb.build.copy_request import CopyRequest
from dockernb.build.copying import collect_from_context
from dockernb.build.events import PullProgressed, StepStarted
from dockernb.engines.base import Progress
from dockernb.errors import BuildInterruptedError
from dockernb.ui.card_model import CardModel
from dockernb.ui.widget_state import progress


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_only_what_takes_long_is_told_and_not_too_often() -> None:
    told: list[Progress] = []
    clock = Clock()
    count = ByteCount("files", "sending", 1000, Watch(told.append, threading.Event()), clock)
    count.add(100)
    count.end()
    assert told == [], "it was over before anybody wondered"
    for clock.now in (0.2, 0.4, 0.41, 0.45, 0.6):
        count.add(100)
    count.end()
    assert [(each.status, each.current, each.total) for each in told] == [
        ("sending", 300, 1000),
        ("sending", 600, 1000),
        ("sending", 1000, 1000),
    ]


def test_interrupt_ends_the_reading_of_the_context(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copy_content, "_MUCH", 10)
    for name in "abc":
        (tmp_path / name).write_bytes(name.encode() * 100)
    cancel = threading.Event()
    cancel.set()
    watch = Watch(lambda _: None, cancel)
    request = CopyRequest(sources=(".",), destination="/", working_dir="/")
    with pytest.raises(BuildInterruptedError, match="while reading files"):
        collect_from_context(request, BuildContext(tmp_path), watch=watch)
    cancel.clear()
    content = collect_from_context(request, BuildContext(tmp_path), watch=watch).content
    assert content == collect_from_context(request, BuildContext(tmp_path)).content


def test_interrupt_ends_the_sending_of_files() -> None:
    cancel = threading.Event()
    count = Watch(lambda _: None, cancel).count("files", "sending", 10)

    def pieces() -> list[bytes]:
        sent = []
        for piece in count.through([b"one", b"two", b"three"]):
            sent.append(piece)
            cancel.set()
        return sent

    with pytest.raises(BuildInterruptedError, match="while sending files"):
        pieces()


def test_card_shows_the_rate_of_the_work_that_goes_on() -> None:
    clock = Clock()
    model = CardModel(clock=clock)
    model.apply(StepStarted("COPY", "COPY . /", "0", 2, None, "fake"))
    clock.now = 5.0
    model.apply(PullProgressed(Progress("context", "reading", 0, 4_000_000)))
    clock.now = 7.0
    model.apply(PullProgressed(Progress("context", "reading", 2_000_000, 4_000_000)))
    assert progress(model.view)["pull"]["sum"] == "2.0 MB of 4.0 MB, 1.0 MB/s"
    model.apply(PullProgressed(Progress("context", "reading", 4_000_000, 4_000_000)))
    clock.now = 10.0
    model.apply(PullProgressed(Progress("files", "sending", 0, 4_000_000)))
    clock.now = 12.0
    model.apply(PullProgressed(Progress("files", "sending", 1_000_000, 4_000_000)))
    assert progress(model.view)["pull"]["sum"] == "1.0 MB of 4.0 MB, 500.0 kB/s"
