"""A program of its own that colours a text and compares two: text in and out as JSON.

It is run by `highlight` with a time limit, because a lexer's regular expressions, and a comparison,
can take very long on a text that was made for it; a kernel that did so itself would stand still.

Input: {"name": file name, "text": str} or {"before": str, "after": str}.
Output: {"lines": [[[text, class], ...], ...]} or {"diff": [line, ...]}; {} if there is no lexer.
"""

from __future__ import annotations

import difflib
import json
import sys
from typing import Any

__all__ = ["answer"]

# A token's class is that of the first of its kinds, from the most exact on.
_CLASSES = {
    "Comment": "c", "Keyword": "k", "Literal.String": "s", "Literal.Number": "n",
    "Name.Function": "d", "Name.Class": "d", "Name.Builtin": "d", "Name.Decorator": "d",
    "Name.Tag": "d", "Name.Namespace": "d", "Name.Attribute": "a", "Name.Variable": "a",
    "Name.Constant": "a", "Generic.Inserted": "i", "Generic.Deleted": "e", "Generic.Heading": "k",
}  # fmt: skip


def answer(job: dict[str, Any]) -> dict[str, Any]:
    """Does one job; see the module's docstring."""
    if "before" in job:
        return {"diff": _diff(job["before"], job["after"])}
    lines = _lines(job["name"], job["text"])
    return {} if lines is None else {"lines": lines}


def _diff(before: str, after: str) -> list[str]:
    lines = difflib.unified_diff(before.split("\n"), after.split("\n"), lineterm="", n=3)
    return list(lines)[2:]  # the names are told beside it


def _lines(name: str, text: str) -> list[list[list[str]]] | None:
    from pygments import lex  # noqa: PLC0415 - not needed to compare

    lexer = _lexer(name, text)
    if lexer is None:
        return None
    lines: list[list[list[str]]] = [[]]
    for kind, value in lex(text, lexer):
        name_of_kind = _class_of(str(kind).removeprefix("Token."))
        for number, part in enumerate(value.split("\n")):
            if number:
                lines.append([])
            if part:
                lines[-1].append([part, name_of_kind])
    return lines


def _lexer(name: str, text: str) -> Any:
    """By the file's name, else by its first line."""
    from pygments.lexers import find_lexer_class_for_filename, get_lexer_by_name  # noqa: PLC0415

    found: Any = find_lexer_class_for_filename(name)
    if found is not None:
        return None if found.name == "Text only" else found(stripnl=False, ensurenl=False)
    first = text.partition("\n")[0]
    if not first.startswith("#!"):
        return None
    words = first[2:].split()
    program = (words[1:2] if words[:1] == ["/usr/bin/env"] else words[:1]) or [""]
    known = {"sh": "sh", "bash": "bash", "dash": "sh", "python": "python", "python3": "python",
             "perl": "perl", "ruby": "ruby", "node": "javascript"}  # fmt: skip
    alias = known.get(program[0].rpartition("/")[2])
    return get_lexer_by_name(alias, stripnl=False, ensurenl=False) if alias else None


def _class_of(kind: str) -> str:
    while kind:
        if kind in _CLASSES:
            return _CLASSES[kind]
        kind = kind.rpartition(".")[0]
    return ""


if __name__ == "__main__":
    json.dump(answer(json.load(sys.stdin)), sys.stdout)
