"""What grows in a notebook: its cells, the kernels beside it, its context, its cards."""

from __future__ import annotations

import statistics
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from jupyter_core.utils import ensure_event_loop

from dockernb.build.events import StepFinished
from dockernb.ui.card import Card
from tests.bench.copying import make_context
from tests.bench.kernel import TimedKernel, started_kernel
from tests.bench.machine import SMALL_BASE, WAYS, Machine
from tests.bench.measure import timed
from tests.bench.reference import unique
from tests.browser.notebook import write
from tests.unit.ui.samples import big_diff, built

from .curve import Curve
from .sizes import Growth

__all__ = ["card_entries", "context_files", "kernels_at_once", "notebook_cells"]

_FROM = f"FROM {SMALL_BASE}"


def notebook_cells(machine: Machine, growth: Growth) -> Curve:
    """The last cell of a saved notebook, built and from the cache; and all of it once more."""
    lines: dict[str, dict[int, float]] = {"last cell, built": {}, "last cell, cached": {}}
    lines["each cell of a second run"] = {}
    for size in growth.cells:
        cells = [_FROM, *(f"LABEL step{number}={unique()}" for number in range(size - 1))]
        notebook = write(machine.folder() / "notebook.ipynb", cells)
        with _kernel_of(notebook, machine) as kernel:
            _run_all(kernel, cells)
            last = f"cell-{size - 1}"
            built_again = [
                kernel.cell(f"LABEL last={unique()}", last).value for _ in range(growth.runs)
            ]
            kernel.cell(cells[-1], last)
            cached = [kernel.cell(cells[-1], last).value for _ in range(growth.runs)]
            lines["last cell, built"][size] = statistics.median(built_again)
            lines["last cell, cached"][size] = statistics.median(cached)
            kernel.cell("%reset")
            lines["each cell of a second run"][size] = sum(_run_all(kernel, cells)) / size
    return Curve("cells", "Cells in the notebook (embedded engine)", "cells", lines)


def kernels_at_once(machine: Machine, growth: Growth) -> Curve:
    """Several kernels on one store, each of them running cells all the time."""
    lines: dict[str, dict[int, float]] = {"RUN cell, all kernels together": {}}
    lines["RUN cell of each kernel"] = {}
    kernels: list[TimedKernel] = []
    for size in growth.kernels:
        kernels += [machine.start_embedded_kernel("overlay") for _ in range(size - len(kernels))]
        for kernel in kernels:
            kernel.cell(_FROM)
            kernel.cell(f"RUN echo {unique()} > /marker")
        seconds = timed(partial(_at_once, kernels, growth.runs))
        lines["RUN cell of each kernel"][size] = seconds / growth.runs
        lines["RUN cell, all kernels together"][size] = seconds / growth.runs / size
    return Curve("kernels", "Kernels at once on one store", "kernels", lines)


def context_files(machine: Machine, growth: Growth) -> Curve:
    """COPY of a context of which nothing, or one file, changed."""
    kernel = machine.embedded_kernel("overlay")
    lines: dict[str, dict[int, float]] = {"nothing changed": {}, "COPY of one file of it": {}}
    for size in growth.context_files:
        context = machine.folder()
        make_context(context, size, 100)
        again = f"%reset\n%context {context}\n{_FROM}"
        kernel.cell(again)
        kernel.cell("COPY . /src/")
        whole, one = [], []
        for number in range(growth.runs):
            kernel.cell(again)
            whole.append(kernel.cell("COPY . /src/").value)
            (context / "folder000" / "file00000").write_text(f"{number} {unique()}")
            kernel.cell(again)
            one.append(kernel.cell("COPY folder000/file00000 /src/").value)
            (context / "folder000" / "file00000").write_bytes(b"%20d" % 0 + b"x" * 80)
            kernel.cell(again)
            kernel.cell("COPY . /src/")
        lines["nothing changed"][size] = statistics.median(whole)
        lines["COPY of one file of it"][size] = statistics.median(one)
    kernel.cell("%reset")
    return Curve("context", "Files in the build context", "files", lines)


def card_entries(machine: Machine, growth: Growth) -> Curve:
    """What a card of many changed files costs the kernel."""
    lines: dict[str, dict[int, float]] = {"card made by the kernel": {}}
    for size in growth.entries:
        result = built(big_diff(size))

        def make(result=result) -> None:
            card = Card()
            card.handle(StepFinished(result))
            card.bundle()
            card.close()

        make()
        seconds = [timed(make) for _ in range(growth.runs)]
        lines["card made by the kernel"][size] = statistics.median(seconds)
    return Curve("card", "Files in the diff of a card", "changed files", lines)


def _kernel_of(notebook: Path, machine: Machine):
    names = {
        "DOCKERNB_ENGINE": "embedded",
        "DOCKERNB_RUNG": str(WAYS["overlay"]),
        "DOCKERNB_HOME": str(machine.home("overlay")),
        "JPY_SESSION_NAME": str(notebook),
    }
    return started_kernel(names, notebook.parent)


def _run_all(kernel: TimedKernel, cells: Sequence[str]) -> list[float]:
    return [kernel.cell(source, f"cell-{number}").value for number, source in enumerate(cells)]


def _at_once(kernels: Sequence[TimedKernel], runs: int) -> None:
    def work(kernel: TimedKernel) -> None:
        try:
            for _ in range(runs):
                kernel.cell(f"RUN echo {unique()} > /marker")
        finally:
            ensure_event_loop().close()  # the client's, one for each thread

    threads = [threading.Thread(target=work, args=(kernel,)) for kernel in kernels]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
