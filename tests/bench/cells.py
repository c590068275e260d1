"""The figures of cells: a kernel's cell against the same step of `docker buildx build`."""

from __future__ import annotations

import time

from jupyter_client.blocking import BlockingKernelClient

from .kernel import cell_seconds, start_seconds
from .measure import Figure, alternate
from .reference import Buildx, unique

__all__ = ["BASE", "cached_cell", "fifty_cached_cells", "kernel_start", "metadata_cell", "run_cell"]

BASE = "FROM debian:bookworm-slim"


# How long a reader types at the very least.
TYPING_SECONDS = 1.0


def run_cell(kernel: BlockingKernelClient, builder: Buildx, runs: int, *, typing: bool) -> Figure:
    """One new RUN step on a Debian base.

    Args:
        typing: Whether the request comes a second after the cell before, as a reader's, or at once,
            as with "Run all Cells".
    """
    cell_seconds(kernel, f"%reset\n{BASE}")

    def ours(_: int) -> float:
        if typing:
            time.sleep(TYPING_SECONDS)  # what is measured is what a kernel makes of the time
        else:
            cell_seconds(kernel, f"RUN echo {unique()} > /above")
        return cell_seconds(kernel, f"RUN echo {unique()} > /marker")

    def reference(_: int) -> float:
        return builder.seconds([BASE, f"RUN echo {unique()} > /marker"])

    pair = alternate(("RUN cell", ours), ("buildx build, one new RUN", reference), runs=runs)
    when = "after a second of typing" if typing else "at once"
    return Figure(f"Docker: RUN cell {when}, request to idle", *pair, limit_ratio=0.5)


def metadata_cell(
    kernel: BlockingKernelClient, builder: Buildx, runs: int, *, engine: str = "Docker"
) -> Figure:
    """One new ENV step."""
    cell_seconds(kernel, f"%reset\n{BASE}")

    def ours(_: int) -> float:
        return cell_seconds(kernel, f"ENV MARKER={unique()}")

    def reference(_: int) -> float:
        return builder.seconds([BASE, f"ENV MARKER={unique()}"])

    pair = alternate(("ENV cell", ours), ("buildx build, one new ENV", reference), runs=runs)
    return Figure(f"{engine}: metadata cell, request to idle", *pair, limit_seconds=0.050)


def cached_cell(
    kernel: BlockingKernelClient, builder: Buildx, runs: int, *, engine: str = "Docker"
) -> Figure:
    """A RUN step that was built before."""
    steps = [BASE, f"RUN echo {unique()} > /marker"]

    def prepare() -> None:
        cell_seconds(kernel, f"%reset\n{steps[0]}")

    prepare()
    cell_seconds(kernel, steps[1])
    builder.seconds(steps)

    def ours(_: int) -> float:
        prepare()
        return cell_seconds(kernel, steps[1])

    def reference(_: int) -> float:
        return builder.seconds(steps)

    pair = alternate(("cached RUN cell", ours), ("buildx build, all cached", reference), runs=runs)
    return Figure(f"{engine}: cached cell, request to idle", *pair, limit_seconds=0.015)


def fifty_cached_cells(kernel: BlockingKernelClient, builder: Buildx, runs: int) -> Figure:
    """Fifty cells one after the other, all of them cached."""
    steps = [BASE, *(f"LABEL step{number}={unique()}" for number in range(49))]

    def ours(_: int) -> float:
        cell_seconds(kernel, "%reset")
        return sum(cell_seconds(kernel, step) for step in steps)

    def reference(_: int) -> float:
        return builder.seconds(steps)

    pair = alternate(("50 cached cells", ours), ("buildx build, 50 steps", reference), runs=runs)
    return Figure("Docker: 50 cached cells", *pair, limit_seconds=1.0)


def kernel_start(runs: int) -> Figure:
    """From the start of the process to ready, against Python's own kernel."""
    pair = alternate(
        ("dockernb kernel", lambda _: start_seconds("dockernb")),
        ("Python's kernel", lambda _: start_seconds("python3")),
        runs=runs,
    )
    return Figure("kernel start to ready", *pair, limit_ratio=1.2)
