"""Measures how costs grow, and draws the curves of docs/performance.md."""

from __future__ import annotations

import argparse
import json
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.bench import sizes as figures
from tests.bench.documents import PAGE, machine_line, replace_block
from tests.bench.machine import Machine
from tests.bench.report import shown, when_and_where

from .curve import Curve
from .engines import base_files, daemon_images, store_snapshots
from .notebooks import card_entries, context_files, kernels_at_once, notebook_cells
from .picture import svg
from .sizes import FULL, TINY, Growth

__all__ = ["CURVES"]

CURVES: dict[str, Callable[[Machine, Growth], Curve]] = {
    "cells": notebook_cells,
    "store": store_snapshots,
    "base": base_files,
    "daemon": daemon_images,
    "kernels": kernels_at_once,
    "context": context_files,
    "card": card_entries,
}
_KEPT = Path("build/bench/growth.json")


def main() -> int:
    """Exit code 1 if a curve could not be measured."""
    arguments = _parser().parse_args()
    growth = TINY if arguments.tiny else FULL
    kept = {} if arguments.tiny else _kept()
    failed = []
    with Machine(figures.TINY if arguments.tiny else figures.FULL) as machine:
        for name in arguments.curves or CURVES:
            try:
                kept[name] = CURVES[name](machine, growth)
            except Exception:  # noqa: BLE001 - whatever it is, the other curves are measured
                traceback.print_exc()
                failed.append(name)
                continue
            sys.stderr.write("\n".join(["", *in_words(kept[name]), ""]))
    measured = {name: kept[name].to_json() for name in CURVES if name in kept}
    if not arguments.tiny:
        _KEPT.parent.mkdir(parents=True, exist_ok=True)
        _KEPT.write_text(json.dumps(measured, indent=1) + "\n", "utf-8")
    sys.stdout.write(json.dumps({**when_and_where(), "curves": measured}, indent=1) + "\n")
    if arguments.docs:
        _document([kept[name] for name in CURVES if name in kept])
    return int(bool(failed))


def in_words(curve: Curve) -> list[str]:
    """A table in Markdown: seconds at each size, and how steep that is."""
    sizes = sorted({size for points in curve.lines.values() for size in points})
    lines = [f"| {curve.sizes} | " + " | ".join(f"{size:,}" for size in sizes) + " | exponent |"]
    lines.append("|" + "---|" * (len(sizes) + 2))
    for name, points in curve.lines.items():
        cells = [shown(points[size], "s") if size in points else "" for size in sizes]
        lines.append(f"| {name} | " + " | ".join(cells) + f" | {curve.steepness(name):.2f} |")
    return lines


def _document(curves: Sequence[Curve]) -> None:
    lines = [machine_line(when_and_where())]
    for curve in curves:
        file = PAGE.parent / "images" / f"growth-{curve.name}.svg"
        file.write_text(svg(curve), "utf-8")
        lines += ["", f"### {curve.title}", "", f"![{curve.title}](images/{file.name})", ""]
        lines += in_words(curve)
    replace_block(PAGE, "growth", lines)


def _kept() -> dict[str, Curve]:
    """The curves of the last run: one that is measured alone leaves the others as they are."""
    if not _KEPT.exists():
        return {}
    curves = json.loads(_KEPT.read_text("utf-8"))
    return {name: Curve.from_json(curve) for name, curve in curves.items()}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.growth", description=__doc__)
    parser.add_argument("curves", nargs="*", metavar="CURVE", help=f"of: {', '.join(CURVES)}")
    parser.add_argument("--tiny", action="store_true", help="tiny sizes: only to see that it works")
    parser.add_argument("--docs", action="store_true", help=f"put curves and tables into {PAGE}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
