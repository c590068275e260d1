"""The card of a step that changed very many files."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import nbformat
from playwright.sync_api import Browser, sync_playwright

from dockernb.build.events import StepFinished, StepStarted
from dockernb.build.result import StepResult
from dockernb.ui.card import Card
from dockernb.ui.card_model import CardModel
from dockernb.ui.card_view import view_of
from dockernb.ui.widget import CardWidget
from dockernb.ui.widget_state import files, header, progress
from tests.browser.chromium import ARGUMENTS
from tests.unit.ui.samples import big_diff, built

from .machine import Machine
from .measure import Figure, Goal, measured, timed

__all__ = ["large_card"]

_FIRST_ROW_SECONDS = 0.035
_SAVED_BYTES = 50_000

#: Shows a card as anywidget does, and gives the milliseconds until its first row is on the screen.
_SHOW = """
async ([script, state]) => {
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const { default: widget } = await import(url);
  const model = {
    get: (name) => state[name], set() {}, on() {}, off() {}, send() {}, save_changes() {},
  };
  const el = document.body.appendChild(document.createElement("div"));
  const begin = performance.now();
  const stop = widget.render({ model, el });
  while (!el.querySelector(".dnb-row")) await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame); // it has been drawn by the next frame
  const taken = performance.now() - begin;
  stop?.();
  el.remove();
  return taken;
}
"""


def large_card(machine: Machine) -> Iterator[Figure]:
    """Time to its first row, and what it adds to the saved notebook."""
    count = machine.sizes.entries
    large, small = built(big_diff(count)), built(big_diff(10))
    # On a thread of its own: in the test run this one may be Playwright's already.
    with ThreadPoolExecutor(1) as thread:
        yield thread.submit(_in_a_browser, large, small, machine).result()
    ours, reference = machine.alternate(
        ("kernel", lambda: timed(lambda: _made(large))),
        ("a card of 10 files", lambda: timed(lambda: _made(small))),
        runs=machine.sizes.runs,
    )
    yield Figure(f"card of {count:,} files: made by the kernel", ours, (reference,))
    saved = measured("saved", [_saved_bytes(large)], "B")
    goals = (Goal(_SAVED_BYTES),)
    yield Figure(f"card of {count:,} files: in the saved notebook", saved, (), goals)


def _in_a_browser(large: StepResult, small: StepResult, machine: Machine) -> Figure:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ["DOCKERNB_TEST_CHROMIUM"], args=ARGUMENTS
        )
        try:
            return _first_row(browser, large, small, machine)
        finally:
            browser.close()


def _first_row(browser: Browser, large: StepResult, small: StepResult, machine: Machine) -> Figure:
    page = browser.new_page()
    page.set_content(f"<style>{CardWidget.class_traits()['_css'].default_value}</style>")
    script = CardWidget.class_traits()["_esm"].default_value

    def show(result: StepResult) -> float:
        return float(page.evaluate(_SHOW, [script, _state(result)])) / 1000

    ours, reference = machine.alternate(
        ("first row in Chromium", lambda: show(large)),
        ("a card of 10 files", lambda: show(small)),
        runs=machine.sizes.runs,
    )
    name = f"card of {machine.sizes.entries:,} files: first row"
    return Figure(name, ours, (reference,), (Goal(_FIRST_ROW_SECONDS),))


def _state(result: StepResult) -> dict[str, Any]:
    view = view_of(result, parent_id=None)
    state = {
        "header": header(view),
        "progress": progress(view),
        "files": files(CardModel(view).tree),
        "actions": [],
        "findings": [],
        "stale": "",
        "terminal": {"status": "none"},
        "own_id": "",
    }
    return dict(json.loads(json.dumps(state)))


def _made(result: StepResult) -> Card:
    card = Card()
    card.handle(StepStarted(result.instruction, result.source, "0", 2, None, "docker", "c2"))
    card.handle(StepFinished(result))
    card.bundle()
    card.close()
    return card


def _saved_bytes(result: StepResult) -> int:
    """What the cell's output adds to the file."""
    card = Card()
    card.handle(StepFinished(replace(result)))
    data, metadata = card.bundle()
    card.close()
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(result.source)])
    before = len(nbformat.writes(notebook))
    output = nbformat.v4.new_output("display_data", data=data, metadata=metadata)
    notebook.cells[0].outputs = [output]
    return len(nbformat.writes(notebook)) - before
