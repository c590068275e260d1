"""What grows on an engine: its store, its bases, the images of a daemon."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from functools import partial

from dockernb.engines.base import Engine, Image
from dockernb.oci.config import ImageConfig, RuntimeConfig
from tests.bench.bases import change_one_file, with_files
from tests.bench.machine import SMALL_BASE, Machine
from tests.bench.measure import timed
from tests.bench.reference import unique
from tests.conformance.bench import next_config, run, shell

from .curve import Curve
from .sizes import Growth

__all__ = ["base_files", "daemon_images", "store_snapshots"]


def store_snapshots(machine: Machine, growth: Growth) -> Curve:
    """Steps of the embedded engine in a store that holds more and more snapshots."""
    engine = machine.embedded_engine("overlay")
    kernel = machine.embedded_kernel("overlay")
    base, made = _image(engine, SMALL_BASE), 0
    lines: dict[str, dict[int, float]] = {}
    for size in growth.snapshots:
        for _ in range(size - made):
            _step(engine, base)
        made = size
        kernel.cell(f"%reset\nFROM {SMALL_BASE}")
        _note(lines, "RUN cell", size, growth, lambda: kernel.cell(_run()).value)
        _note(lines, "metadata cell", size, growth, lambda: kernel.cell(_env()).value)
        _note(lines, "names of all images", size, growth, lambda: timed(engine.local_references))
    return Curve("store", "Snapshots in the embedded engine's store", "snapshots", lines)


def base_files(machine: Machine, growth: Growth) -> Curve:
    """A step that changes one file, on bases of more and more files."""
    engines: dict[str, Engine] = {"Docker": machine.docker_engine}
    engines |= {f"embedded, {way}": machine.embedded_engine(way) for way in machine.sizes.ways}
    lines: dict[str, dict[int, float]] = {}
    for name, engine in engines.items():
        for size in growth.base_files:
            image = with_files(engine, size)
            made: list[str] = []
            _note(lines, name, size, growth, partial(_kept, engine, image, made))
            if name == "Docker":
                _remove(machine, [*made, image.id])
    return Curve(
        "base", "Diff and commit of one file, by the size of the base", "files in the base", lines
    )


def daemon_images(machine: Machine, growth: Growth) -> Curve:
    """Cells on a daemon that has more and more images."""
    engine, kernel = machine.docker_engine, machine.docker_kernel
    made: list[str] = []
    lines: dict[str, dict[int, float]] = {}
    try:
        for size in growth.images:
            made += [_empty(engine) for _ in range(size - len(made))]
            kernel.cell(f"%reset\nFROM {SMALL_BASE}")
            _note(lines, "RUN cell", size, growth, lambda: kernel.cell(_run()).value)
            _note(lines, "metadata cell", size, growth, lambda: kernel.cell(_env()).value)
            again = _run()
            kernel.cell(f"%reset\nFROM {SMALL_BASE}")
            kernel.cell(again)

            def cached(again: str = again) -> float:
                kernel.cell(f"%reset\nFROM {SMALL_BASE}")
                return kernel.cell(again).value

            _note(lines, "cached cell", size, growth, cached)
    finally:
        _remove(machine, made)
    return Curve("daemon", "Images on the Docker daemon", "images", lines)


def _note(
    lines: dict[str, dict[int, float]],
    name: str,
    size: int,
    growth: Growth,
    action: Callable[[], float],
) -> None:
    """Measures, and keeps the median; the first run does not count."""
    action()
    seconds = statistics.median(action() for _ in range(growth.runs))
    lines.setdefault(name, {})[size] = seconds


def _kept(engine: Engine, image: Image, made: list[str]) -> float:
    """Seconds of diff and commit; the new image goes on the list."""
    with change_one_file(engine, image) as container:

        def keep() -> None:
            container.diff()
            made.append(container.commit(next_config(image, "RUN"), layer=True).id)

        return timed(keep)


def _remove(machine: Machine, images: Iterable[str]) -> None:
    for image in images:
        machine.api.client.remove_image(image, force=True, noprune=True)


def _image(engine: Engine, name: str) -> Image:
    found = engine.find_image(name)
    assert found is not None, name
    return found


def _step(engine: Engine, parent: Image) -> None:
    with engine.create(parent.id, shell(f"echo {unique()} > /marker")) as container:
        code, output = run(container)
        assert code == 0, output
        container.commit(next_config(parent, "RUN"), layer=True)


def _empty(engine: Engine) -> str:
    platform = engine.info().platform
    return engine.scratch(ImageConfig(platform, RuntimeConfig(labels={"bench": unique()}))).id


def _run() -> str:
    return f"RUN echo {unique()} > /marker"


def _env() -> str:
    return f"ENV MARKER={unique()}"
