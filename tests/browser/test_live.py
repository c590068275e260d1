"""A card tells what goes on while it goes on."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from . import notebook
from .lab import STEP_MS, Lab


def test_card_shows_time_and_log_while_the_step_runs(lab: Lab, folder: Path) -> None:
    step = "RUN for i in $(seq 25); do echo line $i of 25; sleep 0.1; done"
    lab.open(notebook.write(folder / "live.ipynb", ["FROM busybox", step]))
    lab.run(0)
    lab.start(1)
    card = lab.card(1)
    card.expect_status("running")
    expect(card.log_lines.filter(has_text="line 5 of 25")).to_be_visible()
    first = card.time.inner_text()
    assert card.badge.inner_text() == "running"
    assert ("run", "active") in card.dots()
    assert "line 25 of 25" not in card.panel.inner_text()
    lab.screenshot("live", 1)
    expect(card.time).not_to_have_text(first)
    assert card.badge.inner_text() == "running"
    card.expect_status("built")
    expect(card.open_tab("Log")).to_contain_text("line 25 of 25")


def test_page_stays_usable_while_a_step_prints_without_end(lab: Lab, folder: Path) -> None:
    """Three hundred megabytes have come when the reader types, and more come meanwhile."""
    step = f"RUN yes {'x' * 99}"
    lab.open(notebook.write(folder / "endless.ipynb", ["FROM busybox", "ENV a=b", step]))
    lab.run(0)
    lab.run(1)
    lab.start(2)
    card = lab.card(2)
    note = card.root.locator(".dnb-lognote")
    millions = re.compile(r"([3-9]|\d\d+),\d{3},\d{3} lines above")
    expect(note).to_contain_text(millions, timeout=STEP_MS)
    before = note.inner_text()
    lab.write(1, "ENV typed=meanwhile")
    expect(lab.cell(1).locator(".cm-content")).to_have_text("ENV typed=meanwhile")
    expect(note).not_to_have_text(before)
    assert card.badge.inner_text() == "running"
    assert 0 < card.log_lines.count() <= 2000
    lab.stop()
    card.expect_status("interrupted")
    lab.run(1).expect_status("built")
