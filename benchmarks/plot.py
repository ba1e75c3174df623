"""Lines over logarithmic axes as SVG, in nothing but text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 210, 40, 50
COLOURS = ("#b3401f", "#1f5fb3", "#2a8a4a", "#7a4fb0", "#8a6d1f")
STYLE = "font-family:sans-serif;font-size:12px"


@dataclass(frozen=True)
class Line:
    """A name and its points."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Axis:
    """Whole powers of ten, spread over a stretch of pixels."""

    low: int
    high: int
    start: float
    end: float

    def at(self, value: float) -> float:
        """Where a value lies."""
        part = (math.log10(value) - self.low) / (self.high - self.low)
        return self.start + part * (self.end - self.start)

    @property
    def ticks(self) -> list[int]:
        """The powers that get a mark."""
        return list(range(self.low, self.high + 1))


def _axis(values: Sequence[float], start: float, end: float) -> Axis:
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return Axis(low, max(high, low + 1), start, end)


def plot(lines: Sequence[Line], *, title: str, x: str, y: str) -> str:
    """A picture of the lines, each named at its end."""
    across = _axis([p[0] for line in lines for p in line.points], LEFT, WIDTH - RIGHT)
    up = _axis([p[1] for line in lines for p in line.points], HEIGHT - BOTTOM, TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'role="img" style="{STYLE}"><title>{escape(title)}</title>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        _text(LEFT, 22, title, bold=True),
        *_grid(across, up),
        _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, x, anchor="middle"),
        _text(LEFT, TOP - 6, y),
    ]
    ends: list[float] = []
    for line, colour in zip(lines, COLOURS, strict=False):
        places = [(across.at(a), up.at(b)) for a, b in line.points]
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}"/>' for a, b in places]
        ends.append(_free(places[-1][1], ends))
        parts.append(_text(places[-1][0] + 8, ends[-1] + 4, line.name, fill=colour))
    return "\n".join([*parts, "</svg>", ""])


def _free(wanted: float, taken: Sequence[float]) -> float:
    """The nearest height at which no other name stands."""
    steps = sorted(range(-20, 21), key=abs)
    return next(
        wanted + step * 7
        for step in steps
        if all(abs(wanted + step * 7 - other) >= 14 for other in taken)
    )


def _grid(across: Axis, up: Axis) -> list[str]:
    parts = []
    for power in across.ticks:
        place = across.at(10.0**power)
        parts.append(_stroke(place, up.start, place, up.end))
        parts.append(_text(place, up.start + 18, f"{10**power:,}", anchor="middle"))
    for power in up.ticks:
        place = up.at(10.0**power)
        parts.append(_stroke(across.start, place, across.end, place))
        parts.append(_text(across.start - 8, place + 4, f"{10.0**power:g}", anchor="end"))
    return parts


def _stroke(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="#ddd"/>'


def _text(x: float, y: float, text: str, *, anchor: str = "start", fill: str = "#222",
          bold: bool = False) -> str:  # fmt: skip
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}"{weight}>'
        f"{escape(text)}</text>"
    )
