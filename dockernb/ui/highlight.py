"""Colours of a text and the differences of two, made by a program with a time limit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

__all__ = ["Run", "highlighted", "text_diff"]

# A piece of a line and its class: "k" keyword, "s" string, "c" comment, "n" number, "d" defined
# name, "a" attribute or variable, "i" added, "e" taken away, "" anything else.
Run = tuple[str, str]

SECONDS = 8.0
_PROGRAM = Path(__file__).with_name("highlighter.py")
_LONGEST_LINE = 5_000


def highlighted(name: str, text: str) -> list[list[Run]] | None:
    """The lines of a text in runs; None where no colours are known for it, or in time.

    Args:
        name: The file's name, which tells the language.
    """
    if any(len(line) > _LONGEST_LINE for line in text.split("\n")):
        return None
    lines = _ask({"name": name, "text": text}).get("lines")
    if lines is None:
        return None
    runs = [[(str(run[0]), str(run[1])) for run in line] for line in lines]
    same = "\n".join("".join(part for part, _ in line) for line in runs) == text
    return runs if same else None  # a lexer that changes the text is not believed


def text_diff(before: str, after: str) -> list[str] | None:
    """The lines of a unified diff, without names; None if it could not be made in time."""
    found = _ask({"before": before, "after": after}).get("diff")
    return None if found is None else [str(line) for line in found]


def _ask(job: dict[str, str]) -> dict[str, Any]:
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(_PROGRAM)],
            input=json.dumps(job).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            check=True,
        )
        answer: dict[str, Any] = json.loads(done.stdout)
    except (subprocess.SubprocessError, OSError, ValueError):
        return {}
    return answer
