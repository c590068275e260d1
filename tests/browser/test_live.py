"""A card tells what goes on while it goes on."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from . import notebook
from .lab import Lab


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
