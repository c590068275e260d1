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
        login = context.request.get(f"{server.url}/lab?token={server.token}")
        assert login.ok, login.status
        try:
            yield context
        finally:
            context.close()
            browser.close()
