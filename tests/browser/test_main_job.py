"""The first notebook of the course, as its reader goes through it."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from . import notebook
from .lab import Lab

FROM, RUN, COPY, ENV, CMD = range(5)


def test_first_course_notebook_shows_a_card_for_each_cell_and_is_cached_the_second_time(
    lab: Lab, folder: Path
) -> None:
    path = notebook.course(folder)
    lab.open(path)
    check_first_run(lab)
    check_files(lab)
    check_tabs(lab)
    lab.save()
    assert [card["status"] for card in notebook.saved_cards(path)] == ["built"] * 5

    lab.run_all()
    for number in range(FROM + 1, CMD + 1):
        card = lab.card(number)
        card.expect_status("cached")
        expect(card.panel).to_contain_text("From the cache.")
    lab.card(FROM).expect_status("cached")
    lab.screenshot("main-cached", RUN, ENV)
    lab.screenshot("main-cached-window")


def check_first_run(lab: Lab) -> None:
    for number in range(FROM, CMD + 1):
        card = lab.run(number)
        card.expect_status("built")
        expect(card.snapshot).to_have_text(re.compile("^[0-9a-f]{12}$"))
        dots = card.dots()
        if number != FROM:
            work = "copy" if number == COPY else "run"
            assert [name for name, _ in dots] == [
                "image",
                "container",
                work,
                "snapshot",
                "container",
            ]
            assert {state for name, state in dots if name != "run"} == {"done"}
    lab.screenshot("main-window")
    lab.screenshot("main", FROM, RUN, COPY, ENV, CMD)


def check_files(lab: Lab) -> None:
    card = lab.card(RUN)
    card.open_folder("usr", "bin")
    expect(card.row("redis-server")).to_be_visible()
    lab.screenshot("main-files", RUN)


def check_tabs(lab: Lab) -> None:
    config = lab.card(ENV).open_tab("Config")
    expect(config).to_contain_text("REDIS_PORT")
    expect(config).to_contain_text("6379")
    expect(lab.card(RUN).open_tab("Log")).to_contain_text("redis-server")
    lab.screenshot("main-log", RUN)
    expect(lab.card(RUN).open_tab("Cache")).to_contain_text("Not in the cache.")
    lab.screenshot("main-cache", RUN)
    short = lab.card(COPY).snapshot.inner_text()
    assert lab.card(COPY).copy_id().startswith(f"sha256:{short}")
