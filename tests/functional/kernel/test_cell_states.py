"""How much work it is to keep a page told: counted, not timed."""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from dockernb.build.context import BuildContext
from dockernb.build.file_changes import FileChanges
from dockernb.kernel.cards import CardShelf
from dockernb.kernel.cell_states import CellStates
from dockernb.kernel.comms import PageComms
from dockernb.kernel.lazy_session import LazySession
from dockernb.kernel.pages import Pages
from dockernb.session import CellState, CellText

SECONDS = 20


class SlowSession:
    """A session whose survey waits until it may go on."""

    def __init__(self) -> None:
        self.files = FileChanges(lambda: BuildContext(Path()))
        self.context_root = Path()
        self.begun = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)
        self.surveys = 0
        self.broken = ""

    def survey(self, cells: Sequence[CellText], _settings: object) -> list[CellState]:
        self.surveys += 1
        self.begun.release()
        assert self.go_on.acquire(timeout=SECONDS)
        return [
            CellState(cell.id, number, cell.source, "stale" if cell.id == self.broken else "built")
            for number, cell in enumerate(cells, 1)
        ]

    def restore(self, _cells: object) -> bool:
        return True

    def folders_read(self) -> frozenset[Path]:
        return frozenset()


class HeardComms(PageComms):
    """Keeps what the page is told."""

    def __init__(self) -> None:
        super().__init__(Pages())
        self.sent: queue.Queue[dict[str, Any]] = queue.Queue()

    def send(self, page: str, data: dict[str, Any]) -> None:
        assert page == "page"
        self.sent.put(data)


@pytest.fixture
def session() -> SlowSession:
    return SlowSession()


@pytest.fixture
def comms() -> HeardComms:
    comms = HeardComms()
    listed = [{"id": str(number), "source": "ENV A=1"} for number in range(100)]
    comms.pages.hear("page", {"version": 1, "cells": listed})
    return comms


@pytest.fixture
def states(session: SlowSession, comms: HeardComms) -> CellStates:
    """A page of 100 cells has begun to listen, and has heard of all of them."""
    made = CellStates(
        LazySession(lambda _: session),  # type: ignore[arg-type, return-value]
        comms,
        CardShelf(),
        contextvars.copy_context(),
    )
    made.page_opened("page")
    assert session.begun.acquire(timeout=SECONDS)
    return made


def test_keys_that_come_while_the_cells_are_looked_at_cost_one_more_look(
    states: CellStates, session: SlowSession
) -> None:
    for _ in range(1000):
        states.changed()
    session.go_on.release()
    assert session.begun.acquire(timeout=SECONDS)
    states.changed()
    session.go_on.release()
    assert session.begun.acquire(timeout=SECONDS)
    assert session.surveys == 3
    session.go_on.release()


def test_page_hears_only_of_the_cell_that_is_not_as_it_was(
    states: CellStates, session: SlowSession, comms: HeardComms
) -> None:
    session.go_on.release()
    assert len(comms.sent.get(timeout=SECONDS)["states"]) == 100
    session.broken = "7"
    states.changed()
    session.go_on.release()
    heard = comms.sent.get(timeout=SECONDS)
    assert heard["states"] == [{"id": "7", "state": "stale", "reason": ""}]
    assert session.surveys == 2
