"""Measures what docs/performance.md tells: a table for people, JSON for programs."""

from __future__ import annotations

import argparse
import json
import sys
import traceback
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from .documents import PAGE, figures_table, machine_line, replace_block
from .history import History, changes, changes_table
from .machine import Machine
from .measure import Figure
from .report import report, table
from .rows import ROWS
from .sizes import FULL, TINY

_HISTORY = Path("build/bench/history.jsonl")


def main() -> int:
    """Exit code 1 if a row could not be measured; a missed goal is no error."""
    arguments = _parser().parse_args()
    history = History(arguments.history)
    # Wide also where it goes into a file: a row that wraps is hard to read.
    console = Console(stderr=True, width=max(Console(stderr=True).width, 200))
    sizes = TINY if arguments.tiny else FULL
    if arguments.runs:
        slow = min(arguments.runs, sizes.slow_runs)
        sizes = replace(sizes, name="custom", runs=arguments.runs, slow_runs=slow)
    if arguments.compare:
        runs = history.runs(sizes.name)
        console.print(changes_table(changes(runs)) if runs else "nothing was measured yet")
        return 0
    with Machine(sizes) as machine:
        figures, failed = measure(machine, arguments.rows or list(ROWS))
    console.print(table(figures))
    made = report(figures, sizes)
    history.append(made)
    if len(history.runs(sizes.name)) > 1:
        console.print(changes_table(changes(history.runs(sizes.name))))
    text = json.dumps(made, indent=2)
    sys.stdout.write(text + "\n")
    if arguments.json is not None:
        arguments.json.write_text(text + "\n", "utf-8")
    if arguments.docs:
        replace_block(PAGE, "figures", [machine_line(made), "", *figures_table(figures)])
    if failed:
        console.print(f"not measured: {', '.join(failed)}", style="red")
    return int(bool(failed))


def measure(machine: Machine, names: list[str]) -> tuple[list[Figure], list[str]]:
    """The figures of these rows, and the names of rows that failed, which stop no others."""
    figures: list[Figure] = []
    failed = []
    for name in names:
        sys.stderr.write(f"bench: {name}\n")
        try:
            figures += ROWS[name](machine)
        except Exception:  # noqa: BLE001 - whatever it is, the other rows are measured
            traceback.print_exc()
            failed.append(name)
    return figures, failed


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of: {', '.join(ROWS)}")
    parser.add_argument("--runs", type=int, help="measured runs of each thing")
    parser.add_argument("--tiny", action="store_true", help="tiny sizes: only to see that it works")
    parser.add_argument("--json", type=Path, help="write the JSON here too")
    parser.add_argument("--docs", action="store_true", help=f"put the table into {PAGE}")
    parser.add_argument("--history", type=Path, default=_HISTORY, help="where runs are kept")
    parser.add_argument(
        "--compare", action="store_true", help="measure nothing: the last run against those before"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
