"""JupyterLab with one notebook open."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Locator, Page, expect

from .card import Card
from .server import Server

#: Building a step may take this long; the first course notebook installs packages.
STEP_MS = 120_000
EXECUTED = re.compile(r"^\[\d+\]:?$")
SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"


class Lab:
    """What a reader does in JupyterLab: run cells, choose from menus, look at cards."""

    def __init__(self, page: Page, server: Server) -> None:
        self.page = page
        self.server = server
        self.notebook = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook")
        self.cells = self.notebook.locator(".jp-CodeCell")
        self.status_bar = page.locator("#jp-main-statusbar")

    def open(self, path: Path, *, kernel: bool = True) -> None:
        """Opens a notebook in an empty workspace.

        Args:
            kernel: Wait until its kernel is idle; not if it is busy, or if there is none.
        """
        place = quote(str(path.relative_to(self.server.root)))
        self.page.goto("about:blank")  # a page before this one is left for good
        self.page.goto(f"{self.server.url}/lab/tree/{place}?reset")
        expect(self.cells.first).to_be_visible()
        if kernel:
            self.expect_kernel()
            # JupyterLab moves the focus to the notebook: what is typed before that is lost.
            self.page.wait_for_function("document.activeElement?.closest('.jp-Notebook') !== null")

    def expect_kernel(self) -> None:
        """Waits for an idle kernel: JupyterLab forgets a cell that is run before there is one."""
        expect(self.status_bar).to_contain_text("Dockerfile | Idle")

    # --- cells ------------------------------------------------------------------------------
    def cell(self, number: int) -> Locator:
        """A code cell, counted from 0."""
        return self.cells.nth(number)

    def card(self, number: int) -> Card:
        """The live card below a code cell."""
        return Card(self.cell(number).locator(".dnb-card"))

    def edit(self, number: int) -> None:
        """Puts the cursor into a cell."""
        self.cell(number).locator(".cm-content").click()
        expect(self.cell(number).locator(".cm-editor")).to_have_class(re.compile("cm-focused"))

    def start(self, number: int) -> None:
        """Runs a cell and does not wait for its end."""
        self.edit(number)
        self.page.keyboard.press("Control+Enter")

    def run(self, number: int) -> Card:
        """Runs a cell to its end."""
        before = self.prompt(number).text_content() or ""
        self.start(number)
        self.expect_executed(number, before)
        return self.card(number)

    def run_all(self) -> None:
        """Run > Run All Cells, to the end of the last one."""
        before = self.cells.locator(".jp-InputPrompt").all_text_contents()
        self.menu("Run", "Run All Cells")
        for number, prompt in enumerate(before):
            self.expect_executed(number, prompt)

    def prompt(self, number: int) -> Locator:
        return self.cell(number).locator(".jp-InputPrompt")

    def expect_executed(self, number: int, before: str = "") -> None:
        """Waits for another execution count than `before`."""
        if EXECUTED.match(before):
            expect(self.prompt(number)).not_to_have_text(before, timeout=STEP_MS)
        expect(self.prompt(number)).to_have_text(EXECUTED, timeout=STEP_MS)

    def write(self, number: int, source: str) -> None:
        """Types into a cell, in place of what is there."""
        self.edit(number)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(source)

    def insert_below(self, number: int, source: str) -> None:
        """Adds a cell below another one and types into it."""
        before = self.cells.count()
        self.command(number, "b")
        expect(self.cells).to_have_count(before + 1)
        self.write(number + 1, source)

    def delete(self, number: int) -> None:
        before = self.cells.count()
        self.command(number, "d", "d")
        expect(self.cells).to_have_count(before - 1)

    def move_up(self, number: int) -> None:
        """Swaps a cell with the one above it."""
        text = self.cell(number).locator(".cm-content").inner_text()
        self.command(number, "Control+Shift+ArrowUp")
        expect(self.cell(number - 1).locator(".cm-content")).to_have_text(text)

    def copy_below(self, number: int) -> None:
        """Copies a cell and pastes it below itself."""
        before = self.cells.count()
        self.command(number, "c", "v")
        expect(self.cells).to_have_count(before + 1)

    def split(self, number: int) -> None:
        """Splits a cell behind its first line."""
        before = self.cells.count()
        self.edit(number)
        for key in ("Control+Home", "ArrowDown", "Home", "Control+Shift+Minus"):
            self.page.keyboard.press(key)
        expect(self.cells).to_have_count(before + 1)

    def merge(self, number: int) -> None:
        """Merges a cell with the one below it."""
        before = self.cells.count()
        self.command(number, "Shift+ArrowDown", "Shift+M")
        expect(self.cells).to_have_count(before - 1)

    def command(self, number: int, *keys: str) -> None:
        """Presses keys in the notebook's command mode with this cell chosen."""
        self.edit(number)
        self.page.keyboard.press("Escape")
        expect(self.cell(number).locator(".cm-editor")).not_to_have_class(re.compile("cm-focused"))
        for key in keys:
            self.page.keyboard.press(key)

    def output(self, number: int) -> Locator:
        return self.cell(number).locator(".jp-OutputArea-output")

    # --- the window around them -----------------------------------------------------------------
    def menu(self, *path: str) -> None:
        """Chooses an item of the menu bar, e.g. `menu("Kernel", "Restart Kernel")`."""
        first, *others = path
        self.page.locator(".lm-MenuBar-itemLabel", has_text=exactly(first)).click()
        for name in others:
            self.page.locator(".lm-Menu-itemLabel", has_text=exactly(name)).click()

    def accept(self, label: str) -> None:
        """Answers a dialog with the button of this label."""
        dialog = self.page.locator(".jp-Dialog")
        dialog.locator(".jp-Dialog-button", has_text=exactly(label)).click()
        expect(dialog).to_have_count(0)

    def choose_theme(self, name: str) -> None:
        """Settings > Theme: Light or Dark."""
        self.menu("Settings", "Theme", f"JupyterLab {name}")
        light = str(name == "Light").lower()
        expect(self.page.locator(f"body[data-jp-theme-light={light}]")).to_be_attached()
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0)

    def save(self) -> None:
        def stored(response: object) -> bool:
            request = getattr(response, "request", None)
            return request is not None and request.method == "PUT" and ".ipynb" in request.url

        with self.page.expect_response(stored):
            self.menu("File", "Save Notebook")

    def rename(self, name: str) -> None:
        """File > Rename Notebook: the kernel goes on."""
        self.menu("File", "Rename Notebook")
        dialog = self.page.locator(".jp-Dialog")
        dialog.locator("input").fill(name)
        self.accept("Rename")
        expect(self.page.get_by_role("tab", name=name)).to_be_visible()

    def restart_kernel(self) -> None:
        with self.page.expect_response(
            lambda response: response.url.split("?")[0].endswith("/restart")
        ):
            self.menu("Kernel", "Restart Kernel")
            self.accept("Restart")
        self.expect_kernel()

    def shut_down_kernel(self) -> None:
        with self.page.expect_response(lambda response: response.request.method == "DELETE"):
            self.menu("Kernel", "Shut Down Kernel")

    def choose_no_kernel(self) -> None:
        """Answers the dialog of a notebook whose kernel is not installed."""
        self.page.locator(".jp-Dialog select").select_option(label="No Kernel")
        self.accept("Select")

    def stop(self) -> None:
        """Presses the stop button of the notebook's toolbar."""
        self.page.locator("[data-jp-item-name=interrupt]").first.click()

    def screenshot(self, name: str, *cells: int) -> Path:
        """Takes a picture of the window, or of the named cells, into build/screenshots/."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        for number in cells:
            self.cell(number).scroll_into_view_if_needed()
            path = SCREENSHOTS / f"{name}-{number}.png"
            self.cell(number).screenshot(path=path)
        if not cells:
            path = SCREENSHOTS / f"{name}.png"
            self.page.screenshot(path=path)
        return path


def exactly(label: str) -> re.Pattern[str]:
    """The label with or without the dots of a menu item that asks further."""
    return re.compile(f"^{re.escape(label)}(…|\\.\\.\\.)?$")
