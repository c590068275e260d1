"""What the margins of the cells say."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from . import notebook
from .lab import Lab

FRESH = ["built", "built", "built"]
NEW = "not run: has not run"
EDITED = "edited since it ran"


def first(folder: Path) -> str:
    """What note.txt holds first. No other test has it, so no COPY of it is in the cache."""
    return f"first of {folder.name}\n"


def open_chain(lab: Lab, folder: Path) -> Lab:
    """FROM, a COPY and a RUN; nothing has run."""
    path = notebook.write(
        folder / "states.ipynb",
        [
            "FROM busybox",
            "COPY note.txt /note",
            f"RUN echo {folder.name} > /run; cat /note",
        ],
    )
    (folder / "note.txt").write_text(first(folder))
    lab.open(path)
    return lab


def expect_marks(lab: Lab, *wanted: str) -> None:
    """Waits until the margins say this, as a screen reader reads it."""
    for number, label in enumerate(wanted):
        mark = lab.cell(number).locator(":scope > .dockernb-mark")
        expect(mark).to_have_attribute("aria-label", f"Cell is {label}")
