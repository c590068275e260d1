"""`history`: which instructions made the snapshot, and in which order."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

from .subject import Finding, Subject
from .table import Table

__all__ = ["HistoryRule"]


@dataclass(frozen=True)
class HistoryRule:
    """Patterns for lines of the history; the base image's lines do not count.

    A line reads as in `docker history`: `RUN /bin/sh -c make # buildkit`, `COPY site /srv #
    buildkit`, `ENV PORT=80`. A RUN below an ARG has its value: `RUN |1 TOKEN=abc /bin/sh -c ...`.

    Args:
        has: Some line must match.
        lacks: No line may match.
        order: For each pattern but the first: the first line that matches it stands below the
            first that matches the pattern before it.
    """

    has: str = ""
    lacks: str = ""
    order: tuple[str, ...] = ()

    @classmethod
    def read(cls, table: Table) -> HistoryRule:
        """The rule that a table says."""
        order = table.texts("order")
        rule = cls(table.pattern("has"), table.pattern("lacks"), order)
        if rule == cls():
            raise table.error("", "a condition on the history is missing: has, lacks, order")
        if len(order) == 1:
            raise table.error("order", f"{table.name_of('order')} needs two patterns or more")
        for pattern in order:
            table.check_pattern("order", pattern)
        return rule

    def examine(self, subject: Subject) -> Finding:
        """Searches the lines."""
        history = subject.image.config.history[subject.base_history :]
        lines = [entry.created_by for entry in history]
        if self.has and _first(self.has, lines) is None:
            return Finding(False)
        found = _first(self.lacks, lines) if self.lacks else None
        if found is not None:
            return Finding(False, _line(lines, found))
        places = [_first(pattern, lines) for pattern in self.order]
        for before, after in itertools.pairwise(places):
            if before is None or after is None:
                return Finding(False)
            if before >= after:
                return Finding(False, f"{_line(lines, after)} stands above {_line(lines, before)}")
        return Finding(True)


def _first(pattern: str, lines: list[str]) -> int | None:
    return next((i for i, line in enumerate(lines) if re.search(pattern, line)), None)


def _line(lines: list[str], number: int) -> str:
    text = lines[number].removesuffix(" # buildkit")
    return f"`{text if len(text) <= 80 else text[:77] + '...'}`"
