"""The machine's Chromium under Playwright: silent, offline, with a new profile."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from playwright.sync_api import BrowserContext, expect, sync_playwright

from .server import Server

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
TIMEOUT_MS = 30_000
#: Until a new server shows its first page: it looks for all extensions and reads them, and the
#: browser compiles them, beside whatever else the machine does. What a test waits for begins then.
FIRST_PAGE_MS = 240_000


@contextlib.contextmanager
def started(
    executable: str, server: Server, *, width: int = 1300, height: int = 1000
) -> Iterator[BrowserContext]:
    """A browser that is logged in at the server; a reader with an empty profile."""
    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        context = browser.new_context(
            viewport={"width": width, "height": height},
            accept_downloads=True,
            locale="en-US",
            reduced_motion="reduce",
        )
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.url)
        context.set_default_timeout(TIMEOUT_MS)
        try:
            log_in(context, server)
            yield context
        finally:
            context.close()
            browser.close()


def log_in(context: BrowserContext, server: Server, app: str = "lab") -> None:
    """Lets the browser in at a new server, and waits until that shows a page.

    Args:
        app: Where its pages are: lab, or tree.
    """
    page = context.new_page()
    page.goto(f"{server.url}/{app}?token={server.token}", timeout=FIRST_PAGE_MS)
    expect(page.locator("#main")).to_be_visible(timeout=FIRST_PAGE_MS)
    page.close()
