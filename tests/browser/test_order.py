"""The page is the truth: a cell is built on the cell above it, saved or not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from . import notebook
from .card import Card
from .lab import Lab


@pytest.fixture
def chain(lab: Lab, folder: Path) -> Lab:
    """FROM, A and a look at what is there: all run, and nothing saved but the first cell."""
    lab.open(notebook.write(folder / "order.ipynb", ["FROM busybox"]))
    lab.insert_below(0, f"RUN echo {folder.name} > /a")
    lab.insert_below(1, "RUN ls / > /list; cat /list")
    for number in range(3):
        expect(lab.run(number).badge).to_have_text(re.compile("^(built|cached)$"))
    return lab


def parent(card: Card) -> str:
    """The snapshot that a card says it came from."""
    return card.root.locator(".dnb-origin").inner_text()


def log(card: Card) -> list[str]:
    return card.open_tab("Log").locator(".dnb-line").all_inner_texts()


def expect_refused(lab: Lab, number: int, *cells: str) -> None:
    """The cell was not run; the error names these cells to run first."""
    lab.run(number)
    output = lab.output(number).filter(has_text="CellsNotRunError")
    expect(output).to_be_visible()
    for cell in cells:
        expect(output).to_contain_text(cell)
    expect(lab.card(number).root).to_have_count(0)


def test_inserted_cell_is_built_on_the_cell_above_and_the_one_below_on_it(chain: Lab) -> None:
    above = chain.card(1).snapshot.inner_text()
    chain.insert_below(1, "RUN echo NEW > /new")
    card = chain.run(2)
    card.expect_status("built")
    assert above in parent(card)
    last = chain.run(3)
    last.expect_status("built")
    assert {"a", "new"} <= set(log(last))
    chain.screenshot("inserted", 2, 3)


def test_deleted_cell_is_no_parent_and_the_inserted_one_is(chain: Lab) -> None:
    chain.insert_below(1, "RUN echo NEW > /new")
    chain.run(2)
    chain.delete(1)
    expect_refused(chain, 2, "cell 2: RUN echo NEW")
    chain.run(1).expect_status("built")
    card = chain.run(2)
    card.expect_status("built")
    assert "new" in log(card)
    assert "a" not in log(card)


def test_moved_cell_is_built_at_its_new_place(chain: Lab) -> None:
    base = chain.card(0).snapshot.inner_text()
    chain.move_up(2)
    card = chain.run(1)
    card.expect_status("built")
    assert base in parent(card)
    assert "a" not in log(card)


def test_last_cell_first_after_a_restart_is_no_dead_end(chain: Lab) -> None:
    chain.write(2, "RUN ls -a /; cat /a")
    chain.restart_kernel()
    chain.run(2).expect_status("built")
    chain.restart_kernel()
    for number in range(3):
        chain.run(number).expect_status("cached")


def test_edited_cell_above_that_was_not_run_is_no_parent(chain: Lab) -> None:
    # No other test of the server uses this image: what is in the cache need not be run.
    chain.write(0, "FROM busybox:noconfig")
    expect_refused(chain, 2, "cell 1: FROM busybox:noconfig", "cell 2: RUN echo")
    chain.write(0, "FROM busybox")
    chain.run(2).expect_status("cached")


def test_cell_is_run_again_without_another_word_of_the_page(chain: Lab) -> None:
    sent: list[str] = []

    def note(frame: object) -> None:
        text = frame if isinstance(frame, str) else bytes(frame).decode("utf-8", "replace")  # type: ignore[call-overload]
        if "dockernb.page" in text or ('"comm_msg"' in text and '"version": 1' in text):
            sent.append(text)

    chain.page.on("websocket", lambda socket: socket.on("framesent", note))
    chain.restart_kernel()  # opens a new socket
    chain.run(2).expect_status("cached")
    assert len(sent) == 1
    chain.run(2).expect_status("cached")
    assert len(sent) == 1
