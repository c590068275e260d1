"""The figures of the embedded engine: with overlay mounts and without mounts."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jupyter_client.blocking import BlockingKernelClient

from dockernb.engines.embedded.engine import EmbeddedEngine
from tests.differential.kernel_build import running_kernel
from tests.testbed.stored import load_from_daemon

from . import cells
from .buildah import Buildah
from .kernel import cell_seconds
from .measure import Figure, alternate, timed
from .pull import DockerPull
from .reference import Buildx, unique

__all__ = ["WAYS", "cells_of", "install_packages", "pull", "stored_kernel"]

# Way to run commands -> its rung, and how long a trivial RUN may take, request to idle.
WAYS = {"overlay": (1, 0.060), "no mounts": (4, 0.300)}
_INSTALL = "apt-get update && apt-get install -y --no-install-recommends redis-server"


@contextmanager
def stored_kernel(way: str) -> Iterator[BlockingKernelClient]:
    """A kernel on a new store that has the testbed's Debian."""
    rung, _ = WAYS[way]
    with tempfile.TemporaryDirectory(prefix="bench-store-") as home:
        engine = EmbeddedEngine(Path(home) / "store", rung=rung)
        try:
            load_from_daemon(engine, ["debian:bookworm-slim"])
        finally:
            engine.close()
        names = {"DOCKERNB_HOME": home, "DOCKERNB_ENGINE": "embedded", "DOCKERNB_RUNG": str(rung)}
        with running_kernel(names) as kernel:
            yield kernel


def cells_of(
    way: str, kernel: BlockingKernelClient, builder: Buildx, buildah: Buildah | None, runs: int
) -> list[Figure]:
    """RUN, ENV and cached cells."""
    figures = [
        *_run_cell(way, kernel, builder, buildah, runs),
        cells.metadata_cell(kernel, builder, runs, engine=f"embedded, {way}"),
        cells.cached_cell(kernel, builder, runs, engine=f"embedded, {way}"),
    ]
    cell_seconds(kernel, "%reset")
    return figures


def _run_cell(
    way: str, kernel: BlockingKernelClient, builder: Buildx, buildah: Buildah | None, runs: int
) -> list[Figure]:
    cell_seconds(kernel, f"%reset\n{cells.BASE}")

    def ours(_: int) -> float:
        return cell_seconds(kernel, f"RUN echo {unique()} > /marker")

    def by_buildx(_: int) -> float:
        return builder.seconds([cells.BASE, f"RUN echo {unique()} > /marker"])

    things = [("RUN cell", ours), ("buildx build, one new RUN", by_buildx)]
    if buildah is not None:
        script = "echo {} > /marker"
        things.append(("buildah run + commit", lambda _: buildah.seconds(script.format(unique()))))
    measured, *references = alternate(*things, runs=runs)
    name = f"embedded, {way}: RUN cell, request to idle"
    _, limit = WAYS[way]
    figures = [Figure(name, measured, references[0], limit_seconds=limit)]
    if buildah is not None:
        figures.append(Figure(name, measured, references[1], limit_ratio=0.3))
    return figures


def pull(way: str, docker: DockerPull, runs: int) -> Figure:
    """Debian from the registry at the loopback interface, until a command could run in it."""
    rung, _ = WAYS[way]

    def ours(_: int) -> float:
        with tempfile.TemporaryDirectory(prefix="bench-store-") as home:
            engine = EmbeddedEngine(Path(home) / "store", rung=rung)
            try:
                engine.start()
                return timed(
                    lambda: engine.pull(docker.image, None, lambda _: None, threading.Event())
                )
            finally:
                engine.close()

    things = ("pull into an empty store", ours), ("docker pull", docker.seconds)
    pair = alternate(*things, runs=runs, warm_up=False)
    return Figure(f"embedded, {way}: pull of debian:bookworm-slim", *pair)


def install_packages(way: str, kernel: BlockingKernelClient, builder: Buildx) -> Figure:
    """A RUN that installs redis-server, one run each, with Debian's mirror between."""
    cell_seconds(kernel, f"%reset\n{cells.BASE}")

    def ours(_: int) -> float:
        return cell_seconds(kernel, f"RUN : {unique()} && {_INSTALL}")

    def reference(_: int) -> float:
        return builder.seconds([cells.BASE, f"RUN : {unique()} && {_INSTALL}"])

    pair = alternate(("RUN cell", ours), ("buildx build", reference), runs=1, warm_up=False)
    return Figure(f"embedded, {way}: apt-get install redis-server", *pair)
