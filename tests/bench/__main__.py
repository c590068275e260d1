"""`python -m tests.bench [--runs N] [--json FILE]`: prints the figures as a table and as JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.differential.kernel_build import running_kernel

from . import cells
from .measure import Figure
from .reference import buildx


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=15, help="measured runs of each thing")
    parser.add_argument("--json", type=Path, help="write the JSON here too")
    arguments = parser.parse_args()
    figures = measure(arguments.runs)
    Console(stderr=True).print(table(figures))
    report = {
        "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
        "figures": [figure.to_json() for figure in figures],
    }
    text = json.dumps(report, indent=2)
    sys.stdout.write(text + "\n")
    if arguments.json is not None:
        arguments.json.write_text(text + "\n")


def measure(runs: int) -> list[Figure]:
    host = os.environ["DOCKERNB_TEST_DOCKER_HOST"]
    with (
        tempfile.TemporaryDirectory() as home,
        buildx() as builder,
        running_kernel({"DOCKER_HOST": host, "DOCKERNB_HOME": home}) as kernel,
    ):
        figures = [
            cells.run_cell(kernel, builder, runs, typing=True),
            cells.run_cell(kernel, builder, runs, typing=False),
            cells.metadata_cell(kernel, builder, runs),
            cells.cached_cell(kernel, builder, runs),
            cells.fifty_cached_cells(kernel, builder, max(3, runs // 5)),
        ]
    return [*figures, cells.kernel_start(max(3, runs // 3))]


def table(figures: list[Figure]) -> Table:
    """The figures for people."""
    shown = Table("what", "dockernb", "reference", "ratio", "to reach", "reached")
    for figure in figures:
        shown.add_row(
            figure.name,
            f"{figure.ours.median * 1000:.0f} ms",
            f"{figure.reference.median * 1000:.0f} ms ({figure.reference.what})",
            f"{figure.ratio:.2f}",
            figure.limit,
            "yes" if figure.reached else "no",
        )
    return shown


if __name__ == "__main__":
    main()
