"""`dockernb space`, `follow` and `wasted`: what the steps did, and where the bytes are."""

from __future__ import annotations

import click

from dockernb.build.result import StepResult
from dockernb.cli.interrupt import interruptible
from dockernb.cli.layers import shown_layers
from dockernb.cli.looking import Looked, as_json_option, at_option, looked
from dockernb.cli.options import BuildChoice, build_options
from dockernb.cli.terminal import tell, tell_json
from dockernb.look.base_image import entry_in_base, sizes_in_base, space_of_snapshot
from dockernb.look.base_layers import with_base_layers
from dockernb.look.content import absolute
from dockernb.look.follow import follow as follow_path
from dockernb.look.step_row import step_rows
from dockernb.look.wasted import find_waste
from dockernb.notebook.cells import write_text
from dockernb.ui.icicle import icicle_page, icicle_text
from dockernb.ui.look_tables import follow_table, steps_table, wasted_table

__all__ = ["follow", "space", "wasted"]


@click.command()
@click.argument("source", metavar="NOTEBOOK")
@click.option("--picture", metavar="FILE.html", help="Write a picture of where the bytes are.")
@at_option
@build_options
@as_json_option
def space(
    source: str, picture: str | None, at: str | None, choice: BuildChoice, as_json: bool
) -> None:
    """Show all steps: time, size, cache and files of each, and where the bytes are."""
    with looked(source, choice, at) as found:
        root = space_of_snapshot(found.files, found.steps)
    rows = step_rows(found.results)
    if picture is not None:
        write_text(picture, icicle_page(root, found.name_of))
    if as_json:
        spaces = [node.to_json() for node in root.children]
        tell_json({"steps": [row.to_json() for row in rows], "space": spaces})
    else:
        tell(steps_table(rows, found.name_of), "", icicle_text(root, found.name_of))


@click.command()
@click.argument("source", metavar="NOTEBOOK")
@click.argument("path")
@at_option
@build_options
@as_json_option
def follow(source: str, path: str, at: str | None, choice: BuildChoice, as_json: bool) -> None:
    """Show what each step did to PATH: added, modified, deleted; layers of the base count too."""
    wanted = absolute(path)
    with looked(source, choice, at) as found:
        steps = _with_layers(found)
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
        steps = _with_layers(found)
        waste = find_waste(steps, lambda: sizes_in_base(found.files, steps))
    total = found.image.size
    if as_json:
        tell_json({"total_bytes": total, "wasted": [each.to_json() for each in waste]})
    else:
        tell(wasted_table(waste, total, found.name_of))


def _with_layers(found: Looked) -> list[StepResult]:
    """The steps, with the layers of a base image that has several, which are read now."""
    with shown_layers() as show:
        return interruptible(
            lambda cancel: with_base_layers(found.files, found.steps, show, cancel)
        )
