"""The list that Tab shows."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from .expected import expected_at
from .knowledge import Found, Knowledge
from .wanted import MagicShape, Wanted

__all__ = ["Candidate", "candidates_at"]

MAX_CANDIDATES = 2000
# What would have to be quoted, or would mean something else, is not offered.
_QUOTED = frozenset('"\\$')
_UNQUOTED = frozenset("\"\\$'`&|;<>()*?[]{}#!")


@dataclass(frozen=True)
class Candidate:
    """One completion.

    Args:
        text: What replaces the last `replaces` characters before the cursor.
        kind: Shown beside it: keyword, flag, stage, variable, image, path, magic, value...
    """

    text: str
    kind: str
    replaces: int


def candidates_at(
    code: str, cursor: int, magics: Sequence[MagicShape], knowledge: Knowledge
) -> list[Candidate]:
    """What can stand at the cursor; empty when nothing is known."""
    found: list[Candidate] = []
    for wanted in expected_at(code, cursor, magics):
        found += _candidates(wanted, knowledge)
    return list(dict.fromkeys(found))[:MAX_CANDIDATES]


def _candidates(wanted: Wanted, knowledge: Knowledge) -> list[Candidate]:
    if wanted.kind in ("path", "folder", "context", "context folder", "file", "file folder"):
        return _paths(wanted, _lister(wanted, knowledge))
    if wanted.kind in ("keyword", "flag", "value", "magic"):
        return _matching(wanted.values, wanted, wanted.kind, any_case=True)
    names, kind = _names(wanted, knowledge)
    any_case = wanted.kind in ("image", "stage")
    return _matching(names, wanted, kind, any_case=any_case)


def _names(wanted: Wanted, knowledge: Knowledge) -> tuple[Iterable[str], str]:
    """The names of a kind, and how the kind is called in the list."""
    asked: dict[str, tuple[Callable[[], Iterable[str]], str]] = {
        "stage": (knowledge.stages, "stage"),
        "image": (lambda: knowledge.images(wanted.typed), "image"),
        "variable": (lambda: sorted(knowledge.variables()), "variable"),
        "global variable": (lambda: sorted(knowledge.global_arguments()), "variable"),
        "assignment": (lambda: [f"{each}=" for each in sorted(knowledge.variables())], "variable"),
        "argument": (lambda: sorted(knowledge.build_args()), "variable"),
        "user": (knowledge.users, "user"),
        "group": (knowledge.groups, "group"),
        "command": (lambda: sorted(knowledge.commands()), "command"),
    }
    if wanted.kind in asked:
        ask, kind = asked[wanted.kind]
        return ask(), kind
    return knowledge.listed(wanted.kind), wanted.kind


def _matching(
    words: Iterable[str], wanted: Wanted, kind: str, *, any_case: bool
) -> list[Candidate]:
    typed = wanted.typed
    if any_case:
        typed = typed.lower()
    return [
        Candidate(word + wanted.close, kind, len(wanted.typed))
        for word in words
        if (word.lower() if any_case else word).startswith(typed) and word.isprintable()
    ]


def _lister(wanted: Wanted, knowledge: Knowledge) -> Callable[[str], Sequence[Found]]:
    """Lists a folder, given as it is typed."""
    if wanted.kind in ("context", "context folder"):
        return knowledge.context
    if wanted.kind in ("file", "file folder"):
        return knowledge.disk
    # Sources in a stage or image are below its root, whatever WORKDIR is.
    base = "/" if wanted.of else knowledge.working_dir()

    def list_folder(folder: str) -> Sequence[Found]:
        path = posixpath.normpath(posixpath.join("/", base, folder))
        return knowledge.folder("/" + path.lstrip("/"), wanted.of)

    return list_folder


def _paths(wanted: Wanted, list_folder: Callable[[str], Sequence[Found]]) -> list[Candidate]:
    """What `typed` can become; it stays as it is ("./" and "/" at the start too)."""
    folder, slash, prefix = wanted.typed.rpartition("/")
    stem = folder + slash
    found = []
    for entry in sorted(list_folder(stem), key=lambda each: each.name):
        is_hidden = entry.name.startswith(".") and not prefix
        if is_hidden or not entry.name.startswith(prefix) or not _is_plain(entry.name, wanted):
            continue
        if entry.is_folder:
            found.append(Candidate(f"{stem}{entry.name}/", "folder", len(wanted.typed)))
        elif not wanted.kind.endswith("folder") and (entry.runs or not wanted.executable):
            found.append(Candidate(stem + entry.name, "path", len(wanted.typed)))
    return found


def _is_plain(name: str, wanted: Wanted) -> bool:
    special = _QUOTED if wanted.blanks else _UNQUOTED
    return (
        name.isprintable() and not special.intersection(name) and (wanted.blanks or " " not in name)
    )
