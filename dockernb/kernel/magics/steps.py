"""Magics about the steps: the table, one path's history, bytes that are wasted."""

from __future__ import annotations

from dockernb.look.base_image import entry_in_base, sizes_in_base
from dockernb.look.follow import follow
from dockernb.look.lineage import find_step, lineage
from dockernb.look.space import space_of
from dockernb.look.step_row import step_rows
from dockernb.look.wasted import find_waste
from dockernb.ui.look_tables import follow_table, step_names, steps_table, wasted_table
from dockernb.ui.space_picture import space_html, space_text
from dockernb.ui.table import Table, table_html, table_text

from .place import asked, show_json
from .registry import MagicCall, MagicError, magic

__all__: list[str] = []


def show(call: MagicCall, table: Table, text: str = "", html: str = "") -> None:
    """Displays a table, and more below it."""
    call.publisher.display(
        {
            "text/plain": "\n\n".join(part for part in (table_text(table), text) if part),
            "text/html": table_html(table) + html,
        }
    )


@magic("%history [--json]", values=("--json",))
def history(call: MagicCall) -> None:
    """Shows all steps: time, size, cache and files of each, and where the image's bytes are."""
    words = call.words(1)
    if words not in ([], ["--json"]):
        raise MagicError("%history takes nothing but --json", hint="usage: %history [--json]")
    results = call.session.results()
    if not results:
        call.say("no cell has built anything yet")
        return
    rows = step_rows(results)
    name_of = step_names(results, call.workspace.counts)
    steps = lineage(results, find_step(results, None))
    # What is lost of the base image would have to be read from the engine; here it is left out.
    spaces = space_of(steps, find_waste(steps, dict))
    if words:
        told = {"steps": [row.to_json() for row in rows]}
        show_json(call, {**told, "space": [space.to_json() for space in spaces]})
        return
    table = steps_table(rows, name_of)
    show(call, table, space_text(spaces, name_of), space_html(spaces, name_of))


@magic(
    "%follow PATH [--at SNAPSHOT] [--json]",
    values=("--at", "--json"),
    takes=("path",),
    options={"--at": "snapshot"},
)
def follow_(call: MagicCall) -> None:
    """Shows what each step did to a file or folder: added, modified, deleted.

    The base image counts as one step.
    """
    told = asked(call, needed=1)
    steps, path = told.steps(), told.path(told.words[0])
    entry = entry_in_base(told.files, steps, path)
    events = follow(steps, path, None if entry is None else (entry.type, entry.size))
    if told.json:
        show_json(call, {"path": path, "events": [event.to_json() for event in events]})
        return
    show(call, follow_table(path, events, told.name_of))


@magic("%wasted [--at SNAPSHOT] [--json]", values=("--at", "--json"), options={"--at": "snapshot"})
def wasted(call: MagicCall) -> None:
    """Shows bytes that one step adds and a later one removes or replaces, and what saves them.

    They stay in the image's layers, although nobody can see them any more.
    """
    told = asked(call, needed=0)
    steps = told.steps()
    found = find_waste(steps, lambda: sizes_in_base(told.files, steps))
    total = told.step.snapshot.size if told.step.snapshot else 0
    if told.json:
        show_json(call, {"total_bytes": total, "wasted": [waste.to_json() for waste in found]})
        return
    show(call, wasted_table(found, total, told.name_of))
