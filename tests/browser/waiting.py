"""Waits for things that the page itself cannot tell."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from playwright.sync_api import Page

Value = TypeVar("Value")


def until(page: Page, look: Callable[[], Value], what: str, *, seconds: float = 30) -> Value:
    """What `look` returns as soon as that is true; the page's events go on meanwhile.

    Raises:
        AssertionError: it is not true in time; `what` says what was waited for.
    """
    deadline = time.monotonic() + seconds
    while not (value := look()):
        assert time.monotonic() < deadline, f"not in {seconds} s: {what}"
        page.wait_for_timeout(20)  # hands the thread to Playwright, which delivers events
    return value
