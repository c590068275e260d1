"""What the magics that look have in common: which snapshot, which path, and answers as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dockernb.build.result import StepResult
from dockernb.look.content import absolute
from dockernb.look.lineage import find_step, lineage
from dockernb.look.snapshot_files import SnapshotFiles
from dockernb.ui.look_tables import NameOf, step_names

from .registry import MagicCall, MagicError, find_magic

__all__ = ["Asked", "asked", "show_json"]


@dataclass(frozen=True)
class Asked:
    """A question about a snapshot.

    Args:
        words: The arguments that are no options.
        step: The step whose snapshot is meant.
        output: `-o FILE`.
        working_dir: Of the snapshot; relative paths are below it.
    """

    words: Sequence[str]
    results: Sequence[StepResult]
    step: StepResult
    files: SnapshotFiles
    name_of: NameOf
    json: bool = False
    output: str | None = None
    working_dir: str = "/"

    @property
    def image_id(self) -> str:
        assert self.step.snapshot is not None  # noqa: S101 - `find_step` has looked
        return self.step.snapshot.id

    def steps(self) -> list[StepResult]:
        """The steps that led to the snapshot, base image first."""
        return lineage(self.results, self.step)

    def path(self, written: str) -> str:
        """A path as the reader writes it."""
        return absolute(written, self.working_dir)


def asked(call: MagicCall, *, needed: int, at_most: int | None = None) -> Asked:
    """Reads `WORDS [--at SNAPSHOT] [--json] [-o FILE]`.

    Args:
        needed: How many words there must be; `at_most`: may be (None: as many).

    Raises:
        MagicError: something is missing or too much.
    """
    words, at, output, as_json = [], None, None, False
    given = iter(call.words(8))
    for word in given:
        if word == "--json":
            as_json = True
        elif word in ("--at", "-o"):
            value = next(given, None)
            if value is None:
                raise _misused(call, f"{word} needs a value")
            at, output = (value, output) if word == "--at" else (at, value)
        else:
            words.append(word)
    if not needed <= len(words) <= (needed if at_most is None else at_most):
        raise _misused(call, f"%{call.line.name} needs {needed or 'no'} argument")
    results = call.session.results()
    scope = call.session.scope()
    return Asked(
        words,
        results,
        find_step(results, at),
        call.workspace.files(),
        step_names(results, call.workspace.counts),
        json=as_json,
        output=output,
        working_dir=(scope.working_dir or "/") if at is None else "/",
    )


def _misused(call: MagicCall, message: str) -> MagicError:
    usage = find_magic(call.line.name, cell_magic=False).usage
    return MagicError(message, hint=f"usage: {usage}")


def show_json(call: MagicCall, value: Any) -> None:
    """The answer as JSON text."""
    call.say(json.dumps(value, indent=2, ensure_ascii=True))
