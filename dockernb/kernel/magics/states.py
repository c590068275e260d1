"""Magics that tell what the cells are, and that go back and forth between what they made."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from dockernb.look.content import absolute
from dockernb.ui.table import Column, Table

from .place import show_json
from .registry import MagicCall, MagicError, magic
from .tables import show_table

if TYPE_CHECKING:
    from dockernb.session import CellText

__all__: list[str] = []

_SHOWN = 200  # rows; --json gives all
_PLAN = (Column("cell"), Column("instruction", "code"), Column("what"), Column("why"))
_WORDS = {"nothing": "built", "from cache": "from the cache", "build": "would be built"}


def _cells(call: MagicCall) -> list[CellText]:
    return call.workspace.order.cells(call.cell_id) or []


@magic("%plan [--json]", values=("--json",))
def plan(call: MagicCall) -> None:
    """Shows what running all cells would do: built already, from the cache, or built, and why.

    Nothing is run. What stands below a cell that would be built is not known before it is.
    """
    words = call.words(1)
    planned = call.session.plan(_cells(call))
    if words == ["--json"]:
        call.say(json.dumps([cell.to_json() for cell in planned], indent=2))
        return
    rows = [(str(cell.number), cell.title, _WORDS[cell.action], cell.reason) for cell in planned]
    if not rows:
        call.say("no cell has an instruction")
        return
    show_table(call, Table(_PLAN, rows))


@magic("%undo")
def undo(call: MagicCall) -> None:
    """Takes the newest run of a cell back: its text and what it had made before are there again.

    Cells below that stood on that are built again too. Nothing is lost: running the newer text once
    more takes it from the cache.
    """
    call.words(0)
    before = call.session.undo()
    if before is None:
        raise MagicError("there is nothing to take back", hint="`%history` shows what ran.")
    cells = _cells(call)
    ids = [cell.id for cell in cells]
    name = f"cell {ids.index(before.cell_id) + 1}" if before.cell_id in ids else "the cell"
    record = before.record
    if record is None or record.after.stage is None:
        call.say(f"{name} is as if it had not run")
        call.workspace.tell_page({"clear": [before.cell_id]})
        return
    call.say(f"{name} is again what it was: {_short(record.after.stage.image_id)}")
    if record.text is not None:
        edit = {"id": before.cell_id, "source": record.text}
        news: dict[str, object] = {"edits": [edit], "go": before.cell_id}
        if _is_built(call, cells, before.cell_id, record.text):
            news["run"] = [before.cell_id]  # from the cache: its card is that of what counts
        call.workspace.tell_page(news)


def _is_built(call: MagicCall, cells: Sequence[CellText], cell: str, text: str) -> bool:
    """Whether the cell is built when it has this text."""
    edited = [replace(each, source=text) if each.id == cell else each for each in cells]
    states = call.session.survey(edited, call.workspace.settings_ran)
    return any(state.id == cell and state.condition == "built" for state in states)


@magic("%goto CELL", takes=("step",))
def goto(call: MagicCall) -> None:
    """Makes the snapshot of a cell the current one until a cell runs: %tag takes it, for example.

    CELL is the number of a code cell, counted from the top. On the page that cell is chosen. Where
    cells have no place (the console), the next one stands on it.
    """
    words = call.words(1)
    if not words:
        raise MagicError("%goto needs a cell", hint="usage: %goto CELL, for example: %goto 2")
    cell = call.session.stand_at(words[0], [each.id for each in _cells(call)])
    image = call.session.scope(cell).snapshot or ""
    call.say(f"the current snapshot is {_short(image)}, of cell {words[0]}")
    call.workspace.tell_page({"go": cell})


@magic("%diff A B [PATH] [--json]", values=("--json",), takes=("snapshot", "snapshot", "path"))
def diff(call: MagicCall) -> None:
    """Shows what differs between two snapshots: files added, modified, deleted, and the config.

    A and B are numbers of code cells, names of stages, IDs of snapshots or names of images. Files
    are compared by their contents, modes and owners; times do not count. With PATH: the lines of
    that file that differ.
    """
    words = [word for word in call.words(4) if word != "--json"]
    if not 2 <= len(words) <= 3:
        raise MagicError(
            "%diff needs two snapshots", hint="usage: %diff A B, for example: %diff 2 5"
        )
    cells = [cell.id for cell in _cells(call)]
    as_json = "--json" in call.words(4)
    if len(words) == 3:
        _file_diff(call, words, cells, as_json=as_json)
        return
    found = call.session.compare(words[0], words[1], cells)
    if as_json:
        call.say(json.dumps(found.to_json(), indent=2))
    else:
        from dockernb.ui.diff_text import diff_text  # noqa: PLC0415 - seldom needed

        call.say("\n".join(diff_text(words[0], words[1], found, limit=_SHOWN)))


def _file_diff(
    call: MagicCall, words: Sequence[str], cells: Sequence[str], *, as_json: bool
) -> None:
    from dockernb.ui.file_diff import file_diff, file_diff_html, file_diff_text  # noqa: PLC0415

    left, right = (call.session.find_snapshot(name, cells) for name in words[:2])
    found = file_diff(call.workspace.files(), left, right, absolute(words[2]))
    if as_json:
        show_json(call, found)
        return
    call.publisher.display(
        {"text/plain": file_diff_text(found), "text/html": file_diff_html(found)}
    )


def _short(image_id: str) -> str:
    return image_id.removeprefix("sha256:")[:12]
