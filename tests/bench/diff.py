"""What changed in a container: how long that takes to tell, in small bases and in large ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dockernb.engines.base import Engine, Image

from .bases import change_one_file, with_files
from .machine import SMALL_BASE, Machine
from .measure import Figure, Goal, timed

__all__ = ["file_diff"]

_SMALL = "the same on busybox"


def file_diff(machine: Machine) -> Iterator[Figure]:
    """One file changed in a base of many files, against the same on a base of hardly any."""
    engines: dict[str, Engine] = {
        "Docker": machine.docker_engine,
        "embedded, overlay": machine.embedded_engine("overlay"),
    }
    for name, engine in engines.items():
        yield _of_engine(name, engine, machine)


def _of_engine(name: str, engine: Engine, machine: Machine) -> Figure:
    large, small = with_files(engine, machine.sizes.base_files), engine.find_image(SMALL_BASE)
    assert small is not None
    things: list[tuple[str, Callable[[], float]]] = [
        ("diff", lambda: _diff(engine, large)),
        (_SMALL, lambda: _diff(engine, small)),
    ]
    if name == "Docker":
        things.append(("GET /changes", lambda: _changes(engine, large, machine)))
    ours, *references = machine.alternate(*things, runs=machine.sizes.runs)
    if name == "Docker":
        machine.api.client.remove_image(large.id, force=True)
    return Figure(
        f"{name}: file diff in {machine.sizes.base_files:,} files",
        ours,
        tuple(references),
        (Goal(1.5, _SMALL),),
    )


def _diff(engine: Engine, image: Image) -> float:
    with change_one_file(engine, image) as container:
        return timed(container.diff)


def _changes(engine: Engine, image: Image, machine: Machine) -> float:
    with change_one_file(engine, image) as container:
        return machine.api.changes(container.id)
