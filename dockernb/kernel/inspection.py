"""Shift+Tab: what the word at the cursor means, as html and as text."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from dockernb.dockerfile.reference import INSTRUCTIONS, FlagReference, InstructionReference
from dockernb.errors import DockernbError

from .cursor import place_at
from .execution import Workspace
from .magics import Magic, all_magics

__all__ = ["inspect_bundle"]

_VARIABLE = re.compile(r"\$\{?(\w+)")
_CODE = re.compile(r"`([^`]+)`")


def inspect_bundle(code: str, cursor: int, workspace: Workspace) -> dict[str, str]:
    """Mime bundle of the help; empty when nothing is known about the place."""
    place = place_at(code, cursor).inner()
    if place.kind == "magic":
        return _magic((*place.words, place.full_word)[0])
    variable = _variable_at(place.full_word, len(place.word))
    if variable is not None:
        return _variable(variable, workspace)
    if place.kind != "instruction":
        return {}
    entry = INSTRUCTIONS.get((*place.words, place.full_word)[0].upper())
    if entry is None:
        return {}
    flag_name = place.full_word.partition("=")[0]
    flag = next((flag for flag in entry.flags if flag.name == flag_name), None)
    return _flag(entry, flag) if flag else _instruction(entry)


def _variable_at(word: str, offset: int) -> str | None:
    for found in _VARIABLE.finditer(word):
        if found.start() <= offset <= found.end():
            return found[1]
    return None


def _variable(name: str, workspace: Workspace) -> dict[str, str]:
    try:
        variables = workspace.session.get().scope().variables
    except DockernbError:
        return {}
    if name in variables:
        text = f"{name}={variables[name]}"
    else:
        text = f"{name} is not set here: no ENV or ARG above gives it a value."
    return {"text/plain": text, "text/html": f"<pre>{html.escape(text)}</pre>"}


def _magic(written: str) -> dict[str, str]:
    for entry in all_magics():
        if entry.written == written:
            return {"text/plain": f"{entry.usage}\n\n{entry.help}", "text/html": _magic_html(entry)}
    return {}


def _magic_html(entry: Magic) -> str:
    paragraphs = "".join(f"<p>{_prose(text)}</p>" for text in entry.help.split("\n\n"))
    return f"<pre>{html.escape(entry.usage)}</pre>{paragraphs}"


def _flag(entry: InstructionReference, flag: FlagReference) -> dict[str, str]:
    values = f"\nValues: {', '.join(flag.values)}" if flag.values else ""
    text = f"{entry.name} {flag.usage}\n\n{flag.text}{values}"
    page = (
        f"<pre>{html.escape(entry.name)} {html.escape(flag.usage)}</pre><p>{_prose(flag.text)}</p>"
    )
    if flag.values:
        page += f"<p>Values: {', '.join(f'<code>{html.escape(v)}</code>' for v in flag.values)}</p>"
    return {"text/plain": text, "text/html": page}


def _instruction(entry: InstructionReference) -> dict[str, str]:
    syntax = html.escape("\n".join(entry.syntax))
    page = (
        f"<pre>{syntax}</pre><p>{_prose(entry.effect)}</p>{_flag_list(entry.flags)}"
        f"<p>Example:</p><pre>{html.escape(entry.example)}</pre>"
    )
    return {"text/plain": entry.as_text(), "text/html": page}


def _flag_list(flags: Sequence[FlagReference]) -> str:
    rows = "".join(
        f"<li><code>{html.escape(flag.usage)}</code> {_prose(flag.text)}</li>" for flag in flags
    )
    return f"<ul>{rows}</ul>" if rows else ""


def _prose(text: str) -> str:
    """Text as html; what stands in backticks becomes code."""
    return _CODE.sub(r"<code>\1</code>", html.escape(text))
