"""A card keeps still while somebody looks at it, and says in a few words what it is about."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

from playwright.sync_api import expect

from . import notebook
from .lab import Lab

SLOW = "RUN for i in 1 2 3 4 5 6; do echo step $i; sleep 0.3; done; echo x > /made"
LONG = "RUN i=0; while [ $i -lt 30000 ]; do i=$((i+1)); echo number $i of many; done"
PASTED = "ENV A=1\nRUN echo $A > /a\nLABEL made=here"


def height(lab: Lab, number: int) -> float:
    box = lab.card(number).root.bounding_box()
    assert box is not None
    return box["height"]


def test_card_grows_once_and_never_shrinks_while_its_step_goes_on(lab: Lab, folder: Path) -> None:
    lab.open(notebook.write(folder / "steady.ipynb", ["FROM busybox", SLOW]))
    lab.run(0)
    lab.start(1)
    card = lab.card(1)
    expect(card.log_lines.filter(has_text="step 2")).to_be_visible()
    heights = [height(lab, 1)]
    expect(card.log_lines.filter(has_text="step 5")).to_be_visible()
    heights.append(height(lab, 1))
    card.expect_status("built")
    expect(card.row("made")).to_be_visible()
    heights.append(height(lab, 1))
    assert max(heights) - min(heights) <= 1, heights
    lab.screenshot("steady", 1)


def test_tab_that_the_reader_chose_stays_and_a_click_on_it_does_not_close_it(
    lab: Lab, folder: Path
) -> None:
    lab.open(notebook.write(folder / "chosen.ipynb", ["FROM busybox", f"{SLOW}; echo end"]))
    lab.run(0)
    lab.start(1)
    card = lab.card(1)
    expect(card.log_lines.filter(has_text="step 1")).to_be_visible()
    log = card.root.get_by_role("tab", name=re.compile("^Log"))
    log.click()
    log.click()
    card.expect_status("built")
    expect(log).to_have_attribute("aria-selected", "true")
    expect(card.log_lines.filter(has_text="end")).to_be_visible()


def test_long_log_shows_head_gap_and_tail_built_and_from_the_cache(lab: Lab, folder: Path) -> None:
    lab.open(notebook.write(folder / "long.ipynb", ["FROM busybox", LONG]))
    lab.run(0)
    notes = []
    for status in ("built", "cached"):
        card = lab.run(1)
        card.expect_status(status)
        card.open_tab("Log")
        expect(card.log_lines.first).to_have_text("number 1 of many")
        expect(card.log_lines.last).to_have_text("number 30000 of many")
        note = card.root.locator(".dnb-lognote")
        expect(note).to_have_text(re.compile(r"^[\d,]+ lines \([\d.]+ kB\) are not shown$"))
        notes.append(note.inner_text())
        hidden = int(notes[-1].split()[0].replace(",", ""))
        assert hidden + card.log_lines.count() == 30_000
    assert notes[0] == notes[1]
    lab.screenshot("long-log", 1)


def test_cards_of_a_pasted_dockerfile_name_their_instructions(lab: Lab, folder: Path) -> None:
    lab.open(notebook.write(folder / "pasted.ipynb", ["FROM busybox", PASTED]))
    lab.run(0)
    lab.run(1)
    titles = lab.cell(1).locator(".dnb-title")
    expect(titles).to_have_text(PASTED.splitlines())
    expect(lab.cell(0).locator(".dnb-title")).to_be_hidden()
    lab.screenshot("pasted", 1)


def test_reason_is_on_the_face_and_a_new_cell_is_built_for_the_first_time(
    lab: Lab, folder: Path
) -> None:
    path = notebook.write(folder / "why.ipynb", ["FROM busybox", "COPY a.txt /a", "RUN cat /a"])
    (folder / "a.txt").write_text("one")
    lab.open(path)
    lab.run_all()
    (folder / "a.txt").write_text("two")
    card = lab.run(1)
    expect(card.root.locator(".dnb-why")).to_have_text("built again: a.txt changed")
    panel = card.open_tab("Cache")
    expect(panel).to_have_text("Not in the cache. Reason: a.txt changed.")
    expect(lab.run(2).root.locator(".dnb-why")).to_have_text("built again: cell above was rebuilt")
    lab.write(2, "RUN touch /something && rm /a")
    expect(lab.run(2).root.locator(".dnb-why")).to_have_text(re.compile("instruction was edited$"))
    lab.screenshot("why", 1, 2)


def test_narrow_window_shows_every_tab_and_no_label_upon_another(lab: Lab, folder: Path) -> None:
    lab.open(notebook.write(folder / "narrow.ipynb", ["FROM busybox", "RUN echo hi; touch /hi"]))
    lab.run(0)
    lab.run(1).expect_status("built")
    lab.page.set_viewport_size({"width": 560, "height": 900})
    card = lab.card(1).root
    card.scroll_into_view_if_needed()
    frame = card.bounding_box()
    assert frame is not None
    for tab in card.get_by_role("tab").all():
        box = tab.bounding_box()
        assert box is not None
        assert frame["x"] <= box["x"]
        assert box["x"] + box["width"] <= frame["x"] + frame["width"]
    boxes = [name.bounding_box() for name in card.locator(".dnb-dotname").all()]
    for left, right in itertools.pairwise(boxes):
        assert left is not None
        assert right is not None
        beside = left["x"] + left["width"] <= right["x"]
        assert beside or left["y"] + left["height"] <= right["y"]
    lab.screenshot("narrow-560")


def test_card_without_a_kernel_has_its_frame_and_the_colour_of_its_badge(
    lab: Lab, folder: Path
) -> None:
    path = notebook.write(folder / "static.ipynb", ["FROM busybox", "RUN echo static; touch /hi"])
    lab.open(path)
    lab.run_all()
    live = lab.card(1).root.bounding_box()
    lab.save()
    lab.shut_down_kernel()
    lab.open(notebook.with_kernel(path, "not-there"), kernel=False)
    lab.choose_no_kernel()
    card = lab.cell(1).locator(".jp-RenderedHTML > div").first
    expect(card).to_be_visible()
    frame = "element => getComputedStyle(element).borderTopWidth"
    assert card.evaluate(frame) == "1px"
    badge = card.get_by_text("built", exact=True)
    assert badge.evaluate("element => getComputedStyle(element).color") == "rgb(31, 138, 76)"
    box = card.bounding_box()
    assert live is not None
    assert box is not None
    lab.screenshot("static", 1)
    assert abs(box["x"] - live["x"]) <= 1, (box, live)


def test_reopened_card_has_the_folder_totals_of_the_live_one(lab: Lab, folder: Path) -> None:
    files = (
        "RUN for d in a b c; do mkdir -p /many/$d; "
        "for i in $(seq 150); do echo > /many/$d/$i; done; done"
    )
    path = notebook.write(folder / "totals.ipynb", ["FROM busybox", files])
    lab.open(path)
    lab.run_all()
    card = lab.card(1)
    card.open_tab("Files")
    live = card.rows.filter(has_text="many/").first.inner_text()
    assert "453 A" in live
    lab.save()
    lab.shut_down_kernel()
    lab.open(path)
    card = lab.card(1)
    card.open_tab("Files")
    assert (
        card.rows.filter(has_text="many/").first.inner_text().split("\n")[1:]
        == (live.split("\n")[1:])
    )
    expect(card.row("c").locator(".dnb-counts")).to_have_text("150 A")
    lab.screenshot("totals", 1)
    assert len(json.loads(path.read_text("utf-8"))["cells"]) == 2
