"""Chromium for the browser tests; Playwright drives it but brings no browser of its own here."""

from __future__ import annotations

import shutil

from tests.testbed import apt

#: A page without a font shows no text on a screenshot.
PACKAGES = ("chromium", "fonts-dejavu-core", "fonts-liberation")


def find() -> str | None:
    """The path of the machine's Chromium."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def up() -> str:
    """Install Chromium from Debian unless the machine has it; returns its path."""
    return find() or apt.install("chromium", *PACKAGES)
