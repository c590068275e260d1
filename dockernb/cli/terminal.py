"""Text that is safe to print: colours may stay, nothing else may steer the terminal."""

from __future__ import annotations

import json
import os
import re
import sys
from typing import Any

import click

from dockernb.ui.table import Table, table_text

__all__ = ["clean", "echo", "is_plain", "tell", "tell_json"]

# A log must not move the cursor, clear the screen or change the title, nor show text in another
# order than it has. A colour stays as it stands: what is left of anything else is no sequence.
_COLOUR = re.compile(r"\x1b\[[0-9;:]{0,64}m")
_CONTROL = re.compile(
    rf"(?P<colour>{_COLOUR.pattern})"
    r"|\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[^\x1b\[]?"
    "|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
)
_RESET = "\x1b[0m"


def clean(text: str) -> str:
    """The text without control sequences but colours."""
    return _CONTROL.sub(lambda found: found["colour"] or "", text)


def is_plain(*, err: bool = False) -> bool:
    """Whether colours are out of place: no terminal, or NO_COLOR (https://no-color.org) is set."""
    stream = sys.stderr if err else sys.stdout
    return not stream.isatty() or bool(os.environ.get("NO_COLOR"))


def echo(text: str, *, err: bool = False) -> None:
    """Prints one line; colours end with it."""
    text = clean(text)
    if is_plain(err=err):
        text = _COLOUR.sub("", text)
    elif "\x1b[" in text and not text.endswith(_RESET):
        text += _RESET
    click.echo(text, err=err)


def tell(table: Table, *more: str) -> None:
    """Prints a table, and texts below it."""
    for part in (table_text(table), *more):
        for line in part.splitlines():
            echo(line)


def tell_json(value: Any) -> None:
    """Prints the answer as JSON."""
    click.echo(json.dumps(value, indent=2))
