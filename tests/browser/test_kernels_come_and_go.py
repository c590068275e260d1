"""Cards outlive the kernel that made them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from . import notebook
from .lab import Lab

STEPS = ("FROM busybox", "RUN mkdir -p /kept/inner && touch /kept/inner/{name}", "ENV KEPT={name}")


@pytest.fixture
def built(lab: Lab, folder: Path) -> Path:
    """A notebook that was run and saved; it is open."""
    cells = [step.replace("{name}", folder.name) for step in STEPS]
    path = notebook.write(folder / "kept.ipynb", cells)
    lab.open(path)
    lab.run_all()
    lab.card(2).expect_status("built")
    lab.save()
    return path


def expect_living_tree(lab: Lab, name: str) -> None:
    """The folders of the RUN card answer."""
    card = lab.card(1)
    card.expect_status("built")
    card.open_tab("Files")
    card.open_folder("kept", "inner")
    expect(card.row(name)).to_be_visible()


def test_cards_live_on_after_a_restart_of_the_kernel_and_the_last_cell_goes_on_from_the_cache(
    lab: Lab, built: Path
) -> None:
    lab.restart_kernel()
    expect(lab.card(2).badge).to_have_text("built")
    expect_living_tree(lab, built.parent.name)
    expect(lab.notebook.get_by_text("Error displaying widget")).to_have_count(0)
    lab.screenshot("restarted")

    lab.write(2, "ENV KEPT=changed")
    card = lab.run(2)
    card.expect_status("built")
    expect(card.open_tab("Config")).to_contain_text("changed")
    lab.screenshot("restarted-went-on", 1, 2)


def test_unsaved_cards_stay_readable_after_a_restart(lab: Lab, folder: Path) -> None:
    lab.open(notebook.write(folder / "unsaved.ipynb", ["FROM busybox", f"ENV UNSAVED={folder}"]))
    lab.run_all()
    lab.restart_kernel()
    card = lab.card(1)
    card.expect_status("built")
    expect(card.open_tab("Config")).to_contain_text("UNSAVED")
    lab.screenshot("restarted-unsaved")
    lab.write(1, "ENV UNSAVED=again")
    lab.run(1).expect_status("built")


def test_saved_cards_are_live_again_in_a_new_kernel(lab: Lab, built: Path) -> None:
    lab.shut_down_kernel()
    lab.open(built)
    expect_living_tree(lab, built.parent.name)
    expect(lab.notebook.get_by_text("Error displaying widget")).to_have_count(0)
    lab.screenshot("reopened")
    assert lab.card(2).copy_id() == notebook.saved_cards(built)[2]["snapshot"]["id"]


def test_saved_cards_are_static_html_without_a_kernel(lab: Lab, built: Path) -> None:
    lab.shut_down_kernel()
    lab.open(notebook.with_kernel(built, "missing"), kernel=False)
    lab.choose_no_kernel()
    cards = lab.notebook.locator(".jp-RenderedHTML")
    expect(cards).to_have_count(3)
    expect(cards.nth(1)).to_contain_text("built")
    cards.nth(1).get_by_text("Files").click()
    expect(cards.nth(1)).to_contain_text(f"/kept/inner/{built.parent.name}")
    lab.screenshot("no-kernel")


def test_page_reloaded_during_a_step_shows_it_to_the_end(lab: Lab, folder: Path) -> None:
    step = f"RUN echo {folder.name}; for i in $(seq 30); do echo line $i; sleep 0.1; done"
    path = notebook.write(folder / "reload.ipynb", ["FROM busybox", step])
    lab.open(path)
    lab.run(0)
    lab.start(1)
    expect(lab.card(1).log_lines.filter(has_text="line 3")).to_be_visible()
    lab.save()
    lab.open(path, kernel=False)
    card = lab.card(1)
    card.expect_status("built")
    expect(card.open_tab("Log")).to_contain_text("line 30")
    lab.screenshot("reloaded-while-running")


def test_notebook_file_holds_the_card_for_other_tools(built: Path) -> None:
    outputs = [cell["outputs"] for cell in json.loads(built.read_text("utf-8"))["cells"]]
    assert [len(output) for output in outputs] == [1, 1, 1]
    for (output,) in outputs:
        assert {"text/plain", "text/html", notebook.CARD_MIME} <= set(output["data"])
        assert not re.search("<script", "".join(output["data"]["text/html"]))
