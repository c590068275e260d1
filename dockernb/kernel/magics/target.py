"""Which image a magic means."""

from __future__ import annotations

from dataclasses import dataclass

from dockernb.errors import BuildError, ImageNotFoundError, StageNotFoundError

from .registry import MagicCall

__all__ = ["Target", "find_target"]

_SHORTEST_ID = 4


@dataclass(frozen=True)
class Target:
    """An image.

    Args:
        name: Of its stage, for what is made from it; "" when it has none.
    """

    image_id: str
    name: str = ""


def find_target(call: MagicCall, of: str = "") -> Target:
    """What `of` names: a stage, a snapshot by its ID (or how it begins), an image on the engine.

    With nothing said it is the snapshot of the nearest cell above, else the newest one.

    Raises:
        BuildError: nothing was built yet.
        ImageNotFoundError: there is nothing of that name.
    """
    session = call.session
    if not of:
        return _above(call) or _stage(call, None)
    try:
        return _stage(call, of)
    except (StageNotFoundError, BuildError):
        pass
    snapshots = {result.snapshot.id for result in session.results() if result.snapshot}
    wanted = of.removeprefix("sha256:")
    if len(wanted) >= _SHORTEST_ID:
        found = [each for each in snapshots if each.removeprefix("sha256:").startswith(wanted)]
        if len(found) == 1:
            return Target(found[0])
    image = session.engine().find_image(of)
    if image is None:
        raise ImageNotFoundError(
            f'"{of}" is no stage, no snapshot and no image on the engine',
            hint="%history lists the snapshots with their stages.",
        )
    return Target(image.id)


def _above(call: MagicCall) -> Target | None:
    cells = call.workspace.order.cells(call.cell_id) or []
    ids = [cell.id for cell in cells]
    if call.cell_id not in ids:
        return None
    for cell_id in reversed(ids[: ids.index(call.cell_id)]):
        scope = call.session.scope(cell_id)
        if scope.snapshot:
            return Target(scope.snapshot, _name(scope.stages[-1]))
    return None


def _stage(call: MagicCall, stage: str | None) -> Target:
    found = call.session.image_of(stage)
    return Target(found.image_id, found.name)


def _name(label: str) -> str:
    return "" if label.isdecimal() else label
