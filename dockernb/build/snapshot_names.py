"""From what a reader calls a snapshot to its image ID."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..engines.base import Engine
from ..errors import BuildError
from .chain import CellChain

__all__ = ["find_cell", "find_snapshot"]

_RULE = "A number is a code cell, counted from the top; a name is a stage or an image."
_HEX = re.compile(r"(sha256:)?[0-9a-f]{6,64}\Z")


def find_cell(name: str, cells: Sequence[str], chain: CellChain) -> str:
    """The ID of the cell with this number or ID; it has a snapshot.

    Args:
        cells: IDs of all code cells in order.

    Raises:
        BuildError: there is no such cell, or it has made nothing that counts.
    """
    cell = name
    if name.isdecimal():
        if not 0 < int(name) <= len(cells):
            raise BuildError(
                f'there is no cell "{name}"',
                rule=f"The notebook has {len(cells)} code cells. {_RULE}",
                hint="`%plan` lists the cells with their numbers.",
            )
        cell = cells[int(name) - 1]
    record = chain.record(cell)
    if record is None or record.after.stage is None or not record.after.stage.image_id:
        raise BuildError(
            f'cell "{name}" has no snapshot', rule=_RULE, hint="Run the cell first; `%plan` helps."
        )
    return cell


def find_snapshot(name: str, cells: Sequence[str], chain: CellChain, engine: Engine) -> str:
    """The image ID of a snapshot: by cell, stage, image ID (its beginning will do) or image name.

    Raises:
        BuildError: nothing is called so.
    """
    if (name.isdecimal() and len(name) < 6) or name in cells:
        return _snapshot_of(find_cell(name, cells, chain), chain)
    newest: dict[str, str] = {}
    for record in chain.records():
        newest |= {each.name: each.image_id for each in record.after.stages if each.image_id}
    if name.lower() in newest:
        return newest[name.lower()]
    if _HEX.match(name):
        wanted = name.removeprefix("sha256:")
        made = {each.image_id for record in chain.records() for each in record.after.stages}
        matching = [image for image in made if image.removeprefix("sha256:").startswith(wanted)]
        if len(matching) == 1:
            return matching[0]
    image = engine.find_image(name)
    if image is None:
        raise BuildError(f'nothing here is called "{name}"', rule=_RULE, hint="`%history`")
    return image.id


def _snapshot_of(cell: str, chain: CellChain) -> str:
    record = chain.record(cell)
    assert record is not None and record.after.stage is not None  # noqa: S101, PT018 (find_cell)
    return record.after.stage.image_id
