"""How often each expectation was found missing: it decides which hint comes next."""

from __future__ import annotations

from collections.abc import Mapping

from .result import CheckResult

__all__ = ["Attempts"]


class Attempts:
    """Counts for the length of a kernel."""

    def __init__(self) -> None:
        self._failures: dict[str, dict[str, int]] = {}

    def failures(self, exercise: str) -> Mapping[str, int]:
        """Expectation -> how often it was missing so far."""
        return self._failures.get(exercise, {})

    def note(self, result: CheckResult) -> None:
        """Counts what a check found missing."""
        counts = self._failures.setdefault(result.name, {})
        for answer in result.answers:
            if answer.status == "missing":
                counts[answer.name] = counts.get(answer.name, 0) + 1
