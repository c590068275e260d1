"""The lab extension's messages to a running kernel."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .client import Kernel, started, write_notebook

ASK = "RUN order?"


class Page:
    """What the lab extension sends, over the client's shell channel."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.comm_id = uuid.uuid4().hex

    def send(self, kind: str, data: Any, **content: Any) -> None:
        session = self.kernel.client.session
        message = session.msg(kind, {"comm_id": self.comm_id, "data": data, **content})
        self.kernel.client.shell_channel.send(message)

    def open(self, *cells: str) -> None:
        self.send("comm_open", told(*cells), target_name="dockernb.page")

    def say(self, *cells: str) -> None:
        self.send("comm_msg", told(*cells))

    def order(self, cell_id: str) -> str:
        """The order that the session is given when the cell runs."""
        reply = self.kernel.run(ASK, cell_id=cell_id).reply
        return str(reply["evalue"]).removeprefix("the order is: ")


def told(*cells: str) -> dict[str, Any]:
    return {"version": 1, "cells": [{"id": each, "source": f"ENV {each}=1"} for each in cells]}


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    """A page of a notebook that was saved as a, b."""
    path = tmp_path / "saved.ipynb"
    write_notebook(path, {"a": ASK, "b": ASK})
    with started(
        "tests.functional.kernel.scripted", tmp_path, JPY_SESSION_NAME=str(path)
    ) as kernel:
        yield Page(kernel)


def test_word_of_the_page_that_goes_before_a_cell_counts_for_it(page: Page) -> None:
    assert page.order("a") == "a b"
    page.open("b", "a")
    assert page.order("a") == "b a"
    page.say("new", "b", "a")
    assert page.order("new") == "new b a"
    page.say("a")
    assert page.order("a") == "a"


def test_word_of_the_page_counts_for_a_cell_sent_behind_it_while_another_runs(page: Page) -> None:
    page.open("a", "b")
    for _ in range(60):  # the word may be handled just when one cell ends and the next begins
        running = page.kernel.send("RUN sleep", cell_id="a", stop_on_error=False)
        page.kernel.wait_for("display_data")
        page.say("b", "new", "a")
        asking = page.kernel.send(ASK, cell_id="new")
        page.kernel.manager.interrupt_kernel()
        page.kernel.collect(running)
        assert page.kernel.collect(asking).reply["evalue"] == "the order is: b new a"


def test_new_comm_takes_the_place_of_the_old_one(page: Page) -> None:
    page.open("b", "a")
    page.comm_id = uuid.uuid4().hex
    page.open("a", "x", "b")
    assert page.order("a") == "a x b"


@pytest.mark.parametrize("data", [{}, {"version": 1, "cells": [7]}, [], "x"])
def test_message_that_is_not_understood_leaves_the_saved_notebook(page: Page, data: Any) -> None:
    page.open("b", "a")
    page.send("comm_msg", data)
    assert page.order("a") == "a b"


def test_closed_comm_leaves_the_saved_notebook(page: Page) -> None:
    page.open("b", "a")
    page.send("comm_close", {})
    assert page.order("a") == "a b"


def test_export_takes_the_cells_of_the_page(page: Page) -> None:
    page.open("b", "a")
    assert page.kernel.run("%export -", cell_id="a").text == "ENV b=1\n\nENV a=1\n"
