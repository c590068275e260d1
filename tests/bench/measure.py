"""Repeated measurements, and figures that are made of them."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

__all__ = [
    "Action",
    "Figure",
    "Goal",
    "Measurement",
    "Sample",
    "Unit",
    "alternate",
    "measured",
    "timed",
]

#: Seconds or bytes.
Unit = Literal["s", "B"]


class Sample(NamedTuple):
    """One run.

    Args:
        value: Seconds from beginning to end, or bytes.
        cpu: Seconds of processor time that the kernel and its processes took, where it is known.
            Less than `value` tells of waiting; other work on the machine hardly changes it.
    """

    value: float
    cpu: float | None = None


@dataclass(frozen=True)
class Measurement:
    """Repeated runs of one thing."""

    what: str
    samples: tuple[Sample, ...]
    unit: Unit = "s"

    @property
    def values(self) -> list[float]:
        return [sample.value for sample in self.samples]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def cpu(self) -> float | None:
        """The mean: the system counts in hundredths of a second."""
        known = [sample.cpu for sample in self.samples if sample.cpu is not None]
        return statistics.fmean(known) if known else None

    def to_json(self) -> dict[str, Any]:
        cpu = self.cpu
        return {
            "what": self.what,
            "unit": self.unit,
            "median": round(self.median, 5),
            "min": round(min(self.values), 5),
            "max": round(max(self.values), 5),
            "runs": len(self.samples),
            "cpu": None if cpu is None else round(cpu, 5),
        }


@dataclass(frozen=True)
class Goal:
    """What is to be reached.

    Args:
        most: The most that the median may be: in its unit, or as a ratio to a reference.
        against: The reference; "": none.
    """

    most: float
    against: str = ""


@dataclass(frozen=True)
class Figure:
    """A measured thing, what it stands beside, and what is to be reached."""

    name: str
    ours: Measurement
    references: tuple[Measurement, ...] = ()
    goals: tuple[Goal, ...] = ()

    def ratio(self, reference: str) -> float:
        """Ours to the reference that is called so."""
        (found,) = (each for each in self.references if each.what == reference)
        return self.ours.median / found.median

    def reaches(self, goal: Goal) -> bool:
        value = self.ratio(goal.against) if goal.against else self.ours.median
        return value <= goal.most

    @property
    def reached(self) -> bool | None:
        """Whether all goals are; None: there are none."""
        return all(map(self.reaches, self.goals)) if self.goals else None

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "ours": self.ours.to_json(),
            "references": [
                {**each.to_json(), "ratio": round(self.ratio(each.what), 4)}
                for each in self.references
            ],
            "goals": [
                {"most": goal.most, "against": goal.against, "reached": self.reaches(goal)}
                for goal in self.goals
            ],
            "reached": self.reached,
        }


def timed(action: Callable[[], object]) -> float:
    """Seconds that `action` takes."""
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


#: Runs a thing once.
Action = Callable[[], float | Sample]


def alternate(
    *things: tuple[str, Action], runs: int, warm_up: bool = True
) -> tuple[Measurement, ...]:
    """Runs all in turn, so that a slow moment hits all.

    Args:
        things: What each is, and what runs it once.
        warm_up: Whether there is one turn more, the first, which does not count.
    """
    samples: list[list[Sample]] = [[] for _ in things]
    for number in range(runs + warm_up):
        for kept, (_, action) in zip(samples, things, strict=True):
            done = action()
            if number or not warm_up:
                kept.append(done if isinstance(done, Sample) else Sample(done))
    found = tuple(
        Measurement(what, tuple(kept)) for kept, (what, _) in zip(samples, things, strict=True)
    )
    said = "; ".join(f"{each.what} {each.median * 1000:.0f} ms" for each in found)
    sys.stderr.write(f"bench: {said}\n")  # all together takes minutes
    return found


def measured(what: str, values: Sequence[float], unit: Unit = "s") -> Measurement:
    """What was measured without a reference."""
    return Measurement(what, tuple(map(Sample, values)), unit)
