"""Help and completion in the editor, and the kernel in the launcher."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from . import notebook
from .lab import Lab
from .waiting import until


@pytest.fixture
def editor(lab: Lab, folder: Path) -> Lab:
    """A notebook with one empty cell, and files beside it."""
    path = notebook.write(folder / "editor.ipynb", [""])
    (folder / "redis.conf").touch()
    (folder / "scripts").mkdir()
    lab.open(path)
    return lab


def test_shift_tab_explains_an_instruction(editor: Lab) -> None:
    editor.write(0, "RUN")
    editor.page.keyboard.press("Shift+Tab")
    tooltip = editor.page.locator(".jp-Tooltip")
    expect(tooltip).to_contain_text("RUN [<flags>] <command>")
    expect(tooltip.locator("li", has_text="--mount")).to_be_visible()
    editor.screenshot("help")


def test_tab_completes_an_instruction(editor: Lab) -> None:
    editor.write(0, "WORKD")
    editor.page.keyboard.press("Tab")
    expect(editor.page.locator(".jp-Completer-item")).to_contain_text("WORKDIR")
    editor.page.keyboard.press("Enter")
    expect(editor.cell(0).locator(".cm-content")).to_have_text(re.compile(r"^WORKDIR\s?$"))


def test_tab_offers_the_files_of_the_context(editor: Lab) -> None:
    editor.write(0, "COPY ")
    editor.page.keyboard.press("Tab")
    completer = editor.page.locator(".jp-Completer")
    expect(completer).to_contain_text("redis.conf")
    expect(completer).to_contain_text("scripts/")
    editor.screenshot("completion")


def test_tab_offers_the_programs_of_the_snapshot(lab: Lab, folder: Path) -> None:
    lab.open(notebook.write(folder / "programs.ipynb", ["FROM busybox", ""]))
    lab.run(0)
    items = lab.page.locator(".jp-Completer-item:visible")
    wget = items.filter(has_text="wget")

    def offered() -> int:
        """The snapshot may still be read: then only JupyterLab's own words are offered."""
        if items.count():
            lab.page.keyboard.press("Escape")
        lab.write(1, "RUN sync && wge")
        lab.page.keyboard.press("Tab")
        lab.page.wait_for_timeout(1000)
        return wget.count()

    until(lab.page, offered, "wget is offered")
    lab.screenshot("programs")
    wget.click()
    expect(lab.cell(1).locator(".cm-content")).to_have_text(re.compile(r"^RUN sync && wget\s?$"))
    lab.write(1, "RUN --mount=type=cache,")
    lab.page.keyboard.press("Tab")
    expect(lab.page.locator(".jp-Completer")).to_contain_text("sharing=")
    lab.screenshot("mounts")


def test_launcher_shows_the_kernel_with_its_logo(lab: Lab, folder: Path) -> None:
    lab.open(notebook.write(folder / "launcher.ipynb", ["FROM busybox"]))
    lab.menu("File", "New Launcher")
    tile = lab.page.locator(".jp-LauncherCard[data-category=Notebook]", has_text="Dockerfile")
    expect(tile).to_be_visible()
    logo = tile.locator("img")
    expect(logo).to_be_visible()
    lab.page.wait_for_function("image => image.naturalWidth > 0", arg=logo.element_handle())
    lab.screenshot("launcher")
