"""Magics about the steps: the table, where the bytes are, one path's history, what is wasted."""

from __future__ import annotations

from collections.abc import Sequence

from dockernb.build.result import StepResult
from dockernb.look.base_image import entry_in_base, sizes_in_base, space_of_snapshot
from dockernb.look.base_layers import with_base_layers
from dockernb.look.follow import follow
from dockernb.look.lineage import find_step, lineage
from dockernb.look.space_tree import SpaceNode, space_tree
from dockernb.look.step_row import StepRow, step_rows
from dockernb.look.wasted import find_waste, lost_files
from dockernb.ui.look_tables import NameOf, follow_table, step_names, wasted_table

from .place import Asked, asked, show_json
from .progress import shown_progress
from .registry import MagicCall, MagicError, magic
from .tables import show_table

__all__: list[str] = []


@magic("%history [--json]", values=("--json",))
def history(call: MagicCall) -> None:
    """Shows all steps: time, size, cache and files of each, and where the image's bytes are.

    In a notebook a click on a column's title sorts by it. %space shows the base's folders too.
    """
    words = call.words(1)
    if words not in ([], ["--json"]):
        raise MagicError("%history takes nothing but --json", hint="usage: %history [--json]")
    results = call.session.results()
    if not results:
        call.say("no cell has built anything yet")
        return
    rows = step_rows(results)
    if words:
        show_json(call, {"steps": [row.to_json() for row in rows]})
        return
    steps = lineage(results, find_step(results, None))
    # The base image would have to be read from the engine; here it is one box.
    root = space_tree(steps, {}, lost_files(steps, dict))
    _show_report(call, rows, root, step_names(results, call.workspace.counts))


@magic("%space [--at SNAPSHOT] [--json]", values=("--at", "--json"), options={"--at": "snapshot"})
def space(call: MagicCall) -> None:
    """Draws where the image's bytes are: a box for each step, and in it one for each folder.

    Red is what a later step removes or replaces. With the keyboard: arrow keys go from box to box,
    Enter makes one the whole picture, Escape goes back.
    """
    told = asked(call, needed=0)
    root = space_of_snapshot(told.files, told.steps())
    if told.json:
        show_json(call, root.to_json())
        return
    _show_report(call, (), root, told.name_of)


def _show_report(
    call: MagicCall, rows: Sequence[StepRow], root: SpaceNode, name_of: NameOf
) -> None:
    from dockernb.ui.steps_card import StepsCard, steps_report  # noqa: PLC0415 - seldom needed

    static, values = steps_report(rows, root, name_of)
    if call.publisher.front_end != "notebook":
        call.publisher.display(static)
        return
    card = StepsCard(values, call.cell_id)
    call.workspace.cards.add(call.cell_id, card)
    call.publisher.display({**static, **card.mime()})


@magic(
    "%follow PATH [--at SNAPSHOT] [--json]",
    values=("--at", "--json"),
    takes=("path",),
    options={"--at": "snapshot"},
)
def follow_(call: MagicCall) -> None:
    """Shows what each step did to a file or folder: added, modified, deleted.

    The layers of a base image that has several count too; its engine sends them once.
    """
    told = asked(call, needed=1)
    steps, path = _with_layers(call, told), told.path(told.words[0])
    entry = entry_in_base(told.files, steps, path)
    events = follow(steps, path, None if entry is None else (entry.type, entry.size))
    if told.json:
        show_json(call, {"path": path, "events": [event.to_json() for event in events]})
        return
    show_table(call, follow_table(path, events, told.name_of))


@magic("%wasted [--at SNAPSHOT] [--json]", values=("--at", "--json"), options={"--at": "snapshot"})
def wasted(call: MagicCall) -> None:
    """Shows bytes that one step adds and a later one removes or replaces, and what saves them.

    They stay in the image's layers, although nobody can see them any more.
    """
    told = asked(call, needed=0)
    steps = _with_layers(call, told)
    found = find_waste(steps, lambda: sizes_in_base(told.files, steps))
    total = told.step.snapshot.size if told.step.snapshot else 0
    if told.json:
        show_json(call, {"total_bytes": total, "wasted": [waste.to_json() for waste in found]})
        return
    show_table(call, wasted_table(found, total, told.name_of))


def _with_layers(call: MagicCall, told: Asked) -> list[StepResult]:
    with shown_progress(call, "reading the layers of the base image", if_any=True) as transfer:
        return with_base_layers(told.files, told.steps(), transfer, call.cancel)
