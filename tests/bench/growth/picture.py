"""A curve as a small SVG picture: both axes logarithmic, so that a linear growth is one slope."""

from __future__ import annotations

import math
from html import escape

from tests.bench.report import shown

from .curve import Curve

__all__ = ["svg"]

_WIDTH, _HEIGHT = 560, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 20, 40, 48
_COLOURS = ("#1f6feb", "#bc4c00", "#1a7f37", "#8250df", "#9a6700")
_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#1f2328}"
    ".axis{stroke:#8c959f;stroke-width:1}.grid{stroke:#d8dee4;stroke-width:1}"
    ".linear{stroke:#8c959f;stroke-dasharray:4 4;fill:none}.title{font-weight:600}"
)


class _Scale:
    """From a value to a coordinate, logarithmic."""

    def __init__(self, values: list[float], begin: float, end: float) -> None:
        self._low = math.floor(math.log10(min(values)))
        self._high = max(self._low + 1, math.ceil(math.log10(max(values))))
        self._begin, self._end = begin, end

    @property
    def decades(self) -> list[float]:
        return [10.0**power for power in range(self._low, self._high + 1)]

    def __call__(self, value: float) -> float:
        share = (math.log10(value) - self._low) / (self._high - self._low)
        return self._begin + share * (self._end - self._begin)


def svg(curve: Curve) -> str:
    """The picture, with a dashed line that grows as the sizes do."""
    sizes = sorted({size for points in curve.lines.values() for size in points})
    seconds = [value for points in curve.lines.values() for value in points.values()]
    x = _Scale([float(size) for size in sizes], _LEFT, _WIDTH - _RIGHT)
    y = _Scale(seconds, _HEIGHT - _BOTTOM, _TOP)
    height = _HEIGHT + 18 * len(curve.lines)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
        f"<title>{escape(curve.title)}</title><style>{_STYLE}</style>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>',
        f'<text class="title" x="{_LEFT}" y="22">{escape(curve.title)}</text>',
        *_grid(x, y, sizes, curve.sizes),
        *_linear(x, y, sizes),
    ]
    for number, name in enumerate(curve.lines):
        parts += _line(x, y, curve, name, _COLOURS[number % len(_COLOURS)], number)
    return "\n".join([*parts, "</svg>", ""])


def _grid(x: _Scale, y: _Scale, sizes: list[int], label: str) -> list[str]:
    parts = []
    for value in y.decades:
        at = f"{y(value):.0f}"
        parts += [
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{at}" y2="{at}"/>',
            f'<text x="{_LEFT - 8}" y="{at}" text-anchor="end" dy="4">{shown(value, "s")}</text>',
        ]
    bottom = _HEIGHT - _BOTTOM
    parts.append(
        f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{bottom}" y2="{bottom}"/>'
    )
    for size in sizes:
        at = f"{x(size):.0f}"
        parts.append(f'<text x="{at}" y="{bottom + 16}" text-anchor="middle">{size:,}</text>')
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(
        f'<text x="{middle:.0f}" y="{bottom + 34}" text-anchor="middle">{escape(label)}</text>'
    )
    return parts


def _linear(x: _Scale, y: _Scale, sizes: list[int]) -> list[str]:
    """As steep as a cost that doubles with the size; it ends at the top of the picture."""
    low, high = float(sizes[0]), float(sizes[-1])
    bottom, top = y.decades[0], y.decades[-1]
    end = min(high, low * top / bottom)
    points = f"{x(low):.0f},{y(bottom):.0f} {x(end):.0f},{y(bottom * end / low):.0f}"
    return [f'<polyline class="linear" points="{points}"><title>linear</title></polyline>']


def _line(x: _Scale, y: _Scale, curve: Curve, name: str, colour: str, number: int) -> list[str]:
    points = [(x(size), y(value)) for size, value in sorted(curve.lines[name].items())]
    joined = " ".join(f"{at:.1f},{above:.1f}" for at, above in points)
    row = _HEIGHT + 18 * number
    return [
        f'<polyline points="{joined}" fill="none" stroke="{colour}" stroke-width="2"/>',
        *(
            f'<circle cx="{at:.1f}" cy="{above:.1f}" r="3" fill="{colour}"/>'
            for at, above in points
        ),
        f'<circle cx="{_LEFT}" cy="{row}" r="4" fill="{colour}"/>',
        f'<text x="{_LEFT + 12}" y="{row + 4}">{escape(name)}</text>',
    ]
