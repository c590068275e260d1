"""`dockernb history`, `follow` and `wasted`: what the steps did."""

from __future__ import annotations

from pathlib import Path

import click

from dockernb.cli.looking import Looked, as_json_option, at_option, looked, tell, tell_json
from dockernb.cli.options import BuildChoice, build_options
from dockernb.look.base_image import entry_in_base, sizes_in_base
from dockernb.look.content import absolute
from dockernb.look.follow import follow as follow_path
from dockernb.look.space import space_of
from dockernb.look.step_row import one_line, step_rows
from dockernb.look.wasted import find_waste
from dockernb.ui.figures import format_bytes, format_count
from dockernb.ui.look_tables import follow_table, steps_table, wasted_table
from dockernb.ui.space_picture import space_page, space_text
from dockernb.ui.table import Column, Table

__all__ = ["follow", "history", "wasted"]


@click.command()
@click.argument("source", metavar="NOTEBOOK|IMAGE")
@click.option("--picture", metavar="FILE.html", help="Write a picture of where the bytes are.")
@build_options
@as_json_option
def history(source: str, picture: str | None, choice: BuildChoice, as_json: bool) -> None:
    """Show all steps of a notebook: time, size, cache and files of each, and where the bytes are.

    Of an image: what its history says.
    """
    with looked(source, choice) as found:
        if found.step is None:
            _image_history(found, as_json=as_json)
            return
        steps = found.steps
        waste = find_waste(steps, lambda: sizes_in_base(found.files, steps))
    spaces = space_of(steps, waste)
    rows = step_rows(found.results)
    if picture is not None:
        Path(picture).write_text(space_page(spaces, found.name_of), "utf-8")
    if as_json:
        tell_json(
            {
                "steps": [row.to_json() for row in rows],
                "space": [space.to_json() for space in spaces],
            }
        )
    else:
        tell(steps_table(rows, found.name_of), "", space_text(spaces, found.name_of))


def _image_history(found: Looked, *, as_json: bool) -> None:
    entries = found.image.config.history
    if as_json:
        tell_json({"bytes": found.image.size, "history": [each.to_json() for each in entries]})
        return
    columns = (Column("created", "code"), Column("layer"), Column("made by", "code"))
    rows = [
        (each.created[:19], "" if each.empty_layer else "layer", one_line(each.created_by, 90))
        for each in entries
    ]
    layers = format_count(len(found.image.config.diff_ids), "layer")
    tell(Table(columns, rows, f"{layers}, {format_bytes(found.image.size)}"))


@click.command()
@click.argument("source", metavar="NOTEBOOK")
@click.argument("path")
@at_option
@build_options
@as_json_option
def follow(source: str, path: str, at: str | None, choice: BuildChoice, as_json: bool) -> None:
    """Show what each step did to PATH: added, modified, deleted. The base image is one step."""
    wanted = absolute(path)
    with looked(source, choice, at) as found:
        steps = found.steps
        entry = entry_in_base(found.files, steps, wanted)
    events = follow_path(steps, wanted, None if entry is None else (entry.type, entry.size))
    if as_json:
        tell_json({"path": wanted, "events": [event.to_json() for event in events]})
    else:
        tell(follow_table(wanted, events, found.name_of))


@click.command()
@click.argument("source", metavar="NOTEBOOK")
@at_option
@build_options
@as_json_option
def wasted(source: str, at: str | None, choice: BuildChoice, as_json: bool) -> None:
    """Show bytes that one step adds and a later one removes or replaces, and what saves them."""
    with looked(source, choice, at) as found:
        steps = found.steps
        waste = find_waste(steps, lambda: sizes_in_base(found.files, steps))
    total = found.image.size
    if as_json:
        tell_json({"total_bytes": total, "wasted": [each.to_json() for each in waste]})
    else:
        tell(wasted_table(waste, total, found.name_of))
