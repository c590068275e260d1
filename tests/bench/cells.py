"""Cells of the two engines against the same step of the builders."""

from __future__ import annotations

import time
from collections.abc import Iterator

from .kernel import TimedKernel
from .machine import Machine
from .measure import Action, Figure, Goal, Sample
from .reference import unique

__all__ = [
    "cached_cells",
    "docker_cached",
    "docker_metadata",
    "docker_run",
    "embedded_cached",
    "embedded_metadata",
    "embedded_run",
]

_BUILDX = "buildx build"
_BUILDAH = "buildah run + commit"
#: Seconds that a trivial RUN of the embedded engine may take.
_RUN_SECONDS = {"overlay": 0.060, "no mounts": 0.300}


def docker_run(machine: Machine) -> Iterator[Figure]:
    """One new RUN step on a Debian base: after a moment of typing, and as in "Run all Cells"."""
    kernel = machine.docker_kernel
    kernel.cell(f"%reset\n{_from(machine)}")

    def typed() -> Sample:
        time.sleep(machine.sizes.typing)  # what is measured is what a kernel makes of the time
        return kernel.cell(_new_run())

    def at_once() -> Sample:
        kernel.cell(f"RUN echo {unique()} > /above")
        return kernel.cell(_new_run())

    script = "echo {} > /marker"
    ours, hurried, *references = machine.alternate(
        ("RUN cell", typed),
        ("RUN cell at once", at_once),
        (_BUILDX, lambda: machine.buildx.seconds([_from(machine), _new_run()])),
        ("classic builder", lambda: machine.classic.seconds([_from(machine), _new_run()])),
        ("bare API", lambda: machine.api.run_step(machine.sizes.base, script.format(unique()))),
        runs=machine.sizes.runs,
    )
    goals = (Goal(0.5, _BUILDX),)
    yield Figure("Docker: RUN cell after typing", ours, tuple(references), goals)
    yield Figure("Docker: RUN cell at once", hurried, tuple(references))


def docker_metadata(machine: Machine) -> Iterator[Figure]:
    """One new ENV step."""
    yield _metadata("Docker", machine.docker_kernel, machine)


def docker_cached(machine: Machine) -> Iterator[Figure]:
    """A RUN step that was built before."""
    yield _cached("Docker", machine.docker_kernel, machine)


def cached_cells(machine: Machine) -> Iterator[Figure]:
    """A notebook whose steps are all cached, one cell after the other."""
    count = machine.sizes.cached_cells
    steps = [_from(machine), *(f"LABEL step{number}={unique()}" for number in range(count - 1))]
    kernel = machine.docker_kernel

    def ours() -> Sample:
        kernel.cell("%reset")
        cells = [kernel.cell(step) for step in steps]
        return Sample(sum(cell.value for cell in cells), sum(cell.cpu or 0.0 for cell in cells))

    measured, reference = machine.alternate(
        (f"{count} cells", ours),
        (_BUILDX, lambda: machine.buildx.seconds(steps)),
        runs=max(1, machine.sizes.runs // 3),
    )
    name = f"Docker: {count} cached cells"
    yield Figure(name, measured, (reference,), (Goal(0.020 * count),))


def embedded_run(machine: Machine) -> Iterator[Figure]:
    """One new RUN step without a daemon."""
    for way in machine.sizes.ways:
        yield _embedded_run(way, machine)


def _embedded_run(way: str, machine: Machine) -> Figure:
    kernel, buildah = machine.embedded_kernel(way), machine.buildah
    kernel.cell(f"%reset\n{_from(machine)}")
    things: list[tuple[str, Action]] = [
        ("RUN cell", lambda: kernel.cell(_new_run())),
        (_BUILDX, lambda: machine.buildx.seconds([_from(machine), _new_run()])),
    ]
    goals = [Goal(_RUN_SECONDS[way])]
    if buildah is not None:
        script = "echo {} > /marker"
        things.append((_BUILDAH, lambda: buildah.seconds(script.format(unique()))))
        goals.append(Goal(0.3, _BUILDAH))
    ours, *references = machine.alternate(*things, runs=machine.sizes.runs)
    return Figure(f"embedded, {way}: RUN cell", ours, tuple(references), tuple(goals))


def embedded_metadata(machine: Machine) -> Iterator[Figure]:
    """One new ENV step."""
    for way in machine.sizes.ways:
        yield _metadata(f"embedded, {way}", machine.embedded_kernel(way), machine)


def embedded_cached(machine: Machine) -> Iterator[Figure]:
    """A RUN step that was built before."""
    for way in machine.sizes.ways:
        yield _cached(f"embedded, {way}", machine.embedded_kernel(way), machine)


def _metadata(engine: str, kernel: TimedKernel, machine: Machine) -> Figure:
    kernel.cell(f"%reset\n{_from(machine)}")
    ours, reference = machine.alternate(
        ("ENV cell", lambda: kernel.cell(f"ENV MARKER={unique()}")),
        (_BUILDX, lambda: machine.buildx.seconds([_from(machine), f"ENV MARKER={unique()}"])),
        runs=machine.sizes.runs,
    )
    return Figure(f"{engine}: metadata cell", ours, (reference,), (Goal(0.050),))


def _cached(engine: str, kernel: TimedKernel, machine: Machine) -> Figure:
    steps = [_from(machine), _new_run()]

    def ours() -> Sample:
        kernel.cell(f"%reset\n{steps[0]}")
        return kernel.cell(steps[1])

    ours()
    machine.buildx.seconds(steps)
    measured, reference = machine.alternate(
        ("RUN cell", ours),
        (_BUILDX, lambda: machine.buildx.seconds(steps)),
        runs=machine.sizes.runs,
    )
    return Figure(f"{engine}: cached cell", measured, (reference,), (Goal(0.015),))


def _from(machine: Machine) -> str:
    return f"FROM {machine.sizes.base}"


def _new_run() -> str:
    return f"RUN echo {unique()} > /marker"
