"""The margin of every cell says what it is, and follows what the reader does."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, WebSocket, expect

from . import chromium, notebook
from . import server as jupyter
from .lab import SCREENSHOTS, STEP_MS, Lab
from .margin import FRESH, expect_marks, first
from .server import Server


def test_margin_says_what_each_cell_is_and_why(chain: Lab, folder: Path) -> None:
    new = "not run: has not run"
    # The cells above may be in the cache, from another test.
    last = chain.cell(2).locator(":scope > .dockernb-mark")
    expect(last).to_have_attribute("aria-label", f"Cell is {new}")
    chain.run_all()
    expect_marks(chain, *FRESH)

    # Edited, and edited back; nothing was run or saved.
    chain.write(1, "COPY note.txt /other")
    edited = "edited since it ran"
    expect_marks(chain, "built", f"stale: {edited}", f"stale: cell 2 above is stale: {edited}")
    chain.card(2).expect_status("stale")
    chain.screenshot("states-stale")
    chain.write(1, "COPY note.txt /note")
    expect_marks(chain, *FRESH)
    chain.card(2).expect_status("built")

    # A file that a cell copied.
    (folder / "note.txt").write_text("second\n")
    changed = "note.txt changed"
    expect_marks(chain, "built", f"stale: {changed}", f"stale: cell 2 above is stale: {changed}")
    (folder / "note.txt").write_text(first(folder))
    expect_marks(chain, *FRESH)

    # Inserted, moved, deleted, and the last two undone.
    chain.insert_below(0, "RUN echo new > /new")
    above = "stale: cell 2 above has not run"
    expect_marks(chain, "built", new, above, above)
    chain.delete(1)
    expect_marks(chain, *FRESH)
    chain.move_up(2)
    moved = "it was built on cell 3; now cell 1 is above it"
    expect_marks(chain, "built", f"stale: {moved}", f"stale: cell 2 above is stale: {moved}")
    # Not moved once more: JupyterLab undoes in one what is done within half a second.
    chain.command(0, "z")
    expect_marks(chain, *FRESH)
    chain.delete(1)
    expect_marks(chain, "built", "stale: the cell that it was built on is gone")
    chain.command(0, "z")
    expect(chain.cells).to_have_count(3)
    expect_marks(chain, *FRESH)

    # A new kernel takes what it can from the cache.
    chain.restart_kernel()
    expect_marks(chain, *FRESH)
    chain.choose_theme("Dark")
    chain.write(2, "RUN exit 3")
    chain.run(2)
    expect_marks(chain, "built", "built", "failed: failed")
    chain.insert_below(2, "RUN true")
    chain.write(1, "COPY note.txt /elsewhere")
    expect_marks(chain, "built", f"stale: {edited}", "failed: failed", new)
    chain.screenshot("states-dark")


def test_button_below_a_refused_cell_runs_what_it_needs(chain: Lab) -> None:
    chain.write(1, "RUN date > /note")
    chain.run(2)
    expect(chain.output(2).filter(has_text="CellsNotRunError")).to_be_visible()
    chain.screenshot("states-needed")
    chain.cell(2).get_by_role("button", name="Run what is needed").click()
    chain.card(1).expect_status("built")
    expect(chain.card(2).root).to_have_count(0)
    expect_marks(chain, "built", "built", "not run: has not run")
    chain.cell(2).get_by_role("button", name="Run it and this cell").click()
    expect_marks(chain, *FRESH)


def test_typing_into_one_of_a_hundred_cells_costs_the_text_of_that_cell(
    lab: Lab, folder: Path
) -> None:
    sent: list[int] = []
    heard: list[int] = []

    def note(sizes: list[int], word: str) -> Callable[[str | bytes], None]:
        def take(frame: str | bytes) -> None:
            data = frame.encode() if isinstance(frame, str) else frame
            if word.encode() in data and b'"comm_' in data:
                sizes.append(len(data))

        return take

    def follow(socket: WebSocket) -> None:
        socket.on("framesent", note(sent, '"version":1,'))
        socket.on("framereceived", note(heard, '"states"'))

    lab.page.on("websocket", follow)
    cells = ["FROM busybox", *(f"ENV V{number}={'x' * 200}" for number in range(99))]
    lab.open(notebook.write(folder / "hundred.ipynb", cells))
    expect(lab.page.locator(".dockernb-summary button")).to_have_text(
        re.compile("^(99|100) not run$")
    )
    whole = sum(sent)
    sent.clear()
    heard.clear()
    lab.edit(3)
    for key in "abcdefghijklmnopqrstuvwxyz":
        lab.page.keyboard.press(key)
    lab.run(0).expect_status(re.compile("built|cached"))
    expect_marks(lab, "built", "not run: has not run")
    assert sent
    assert len(sent) <= 27  # at most one a key, and none for the 99 others
    assert max(sent) * 20 < whole
    assert sum(heard) * 5 < whole


def test_notebook_7_shows_the_same_marks(
    context: BrowserContext, server: Server, folder: Path
) -> None:
    pytest.importorskip("notebook", reason="Notebook 7 is not installed")
    path = notebook.write(folder / "seven.ipynb", ["FROM busybox", "ENV SEVEN=7"])
    with jupyter.running(
        folder / "server", server.environment["DOCKER_HOST"], app="notebook"
    ) as seven:
        copied = shutil.copy(path, seven.root)
        chromium.log_in(context, seven, "tree")
        page = context.new_page()
        page.goto(f"{seven.url}/notebooks/{Path(copied).name}")
        marks = page.locator(".jp-CodeCell > .dockernb-mark")
        expect(marks).to_have_count(2)
        page.locator(".jp-CodeCell .cm-content").nth(1).click()
        page.keyboard.press("Control+Enter")
        page.get_by_role("button", name="Run it and this cell").click()
        for number in range(2):
            expect(marks.nth(number)).to_have_attribute(
                "aria-label", "Cell is built", timeout=STEP_MS
            )
        page.locator(".dockernb-summary button").click()
        expect(page.get_by_role("region", name="Dockerfile notebook")).to_contain_text(
            "ENV SEVEN=7"
        )
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / "states-notebook7.png")
        page.close()
