"""A reader types into a terminal on a card."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Locator, expect

from . import notebook
from .lab import Lab

FAILS = "RUN echo half >/half; cat /missing"
# A title, a link, the clipboard, a question for the colours, and what would be markup on a page.
HOSTILE = (
    r"printf '\033]0;owned\007\033]8;;javascript:alert(1)\007li''nk\033]8;;\007"
    r"\033]52;c;b3duZWQ=\007\033]11;?\007<img src=x onerror=alert(1)>\n'"
)


class Shell:
    """The terminal of a cell's card."""

    def __init__(self, lab: Lab, number: int) -> None:
        self.lab = lab
        self.pane = lab.cell(number).locator(".dnb-term")
        self.status = self.pane.locator(".dnb-termstatus")
        self.rows = self.pane.locator(".xterm-rows")

    def type(self, line: str) -> None:
        self.pane.locator("textarea").focus()
        self.lab.page.keyboard.type(line)
        self.lab.page.keyboard.press("Enter")

    def expect(self, text: str | re.Pattern[str]) -> None:
        expect(self.rows).to_contain_text(text, timeout=30_000)

    def button(self, name: str) -> Locator:
        return self.pane.get_by_role("button", name=name)


def test_a_terminal_on_a_card_is_typed_into_left_and_made_a_run(lab: Lab, folder: Path) -> None:
    cells = ["FROM busybox", "RUN echo one >/one", FAILS]
    lab.open(notebook.write(folder / "terminal.ipynb", cells))
    lab.run(0)
    lab.run(1)
    title = lab.page.title()
    lab.card(1).root.get_by_role("button", name="Terminal").click()
    shell = Shell(lab, 1)
    expect(shell.status).to_contain_text("open, in snapshot", timeout=30_000)
    shell.expect("/ #")
    shell.type("cat /one; echo ca''fé")
    shell.expect(re.compile(r"one\s*café"))
    shell.type(HOSTILE)
    shell.expect("link<img src=x onerror=alert(1)>")
    expect(shell.pane.locator("a, img")).to_have_count(0)
    assert lab.page.title() == title

    # Keys of the notebook are the terminal's while it has the focus: "dd" deletes no cell.
    shell.type("mkdir /dd && ls -d /dd")
    shell.expect(re.compile(r"ls -d /dd\s*/dd"))
    expect(lab.cells).to_have_count(3)
    lab.page.keyboard.press("Escape")
    lab.page.keyboard.press("Escape")
    expect(shell.button("End")).to_be_focused()
    shell.button("Make a RUN").click()
    expect(lab.cells).to_have_count(4)
    expect(lab.cell(2).locator(".cm-content")).to_contain_text("mkdir /dd && ls -d /dd")
    expect(shell.pane.locator(".dnb-termoffer")).to_contain_text("A new cell holds what was typed")
    lab.screenshot("terminal", 1)

    # The page is loaded again: the terminal is still there.
    lab.save()
    lab.open(folder / "terminal.ipynb", kernel=False)
    shell.expect("onerror=alert(1)")
    shell.type("echo ag''ain")
    shell.expect("again")

    # Its cell runs again: the terminal ends with the old card.
    lab.run(1)
    expect(shell.pane).to_have_count(1)
    expect(shell.pane).to_be_hidden()

    # The new cell is built; then, what a failed step left.
    lab.run(2).expect_status("built")
    lab.start(3)
    lab.expect_executed(3)
    card = lab.card(3)
    card.expect_status("failed")
    card.root.get_by_role("button", name="Terminal in the failed state").click()
    failed = Shell(lab, 3)
    expect(failed.status).to_contain_text("the failed state of RUN echo half", timeout=30_000)
    failed.expect("/ #")
    failed.type("ls /half")
    failed.expect(re.compile(r"ls /half\s*/half"))
    lab.screenshot("terminal-failed", 3)
    lab.choose_theme("Dark")
    screen = failed.pane.locator(".xterm-scrollable-element").first
    expect(screen).to_have_css("background-color", re.compile(r"rgb\((\d\d?, ){2}\d\d?\)"))
    lab.screenshot("terminal-dark", 3)
    lab.choose_theme("Light")
    failed.type("exit 7")
    expect(failed.status).to_contain_text("exit code 7")
    expect(failed.button("Open again")).to_be_visible()
