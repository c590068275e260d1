"""What comes from elsewhere: an image from a registry, packages from Debian's mirror."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from dockernb.engines.embedded.engine import EmbeddedEngine

from .machine import WAYS, Machine
from .measure import Figure, Goal, Sample, alternate, timed
from .reference import unique

__all__ = ["packages", "pull"]

_INSTALL = "apt-get update && apt-get install -y --no-install-recommends redis-server"
_PULL = "docker pull"
_BUILDX = "buildx build"


def pull(machine: Machine) -> Iterator[Figure]:
    """The base from the registry at the loopback interface, until a command could run in it."""
    docker = machine.pulled
    for way in machine.sizes.ways:

        def ours(rung: int = WAYS[way]) -> float:
            with TemporaryDirectory(prefix="bench-store-") as home:
                engine = EmbeddedEngine(Path(home) / "store", rung=rung)
                try:
                    engine.start()
                    stop = threading.Event()
                    return timed(lambda: engine.pull(docker.image, None, lambda _: None, stop))
                finally:
                    engine.close()

        measured, reference = alternate(
            ("pull into an empty store", ours),
            (_PULL, docker.seconds),
            runs=machine.sizes.slow_runs,
            warm_up=False,
        )
        yield Figure(f"embedded, {way}: pull", measured, (reference,), (Goal(1.0, _PULL),))


def packages(machine: Machine) -> Iterator[Figure]:
    """A RUN that installs redis-server, with Debian's mirror between."""
    if not machine.sizes.packages:
        return
    base = f"FROM {machine.sizes.base}"
    for way in machine.sizes.ways:
        kernel = machine.embedded_kernel(way)

        def ours(kernel=kernel) -> Sample:
            kernel.cell(f"%reset\n{base}")
            return kernel.cell(f"RUN : {unique()} && {_INSTALL}")

        measured, reference = alternate(
            ("RUN cell", ours),
            (_BUILDX, lambda: machine.buildx.seconds([base, f"RUN : {unique()} && {_INSTALL}"])),
            runs=machine.sizes.slow_runs,
            warm_up=False,
        )
        name = f"embedded, {way}: apt-get install redis-server"
        yield Figure(name, measured, (reference,), (Goal(1.3, _BUILDX),))
