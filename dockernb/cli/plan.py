"""`dockernb plan` and `dockernb diff`: looking before and after."""

from __future__ import annotations

import json

import click

from dockernb.build.image_diff import compare_snapshots
from dockernb.build.plan import PlannedCell
from dockernb.cli.options import BuildChoice, build_options
from dockernb.cli.run import open_session, read_settings
from dockernb.cli.terminal import echo, tell, tell_json
from dockernb.dockerfile.magics import split_magics
from dockernb.engines.base import Engine
from dockernb.engines.select import ENGINES, open_engine
from dockernb.errors import ImageNotFoundError
from dockernb.look.content import absolute
from dockernb.look.snapshot_files import SnapshotFiles
from dockernb.notebook.cells import check_kernel, read_notebook
from dockernb.notebook.target import cells_for_target
from dockernb.session import CellText
from dockernb.ui.diff_text import diff_text
from dockernb.ui.file_diff import file_diff, file_diff_text
from dockernb.ui.table import Column, Table

__all__ = ["diff", "plan"]

_ROWS = 1000
_WORDS = {"nothing": "built", "from cache": "from the cache", "build": "would be built"}


@click.command()
@click.argument("notebook", type=click.Path())
@build_options
@click.option("--json", "as_json", is_flag=True, help="The plan as JSON.")
def plan(notebook: str, choice: BuildChoice, as_json: bool) -> None:
    """Show what dockernb run would do with NOTEBOOK: which cells the cache has, which it builds.

    Nothing is built or pulled. What stands below a cell that would be built is not known before it
    is: it is listed as would be built. Of the magics %arg, %context and %secret count.
    """
    document = read_notebook(notebook)
    check_kernel(document)
    settings = read_settings(document, choice)
    session = open_session(settings, engine=choice.engine, use_cache=True)
    cells = document.code_cells
    try:
        for cell in cells:
            for magic in split_magics(cell.source)[0]:
                settings.apply(magic, session)
        texts = {index: CellText(cell.id, cell.source) for index, cell in enumerate(cells)}
        if choice.target is not None:
            wanted = cells_for_target([cell.source for cell in cells], choice.target)
            texts = {index: texts[index] for index in wanted}
        planned = session.plan(list(texts.values()))
    finally:
        session.close()
    if as_json:
        click.echo(json.dumps([cell.to_json() for cell in planned], indent=2))
        return
    columns = (Column("cell"), Column("instruction"), Column("what"), Column("why"))
    tell(Table(columns, [_row(cell) for cell in planned]))


def _row(cell: PlannedCell) -> tuple[str, ...]:
    return (str(cell.number), cell.title, _WORDS[cell.action], cell.reason)


@click.command()
@click.argument("left", metavar="A")
@click.argument("right", metavar="B")
@click.argument("path", required=False)
@click.option("--engine", type=click.Choice(ENGINES), envvar="DOCKERNB_ENGINE", show_envvar=True)
@click.option("--json", "as_json", is_flag=True, help="The differences as JSON.")
def diff(left: str, right: str, path: str | None, engine: str | None, as_json: bool) -> None:
    """Show what differs between images A and B: files with their sizes, and the config.

    A and B are names or IDs of images on the engine. Files are compared by their contents, modes
    and owners; times do not count. With PATH: the lines of that file that differ.
    """
    opened = open_engine(engine)
    try:
        images = [_image_id(opened, name) for name in (left, right)]
        if path is not None:
            lines = file_diff(SnapshotFiles(opened), images[0], images[1], absolute(path))
            if as_json:
                tell_json(lines)
            else:
                echo(file_diff_text(lines))
            return
        found = compare_snapshots(opened, *images)
    finally:
        opened.close()
    if as_json:
        click.echo(json.dumps(found.to_json(), indent=2))
        return
    for line in diff_text(left, right, found, limit=_ROWS):
        echo(line)


def _image_id(engine: Engine, name: str) -> str:
    image = engine.find_image(name)
    if image is None:
        raise ImageNotFoundError(
            f'there is no image "{name}" on the engine', hint=f"dockernb pull {name}"
        )
    return image.id
