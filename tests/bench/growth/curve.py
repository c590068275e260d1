"""Curves: what was measured at each size, and how steep that is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Curve", "Points"]

#: Size -> seconds (median).
Points = Mapping[int, float]


@dataclass(frozen=True)
class Curve:
    """One picture: lines over the same sizes.

    Args:
        name: Names the picture's file.
        title: What grows.
        sizes: What the sizes count.
        lines: What was measured -> its points.
    """

    name: str
    title: str
    sizes: str
    lines: Mapping[str, Points]

    def steepness(self, line: str) -> float:
        """The exponent between the smallest and the largest size: 0 is flat, 1 is linear."""
        points = sorted(self.lines[line].items())
        (low, first), (high, last) = points[0], points[-1]
        if low == high:
            return 0.0
        return math.log(last / first) / math.log(high / low)

    def to_json(self) -> dict[str, Any]:
        lines = {
            name: {str(size): round(seconds, 5) for size, seconds in points.items()}
            for name, points in self.lines.items()
        }
        return {"name": self.name, "title": self.title, "sizes": self.sizes, "lines": lines}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Curve:
        lines = {
            name: {int(size): float(seconds) for size, seconds in points.items()}
            for name, points in data["lines"].items()
        }
        return cls(data["name"], data["title"], data["sizes"], lines)
