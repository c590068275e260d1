"""Shift+Tab: an explanation as html and as text."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from dockernb.complete.hover import Help

__all__ = ["help_bundle"]

_CODE = re.compile(r"`([^`]+)`")


def help_bundle(found: Help | None) -> dict[str, str]:
    """Mime bundle; empty when there is nothing to explain."""
    if found is None:
        return {}
    return {"text/plain": _text(found), "text/html": _html(found)}


def _text(found: Help) -> str:
    parts = [found.code, *found.prose]
    if found.rows:
        width = max(len(name) for name, _ in found.rows)
        parts.append("\n".join(f"{name:<{width}}  {text}" for name, text in found.rows))
    if found.example:
        lines = "\n".join(f"    {line}" for line in found.example.splitlines())
        parts.append(f"Example:\n{lines}")
    return "\n\n".join(parts)


def _html(found: Help) -> str:
    page = f"<pre>{html.escape(found.code)}</pre>"
    page += "".join(f"<p>{_prose(text)}</p>" for text in found.prose)
    page += _rows(found.rows)
    if found.example:
        page += f"<p>Example:</p><pre>{html.escape(found.example)}</pre>"
    return page


def _rows(rows: Sequence[tuple[str, str]]) -> str:
    items = "".join(
        f"<li><code>{html.escape(name)}</code> {_prose(text)}</li>" for name, text in rows
    )
    return f"<ul>{items}</ul>" if items else ""


def _prose(text: str) -> str:
    """Text as html; what stands in backticks becomes code."""
    return _CODE.sub(r"<code>\1</code>", html.escape(text))
