"""Measures what a reader of 100 cells feels: `python -m tests.browser.felt`, figures as JSON.

The time from a key to the next paint, from the keys that run a cell to its number on the page, and
of "Restart Kernel and Run All Cells" from the cache, each with the lab extension and without it, in
turns in one run. It needs what the browser tests need (see tests/testbed).
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import expect

from tests.testbed import browser

from . import chromium, notebook, server
from .lab import Lab

CELLS = ["FROM busybox", *(f"ENV V{number}={'x' * 60}" for number in range(1, 100))]
ROUNDS = 3
TEXT = "the quick brown fox jumps over the lazy dog " * 3
KEY_MS = 60
PATIENCE_MS = 180_000
# From the key's own time stamp to the first task behind the next frame.
PROBE = """() => {
  window.felt = [];
  document.addEventListener("keydown", (event) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => window.felt.push(performance.now() - event.timeStamp);
    channel.port2.postMessage(null);
  }), true);
}"""

# From the keys to the first task behind the frame that shows the cell's new number.
RUN_PROBE = """(number) => {
  const cell = `.jp-NotebookPanel:not(.lm-mod-hidden) [data-windowed-list-index="${number}"]`;
  const prompt = () => document.querySelector(`${cell} .jp-InputPrompt`)?.textContent ?? "";
  const before = prompt();
  window.ran = new Promise((resolve) => document.addEventListener("keydown", (event) => {
    new MutationObserver((_, observer) => {
      if (!/^\\[\\d+\\]:$/.test(prompt()) || prompt() === before) return;
      observer.disconnect();
      requestAnimationFrame(() => {
        const channel = new MessageChannel();
        channel.port1.onmessage = () => resolve(performance.now() - event.timeStamp);
        channel.port2.postMessage(null);
      });
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
  }, { capture: true, once: true }));
}"""


def main() -> None:
    """Prints the figures."""
    docker_host = os.environ["DOCKERNB_TEST_DOCKER_HOST"]
    executable = os.environ.get("DOCKERNB_TEST_CHROMIUM") or browser.find()
    assert executable, "Chromium is not installed: python -m tests.testbed up browser"
    found: dict[str, list[float]] = defaultdict(list)
    with (
        tempfile.TemporaryDirectory() as folder,
        server.running(Path(folder), docker_host) as running,
        chromium.started(executable, running) as context,
    ):
        expect.set_options(timeout=PATIENCE_MS)
        context.set_default_timeout(PATIENCE_MS)
        path = notebook.write(running.root / "felt.ipynb", CELLS)
        switch = Path(folder) / "config" / "labconfig" / "page_config.json"
        lab = Lab(context.new_page(), running)
        lab.open(path)
        lab.run_all()
        lab.save()
        for _ in range(ROUNDS):
            for word in ("with", "without"):
                turn(switch, on=word == "with")
                lab.open(path)
                for name, value in figures(lab):
                    found[f"{name} {word}"].append(value)
    print(json.dumps(summary(found), indent=2))


def turn(switch: Path, *, on: bool) -> None:
    """Turns the extension on or off for the next page."""
    switch.parent.mkdir(exist_ok=True)
    switch.write_text(json.dumps({} if on else {"disabledExtensions": {"dockernb": True}}))


def figures(lab: Lab) -> Iterator[tuple[str, float]]:
    """Each figure as often as it is taken, in milliseconds."""
    lab.menu("Edit", "Clear Outputs of All Cells")
    expect(lab.prompt(99)).to_have_text("[ ]:")
    start = time.perf_counter()
    lab.menu("Kernel", "Restart Kernel and Run All Cells")
    lab.accept("Restart")
    expect(lab.prompt(99)).to_have_text("[100]:")
    yield "restart and run all, ms", (time.perf_counter() - start) * 1000
    for number in (10, 50, 99):
        lab.edit(number)
        lab.page.evaluate(RUN_PROBE, number)
        lab.page.keyboard.press("Control+Enter")
        yield "one cell, ms", lab.page.evaluate("() => window.ran")
    lab.page.evaluate(PROBE)
    lab.edit(3)
    lab.page.keyboard.type(TEXT, delay=KEY_MS)
    times = lab.page.evaluate("() => window.felt")
    yield from (("key to paint, ms", each) for each in times)
    lab.page.keyboard.press("Escape")


def summary(found: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """Median and 95th percentile of each figure."""
    return {
        name: {
            "count": len(values),
            "median": round(statistics.median(values), 1),
            "p95": round(sorted(values)[int(0.95 * len(values))], 1),
        }
        for name, values in found.items()
    }


if __name__ == "__main__":
    main()
