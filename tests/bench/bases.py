"""Bases with many files, made by an engine itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dockernb.engines.base import Engine, Image, WorkingContainer
from tests.conformance.bench import next_config, run, shell

from .machine import SMALL_BASE
from .reference import unique

__all__ = ["change_one_file", "many_files_script", "with_files", "with_layers"]

_IN_A_FOLDER = 1000


def many_files_script(count: int) -> str:
    """Makes `count` files of two bytes, a thousand in a folder."""
    folders, rest = divmod(count, _IN_A_FOLDER)
    loop = "mkdir -p /many/$d && for f in $(seq 1 {}); do echo x > /many/$d/$f; done"
    words = [f"for d in $(seq 1 {folders}); do {loop.format(_IN_A_FOLDER)}; done"]
    words += [f"d=rest && {loop.format(rest)}"] if rest else []
    return " && ".join(words)


def with_files(engine: Engine, count: int) -> Image:
    """An image with `count` files more than the small base."""
    return _step(engine, _small(engine), f"{many_files_script(count)} && echo {unique()} > /made")


def with_layers(engine: Engine, count: int) -> list[Image]:
    """A chain of `count` snapshots, each with one small file more."""
    chain = [_small(engine)]
    for _ in range(count):
        chain.append(_step(engine, chain[-1], f"echo {unique()} > /marker"))
    return chain[1:]


@contextmanager
def change_one_file(engine: Engine, image: Image) -> Iterator[WorkingContainer]:
    """A container in which one file was made, to be looked at."""
    with engine.create(image.id, shell(f"echo {unique()} > /marker")) as container:
        code, output = run(container)
        assert code == 0, output
        yield container


def _small(engine: Engine) -> Image:
    image = engine.find_image(SMALL_BASE)
    assert image is not None, SMALL_BASE
    return image


def _step(engine: Engine, parent: Image, script: str) -> Image:
    with engine.create(parent.id, shell(script)) as container:
        code, output = run(container)
        assert code == 0, output
        return container.commit(next_config(parent, "RUN"), layer=True)
