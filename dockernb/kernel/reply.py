"""Errors as the Jupyter protocol wants them: `ename`, `evalue` and a coloured `traceback`."""

from __future__ import annotations

import dataclasses
import re
import traceback
from typing import Any

from dockernb.errors import DockernbError, InternalError, Where

from .cell import Cell

__all__ = ["as_dockernb_error", "error_content", "error_reply", "locate", "ok_reply"]

_RED, _BOLD_RED, _DIM, _RESET = "\x1b[31m", "\x1b[1;31m", "\x1b[2m", "\x1b[0m"
_GUILTY = re.compile(r"^(  >>> +\d+ \|)(.*)$")
_CONTEXT = re.compile(r"^      +\d+ \|.*$")


def as_dockernb_error(error: BaseException) -> DockernbError:
    """The error itself, or an `InternalError` caused by it: then it is a bug."""
    if isinstance(error, DockernbError):
        return error
    bug = InternalError(f"{type(error).__name__}: {error}")
    bug.__cause__ = error
    return bug


def locate(error: DockernbError, cell: Cell, label: str) -> None:
    """Makes the place of `error` speak of the whole cell: `label`, and lines counted with magics.

    A place that has a label already is left alone: it is another cell or file.
    """
    where = error.where
    if where is None or where.label is not None:
        return
    if where.source == cell.body:
        end = None if where.end_line is None else where.end_line + cell.offset
        where = Where(cell.source, where.line + cell.offset, end)
    error.where = dataclasses.replace(where, label=label)


def error_content(error: DockernbError) -> dict[str, Any]:
    """Content of an `error` message; `traceback` holds the whole text, one entry a line."""
    lines = [_colour(line) for line in error.format_message().splitlines()]
    first = f"{error.name}: {error.message}".splitlines()
    lines[: len(first)] = [f"{_BOLD_RED}{error.name}{_RESET}: {error.message}"]
    if isinstance(error, InternalError) and error.__cause__ is not None:
        lines.append(f"{_DIM}Python traceback of the bug:{_RESET}")
        text = "".join(traceback.format_exception(error.__cause__))
        lines.extend(f"{_DIM}{line}{_RESET}" for line in text.splitlines())
    return {"ename": error.name, "evalue": error.message, "traceback": lines}


def error_reply(error: DockernbError, execution_count: int) -> dict[str, Any]:
    """Content of an `execute_reply` after a failure."""
    return {
        "status": "error",
        "execution_count": execution_count,
        "payload": [],
        "user_expressions": {},
        **error_content(error),
    }


def ok_reply(execution_count: int) -> dict[str, Any]:
    """Content of an `execute_reply` after success."""
    return {
        "status": "ok",
        "execution_count": execution_count,
        "payload": [],
        "user_expressions": {},
    }


def _colour(line: str) -> str:
    if found := _GUILTY.match(line):
        return f"{_RED}{found[1]}{_RESET}{found[2]}"
    if _CONTEXT.match(line):
        return f"{_DIM}{line}{_RESET}"
    return line
