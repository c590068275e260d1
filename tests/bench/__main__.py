"""`python -m tests.bench [--runs N] [--json FILE] [--packages]`: figures as a table and as JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.differential.kernel_build import running_kernel
from tests.testbed.errors import TestbedError

from . import cells, embedded
from .buildah import Buildah, opened_buildah
from .measure import Figure
from .pull import docker_pull
from .reference import Buildx, buildx


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=15, help="measured runs of each thing")
    parser.add_argument("--json", type=Path, help="write the JSON here too")
    parser.add_argument(
        "--packages", action="store_true", help="also install packages from Debian's mirror"
    )
    arguments = parser.parse_args()
    figures = measure(arguments.runs, packages=arguments.packages)
    # Wide also where it goes into a file: a row that wraps is hard to read.
    Console(stderr=True, width=max(Console(stderr=True).width, 160)).print(table(figures))
    report = {
        "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
        "figures": [figure.to_json() for figure in figures],
    }
    text = json.dumps(report, indent=2)
    sys.stdout.write(text + "\n")
    if arguments.json is not None:
        arguments.json.write_text(text + "\n")


def measure(runs: int, *, packages: bool) -> list[Figure]:
    """All figures; what cannot be measured here is left out, and said on stderr."""
    with buildx() as builder:
        return [
            *_on_docker(builder, runs),
            *_embedded(builder, runs, packages=packages),
            cells.kernel_start(max(3, runs // 3)),
        ]


def _on_docker(builder: Buildx, runs: int) -> list[Figure]:
    host = os.environ["DOCKERNB_TEST_DOCKER_HOST"]
    names = {"DOCKER_HOST": host, "DOCKERNB_ENGINE": "docker"}
    with (
        tempfile.TemporaryDirectory() as home,
        running_kernel({**names, "DOCKERNB_HOME": home}) as kernel,
    ):
        return [
            cells.run_cell(kernel, builder, runs, typing=True),
            cells.run_cell(kernel, builder, runs, typing=False),
            cells.metadata_cell(kernel, builder, runs),
            cells.cached_cell(kernel, builder, runs),
            cells.fifty_cached_cells(kernel, builder, max(3, runs // 5)),
        ]


def _embedded(builder: Buildx, runs: int, *, packages: bool) -> list[Figure]:
    figures: list[Figure] = []
    with docker_pull() as docker, _buildah(docker.image) as buildah:
        for way in embedded.WAYS:
            with embedded.stored_kernel(way) as kernel:
                figures += embedded.cells_of(way, kernel, builder, buildah, runs)
                if packages:
                    figures.append(embedded.install_packages(way, kernel, builder))
            figures.append(embedded.pull(way, docker, max(2, runs // 5)))
    return figures


@contextmanager
def _buildah(image: str) -> Iterator[Buildah | None]:
    """A reference that not every machine has."""
    with ExitStack() as stack:
        try:
            found = stack.enter_context(opened_buildah(image))
        except (TestbedError, subprocess.CalledProcessError) as error:
            said = (getattr(error, "stderr", None) or b"").decode(errors="replace").strip()
            sys.stderr.write(f"bench: without buildah: {error} {said}\n")
            found = None
        yield found


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
            "-" if figure.limit == "-" else "yes" if figure.reached else "no",
        )
    return shown


if __name__ == "__main__":
    main()
