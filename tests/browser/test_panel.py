"""The side panel: engine, graph of the snapshots, steps, build context, and its buttons."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from . import notebook
from .lab import Lab
from .margin import expect_marks

CELLS = [
    "FROM busybox AS build",
    "COPY app /app",
    "FROM busybox",
    "COPY --from=build /app/main.py /main.py\nEXPOSE 8000",
    'CMD ["sh", "-c", "echo it runs; sleep 60"]',
]
IGNORED = "# what is not for the image\n**/*.log\n!keep.log\n"


@pytest.fixture
def lab(lab: Lab, folder: Path) -> Iterator[Lab]:
    """Two stages, a build context with a .dockerignore; nothing has run."""
    path = notebook.write(folder / "panel.ipynb", CELLS)
    (folder / "app").mkdir()
    (folder / "app" / "main.py").write_text(f"# {folder.name}\n")
    (folder / "app" / "debug.log").write_text("not for the image\n")
    (folder / ".dockerignore").write_text(IGNORED)
    lab.open(path)
    lab.choose_theme("Light")
    yield lab
    lab.shut_down_kernel()


def press(lab: Lab, *keys: str) -> None:
    for key in keys:
        lab.page.keyboard.press(key)


def test_side_panel_by_keyboard_and_screen_reader(lab: Lab, folder: Path) -> None:
    page = lab.page
    summary = page.locator(".dockernb-summary button")
    expect(summary).to_have_text(re.compile("not run"))
    press(lab, "Escape", "Control+Shift+c")
    page.keyboard.type("Show the Dockerfile Panel")
    press(lab, "Enter")
    panel = page.get_by_role("region", name="Dockerfile notebook")
    expect(panel).to_be_focused()
    expect(panel.get_by_role("region", name="Engine")).to_contain_text(re.compile("docker.*ready"))

    panel.get_by_role("button", name="Run what is needed").press("Enter")
    expect_marks(lab, *["built"] * 5)
    expect(summary).to_have_text("all built")
    snapshots = panel.get_by_role("navigation", name="Snapshots")
    expect(snapshots).to_match_aria_snapshot(SNAPSHOTS)
    expect(panel.get_by_role("table", name="Steps").locator("tbody tr")).to_have_count(6)
    expect(panel.get_by_role("table", name="Steps")).to_match_aria_snapshot(STEPS)

    panel.focus()
    press(lab, "Tab")
    expect(node(snapshots, 1)).to_be_focused()
    assert node(snapshots, 1).evaluate("each => getComputedStyle(each).outlineStyle") == "solid"
    press(lab, "End", "ArrowUp", "ArrowUp", "ArrowDown")
    expect(node(snapshots, 4)).to_be_focused()
    press(lab, "Enter")
    expect(lab.cell(3)).to_have_class(re.compile("jp-mod-active"))
    press(lab, "Tab", "Space")
    files = panel.get_by_role("group", name="Build context")
    expect(files.get_by_text("cell 2 reads 1 file, ")).to_be_visible()
    press(lab, "Tab", "Space")
    expect(files.get_by_role("table", name="Files that cell 2 reads")).to_contain_text("main.py")
    expect(files.get_by_role("table", name=".dockerignore")).to_match_aria_snapshot(EXCLUDED)
    lab.screenshot("panel")

    # What changes on the disk or in a cell is seen at once, and the focus stays.
    (folder / "app" / "more.log").write_text("\n")
    expect(files.get_by_text("app/debug.log, app/more.log")).to_be_visible()
    (folder / "app" / "more.py").write_text("\n")
    expect(files.get_by_text("cell 2 reads 1 file, ")).to_be_focused()
    changed = "stale: app/more.py added"
    expect(node(snapshots, 2)).to_have_accessible_name(f"cell 2, COPY app /app, {changed}")
    lab.choose_theme("Dark")
    lab.screenshot("panel-dark")
    lab.write(1, "COPY app /<img src=x>")
    expect(snapshots.locator("code").nth(1)).to_have_text("COPY app /<img src=x>")


def test_buttons_of_the_side_panel(lab: Lab, folder: Path) -> None:
    page = lab.page
    lab.run_all()
    page.locator(".dockernb-summary button").click()
    panel = page.get_by_role("region", name="Dockerfile notebook")
    panel.get_by_role("button", name="Export Dockerfile").click()
    said = panel.get_by_role("status")
    expect(said).to_contain_text("wrote ")
    assert "COPY app /app" in (folder / "Dockerfile").read_text()
    panel.get_by_role("button", name="Prune").click()
    expect(said).to_contain_text("docker image prune")

    panel.get_by_role("button", name="Run the image").click()
    expect(lab.cells).to_have_count(6)
    expect(lab.cell(5).locator(".cm-content")).to_have_text("%run -P")
    running = lab.cell(5).locator(".dnb-card")
    expect(running).to_contain_text("it runs")
    expect(running).to_contain_text("8000")
    lab.screenshot("panel-run")
    # Once more: the cell that is there.
    panel.get_by_role("button", name="Run the image").click()
    expect(lab.prompt(5)).to_have_text(re.compile("7"))
    expect(lab.cells).to_have_count(6)


def node(snapshots: Locator, cell: int) -> Locator:
    return snapshots.get_by_role("button", name=re.compile(f"^cell {cell}, "))


SNAPSHOTS = """
- navigation "Snapshots":
  - heading "Snapshots" [level=2]
  - list:
    - listitem:
      - text: /stage build from busybox/
      - list:
        - listitem:
          - button "cell 1, FROM busybox AS build, built"
        - listitem:
          - button "cell 2, COPY app /app, built"
    - listitem:
      - text: /stage 1 from busybox/
      - list:
        - listitem:
          - button "cell 3, FROM busybox, built"
        - listitem:
          - button "cell 4, COPY --from=build /app/main.py /main.py, built, uses stage build"
        - listitem:
          - button /cell 5, CMD .*, built/
"""
STEPS = """
- table "Steps":
  - rowgroup:
    - row "cell step state time size":
      - columnheader "cell"
      - columnheader "step"
      - columnheader "state"
      - columnheader "time"
      - columnheader "size"
  - rowgroup:
    - row /1 FROM .*/
    - row /2 COPY built .* (ms|s) .*B/
    - row /3 FROM .*/
    - row /4 COPY built .*/
    - row /4 EXPOSE built .*/
    - row /5 CMD built .* 0 B/
"""
EXCLUDED = """
- table ".dockerignore":
  - caption: .dockerignore
  - rowgroup:
    - row "line pattern excludes"
  - rowgroup:
    - row "2 **/*.log app/debug.log"
    - row "3 !keep.log takes in again"
"""
