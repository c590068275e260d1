"""What earlier runs measured, a line of JSON each, so that a regression shows.

Times of two runs say little: the machine was busier, or is another one. So what is compared is the
ratio to the reference of the same run where there is one, and the value where there is none.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

__all__ = ["Change", "History", "changes", "changes_table"]

#: So many runs before are looked at.
_EARLIER = 5
#: What is slower or larger by this factor is pointed out; two runs of the same differ by less.
_WORSE = 1.25


class History:
    """The runs in one file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, report: Mapping[str, Any]) -> None:
        """Adds a run."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(report) + "\n")

    def runs(self, sizes: str) -> list[dict[str, Any]]:
        """The runs with these sizes, oldest first."""
        if not self._path.exists():
            return []
        lines = self._path.read_text("utf-8").splitlines()
        return [run for run in map(json.loads, lines) if run["sizes"] == sizes]


@dataclass(frozen=True)
class Change:
    """One figure, now and before.

    Args:
        against: The reference that both are ratios to; "": they are seconds or bytes.
        before: Median of the runs before; None: it was not measured.
    """

    name: str
    against: str
    now: float
    before: float | None

    @property
    def factor(self) -> float | None:
        return self.now / self.before if self.before else None

    @property
    def is_worse(self) -> bool:
        factor = self.factor
        return factor is not None and factor > _WORSE


def changes(runs: Sequence[Mapping[str, Any]]) -> list[Change]:
    """The last run against those before it."""
    *before, now = runs
    earlier: dict[tuple[str, str], list[float]] = {}
    for run in before[-_EARLIER:]:
        for name, against, value in _values(run):
            earlier.setdefault((name, against), []).append(value)
    return [
        Change(
            name,
            against,
            value,
            statistics.median(earlier[name, against]) if (name, against) in earlier else None,
        )
        for name, against, value in _values(now)
    ]


def changes_table(found: Sequence[Change]) -> Table:
    """A line for each figure."""
    shown = Table("what", "compared with", "now", "before", "factor", "", box=None)
    for change in found:
        factor = change.factor
        shown.add_row(
            change.name,
            change.against or "(itself)",
            f"{change.now:.4g}",
            "" if change.before is None else f"{change.before:.4g}",
            "" if factor is None else f"{factor:.2f}",
            "WORSE" if change.is_worse else "",
        )
    return shown


def _values(run: Mapping[str, Any]) -> Iterator[tuple[str, str, float]]:
    for figure in run["figures"]:
        references = figure["references"]
        if references:
            yield figure["name"], references[0]["what"], references[0]["ratio"]
        else:
            yield figure["name"], "", figure["ours"]["median"]
