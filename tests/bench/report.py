"""The figures for people and for programs."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from .measure import Figure, Unit
from .sizes import Sizes

__all__ = ["goals_in_words", "report", "shown", "table", "when_and_where"]


def table(figures: Iterable[Figure]) -> Table:
    """A line for each figure."""
    found = Table(
        "what", "median", "spread", "CPU", "reference", "ratio", "to reach", "reached", box=None
    )
    for figure in figures:
        ours = figure.ours
        spread = f"{shown(min(ours.values), ours.unit)} - {shown(max(ours.values), ours.unit)}"
        references = figure.references
        found.add_row(
            figure.name,
            shown(ours.median, ours.unit),
            spread if len(ours.samples) > 1 else "",
            "" if ours.cpu is None else shown(ours.cpu, "s"),
            "\n".join(f"{each.what} {shown(each.median, each.unit)}" for each in references),
            "\n".join(f"{figure.ratio(each.what):.2f}" for each in references),
            "\n".join(goals_in_words(figure)),
            {True: "yes", False: "NO", None: ""}[figure.reached],
        )
    return found


def report(figures: Sequence[Figure], sizes: Sizes) -> dict[str, Any]:
    """All of a run, for JSON."""
    measured = [figure.to_json() for figure in figures]
    return {**when_and_where(), "sizes": sizes.name, "figures": measured}


def when_and_where() -> dict[str, Any]:
    """The moment, the commit and the machine."""
    return {
        "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "commit": _commit(),
        "machine": {
            "cores": os.cpu_count(),
            "processor": _processor(),
            "system": platform.release(),
            "python": platform.python_version(),
        },
    }


def shown(value: float, unit: Unit) -> str:
    """Three digits or so, for a reader."""
    if unit == "B":
        return f"{value / 1e6:.0f} MB" if value >= 1e7 else f"{value / 1e3:.1f} kB"
    if value >= 10:
        return f"{value:.0f} s"
    if value >= 1:
        return f"{value:.2f} s"
    return f"{value * 1000:.0f} ms" if value >= 0.01 else f"{value * 1000:.1f} ms"


def goals_in_words(figure: Figure) -> Iterable[str]:
    """Each goal."""
    for goal in figure.goals:
        if goal.against:
            yield f"{goal.most} x {goal.against}"
        else:
            yield shown(goal.most, figure.ours.unit)


def _commit() -> str:
    """The commit that is measured, with a mark if files were changed since; "": not known."""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
