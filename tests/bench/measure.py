"""Repeated measurements and what is made of them."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Figure", "Measurement", "alternate", "timed"]


@dataclass(frozen=True)
class Measurement:
    """Seconds of repeated runs of one thing."""

    what: str
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    def to_json(self) -> dict[str, Any]:
        return {
            "what": self.what,
            "median_seconds": round(self.median, 4),
            "min_seconds": round(min(self.seconds), 4),
            "max_seconds": round(max(self.seconds), 4),
            "runs": len(self.seconds),
        }


@dataclass(frozen=True)
class Figure:
    """A measured thing, its reference, and what is to be reached.

    Args:
        limit_ratio: Reached if ours / reference is at most this.
        limit_seconds: Or: reached if ours is at most this many seconds.
    """

    name: str
    ours: Measurement
    reference: Measurement
    limit_ratio: float | None = None
    limit_seconds: float | None = None

    @property
    def ratio(self) -> float:
        return self.ours.median / self.reference.median

    @property
    def reached(self) -> bool:
        if self.limit_seconds is not None:
            return self.ours.median <= self.limit_seconds
        return self.limit_ratio is None or self.ratio <= self.limit_ratio

    @property
    def limit(self) -> str:
        if self.limit_seconds is not None:
            return f"{self.limit_seconds * 1000:.0f} ms"
        return "-" if self.limit_ratio is None else f"{self.limit_ratio} x reference"

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "ours": self.ours.to_json(),
            "reference": self.reference.to_json(),
            "ratio": round(self.ratio, 3),
            "to_reach": self.limit,
            "reached": self.reached,
        }


def timed(action: Callable[[], object]) -> float:
    """Seconds that `action` takes."""
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def alternate(
    *things: tuple[str, Callable[[int], float]], runs: int, warm_up: bool = True
) -> list[Measurement]:
    """Runs all in turn, so that a slow moment hits all.

    Args:
        things: What each is, and what runs it and gives the seconds.
        warm_up: Whether there is one turn more, the first, which does not count.
    """
    samples: list[list[float]] = [[] for _ in things]
    for number in range(runs + warm_up):
        for kept, (_, action) in zip(samples, things, strict=True):
            seconds = action(number)
            if number or not warm_up:
                kept.append(seconds)
    measured = [
        Measurement(what, tuple(kept)) for kept, (what, _) in zip(samples, things, strict=True)
    ]
    said = "; ".join(f"{each.what} {each.median * 1000:.0f} ms" for each in measured)
    sys.stderr.write(f"bench: {said}\n")  # all together takes minutes
    return measured
