"""`dockernb history`: the steps of an executed notebook, or of an image."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from dockernb.cli.outputs import CARD_MIME
from dockernb.cli.terminal import echo, tell
from dockernb.engines.base import Image
from dockernb.engines.select import ENGINES, open_engine
from dockernb.errors import ImageNotFoundError
from dockernb.notebook.cells import Notebook, check_kernel, read_notebook
from dockernb.ui.card_view import CardView
from dockernb.ui.figures import format_bytes, format_seconds
from dockernb.ui.saved_card import from_card_json
from dockernb.ui.table import Column, Table
from dockernb.ui.visible import visible

__all__ = ["history"]

_WIDTH = 50
_STEP = (
    Column("step", "figure"),
    Column("stage"),
    Column("instruction"),
    Column("status"),
    Column("snapshot"),
    Column("size", "figure"),
    Column("seconds", "figure"),
    Column("why"),
)
_LAYER = (Column("created"), Column("created by"), Column("layer"))


@click.command()
@click.argument("what", metavar="NOTEBOOK|IMAGE")
@click.option("--engine", type=click.Choice(ENGINES), envvar="DOCKERNB_ENGINE", show_envvar=True)
@click.option("--json", "as_json", is_flag=True, help="The steps as JSON.")
def history(what: str, engine: str | None, as_json: bool) -> None:
    """Show the steps of an executed NOTEBOOK, or those that made IMAGE.

    Of a notebook the saved cards are read: step, stage, status, snapshot, size, seconds, and why
    the step was built or taken from the cache. --json says that in values: which file changed (and
    which line of .dockerignore took it out), which ARG from what to what, which parent. No engine
    is asked.
    """
    if what == "-" or what.endswith(".ipynb") or Path(what).is_file():
        document = read_notebook(what)
        check_kernel(document)
        rows = list(_steps(document))
        columns: tuple[Column, ...] = _STEP
        lines = [_step_line(row) for row in rows]
    else:
        rows = _layers(_image(what, engine))
        columns = _LAYER
        lines = [
            (row["created"], row["created_by"], "no" if row["empty_layer"] else "yes")
            for row in rows
        ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    if not lines:
        echo("no cell of this notebook has run")
        return
    tell(Table(columns, list(_cut(lines))))


def _cut(lines: Sequence[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    for line in lines:
        yield tuple(
            text if len(text) <= _WIDTH else text[: _WIDTH - 3] + "..."
            for text in map(visible, line)
        )


def _steps(document: Notebook) -> Iterator[dict[str, Any]]:
    for number, cell in enumerate(document.code_cells, 1):
        for output in _list(document.data["cells"][cell.index].get("outputs")):
            data = output.get("data") if isinstance(output, dict) else None
            card = data.get(CARD_MIME) if isinstance(data, dict) else None
            if card is None:
                continue
            try:
                yield _step(number, cell.id, from_card_json(card))
            except ValueError:
                continue


def _step(number: int, cell_id: str, view: CardView) -> dict[str, Any]:
    cache = view.cache
    return {
        "cell": number,
        "cell_id": cell_id,
        "step": view.step,
        "stage": view.stage,
        "instruction": view.instruction,
        "source": view.source,
        "status": view.status,
        "snapshot": view.snapshot.id if view.snapshot else None,
        "parent": view.parent_id,
        "bytes": _size(view),
        "seconds": view.seconds.get("total", 0.0),
        "cache": None
        if cache is None
        else {
            "status": cache.status,
            "reason": cache.reason,
            "changed": list(cache.changed),
            "causes": [cause.to_json() for cause in cache.causes],
        },
    }


def _size(view: CardView) -> int:
    """What the step adds; for FROM all of the base."""
    if view.snapshot is None:
        return 0
    return view.snapshot.size if view.instruction == "FROM" else view.snapshot.layer_size


def _step_line(step: dict[str, Any]) -> tuple[str, ...]:
    return (
        str(step["step"]),
        step["stage"],
        " ".join(step["source"].split()),
        step["status"],
        (step["snapshot"] or "").removeprefix("sha256:")[:12],
        format_bytes(step["bytes"]),
        format_seconds(step["seconds"]),
        step["cache"]["reason"] if step["cache"] else "",
    )


def _image(name: str, engine: str | None) -> Image:
    opened = open_engine(engine)
    try:
        image = opened.find_image(name)
    finally:
        opened.close()
    if image is None:
        raise ImageNotFoundError(
            f'there is no image "{name}" on the engine',
            hint=f"A notebook's name ends with .ipynb; to fetch an image: dockernb pull {name}",
        )
    return image


def _layers(image: Image) -> list[dict[str, Any]]:
    return [
        {
            "created": entry.created or "",
            "created_by": entry.created_by,
            "empty_layer": entry.empty_layer,
            "comment": entry.comment,
        }
        for entry in image.config.history
    ]


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
