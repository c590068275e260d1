"""A card on the page, as its reader finds it."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect


class Card:
    """The live card of a cell."""

    def __init__(self, root: Locator) -> None:
        self.root = root
        self.badge = root.locator(".dnb-badge")
        self.snapshot = root.locator(".dnb-id")
        self.time = root.locator(".dnb-time")
        self.panel = root.locator(".dnb-panel")
        self.rows = root.locator(".dnb-row")
        self.log_lines = root.locator(".dnb-line")
        self.error = root.locator(".dnb-error")

    def expect_status(self, status: str, *, timeout: float = 30_000) -> None:
        expect(self.badge).to_have_text(status, timeout=timeout)

    def dots(self) -> list[tuple[str, str]]:
        """Name and state of the dots, as a screen reader says them."""
        texts = self.root.locator(".dnb-dotname").all_text_contents()
        return [(name, state) for name, _, state in (text.partition(": ") for text in texts)]

    def detail(self, dot: int) -> Locator:
        """The small line under a dot: a container's ID, an exit code."""
        return self.root.locator(".dnb-dotdetail").nth(dot)

    def open_tab(self, name: str) -> Locator:
        """The panel of a tab, opened if it was not."""
        tab = self.root.get_by_role("tab", name=re.compile(f"^{name}"))
        if tab.get_attribute("aria-selected") != "true":
            tab.click()
        expect(tab).to_have_attribute("aria-selected", "true")
        return self.panel

    def open_folder(self, *names: str) -> None:
        """Opens a folder of the file tree, one level after the other."""
        self.open_tab("Files")
        for name in names:
            row = self.row(name)
            if row.get_attribute("aria-expanded") == "false":
                row.click()
            expect(row).to_have_attribute("aria-expanded", "true")

    def row(self, name: str) -> Locator:
        """The row of the tree with exactly this name; a folder's ends with a slash."""
        file = self.root.page.locator(".dnb-file", has_text=re.compile(f"^{re.escape(name)}/?$"))
        return self.rows.filter(has=file).first

    def copy_id(self) -> str:
        """Presses the copy button; what is on the clipboard then."""
        self.root.get_by_role("button", name=re.compile("^Copy the snapshot")).click()
        expect(self.root.locator(".dnb-button", has_text="copied")).to_be_visible()
        return str(self.root.page.evaluate("navigator.clipboard.readText()"))
