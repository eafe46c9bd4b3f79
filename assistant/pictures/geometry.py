"""Outlines from short recipes: relative SVG path strings whose first command alone is absolute.

So an outline is moved by rewriting its start, which is how the shading offsets a silhouette against itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)")
_COMMAND = re.compile(r"([a-zA-Z])([^a-zA-Z]*)")
_ARITY = {"l": 2, "h": 1, "v": 1, "c": 6, "s": 4, "q": 4, "t": 2, "a": 7, "z": 0, "m": 2}


@dataclass(frozen=True, slots=True)
class Outline:
    """A closed or open path: start point, relative rest, and its bounding box (x0, y0, x1, y1)."""

    x: float
    y: float
    rest: str
    box: tuple[float, float, float, float]

    def path(self, dx: float = 0, dy: float = 0) -> str:
        """The ``d`` of the path, moved by (dx, dy)."""
        return f"M{number(self.x + dx)} {number(self.y + dy)}{self.rest}"

    @property
    def width(self) -> float:
        return self.box[2] - self.box[0]

    @property
    def height(self) -> float:
        return self.box[3] - self.box[1]


def number(value: float) -> str:
    """Short decimal: at most one digit after the point."""
    text = f"{value:.1f}"
    return text[:-2] if text.endswith(".0") else text


def _pair(x: float, y: float) -> str:
    return f"{number(x)} {number(y)}"


def rectangle(x: float, y: float, width: float, height: float, radius: float = 0) -> Outline:
    """A rectangle with round corners."""
    r = min(radius, width / 2, height / 2)
    across, down = number(width - 2 * r), number(height - 2 * r)
    if r <= 0:
        rest = f"h{across}v{down}h-{across}z"
    else:
        arc = f"a{number(r)} {number(r)} 0 0 1 "
        rest = (
            f"h{across}{arc}{_pair(r, r)}v{down}{arc}{_pair(-r, r)}h-{across}{arc}{_pair(-r, -r)}v-{down}{arc}"
            f"{_pair(r, -r)}z"
        )
    return Outline(x + r, y, rest, (x, y, x + width, y + height))


def ellipse(cx: float, cy: float, rx: float, ry: float | None = None) -> Outline:
    """An ellipse; a circle when ``ry`` is left out."""
    ry = rx if ry is None else ry
    arc = f"a{_pair(rx, ry)} 0 1 1 "
    rest = f"{arc}{_pair(2 * rx, 0)}{arc}{_pair(-2 * rx, 0)}z"
    return Outline(cx - rx, cy, rest, (cx - rx, cy - ry, cx + rx, cy + ry))


def polygon(points: Sequence[tuple[float, float, float]]) -> Outline:
    """A closed polygon of (x, y, corner radius)."""
    rest: list[str] = []
    start: tuple[float, float] | None = None
    at = (0.0, 0.0)
    for i, (x, y, radius) in enumerate(points):
        entry = _towards((x, y), points[i - 1], radius)
        leave = _towards((x, y), points[(i + 1) % len(points)], radius)
        if start is None:
            start = at = entry
        elif entry != at:
            rest.append("l" + _pair(entry[0] - at[0], entry[1] - at[1]))
        if radius:
            rest.append(f"q{_pair(x - entry[0], y - entry[1])} {_pair(leave[0] - entry[0], leave[1] - entry[1])}")
        at = leave
    if start is None:
        raise ValueError("a polygon needs points")
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    return Outline(*start, "".join(rest) + "z", (min(xs), min(ys), max(xs), max(ys)))


def _towards(corner: tuple[float, float], other: Sequence[float], radius: float) -> tuple[float, float]:
    dx, dy = other[0] - corner[0], other[1] - corner[1]
    length = math.hypot(dx, dy) or 1.0
    step = min(radius, length / 2) / length
    return round(corner[0] + dx * step, 1), round(corner[1] + dy * step, 1)


def turned(profile: Sequence[tuple[float, float, float]]) -> Outline:
    """A shape symmetrical about x = 100 from its profile, top to bottom: (y, half width, corner radius)."""
    right = [(100 + half, y, radius) for y, half, radius in profile]
    left = [(100 - half, y, radius) for y, half, radius in reversed(profile)]
    return polygon([p for p in right if p[0] > 100 or p[0] == 100] + [p for p in left if p[0] < 100])


def free_path(d: str) -> Outline:
    """A path written by hand: one absolute ``M``, then relative commands only.

    Raises ValueError for any other absolute command. The box is that of the points and control points.
    """
    commands = _COMMAND.findall(d)
    if not commands or commands[0][0] != "M":
        raise ValueError(f"a path starts with M: {d!r}")
    x, y = (float(v) for v in _NUMBER.findall(commands[0][1]))
    at, begin = (x, y), (x, y)
    xs, ys = [x], [y]
    for letter, tail in commands[1:]:
        if letter not in _ARITY:
            raise ValueError(f"only relative commands may follow the first: {letter!r} in {d!r}")
        at, begin = _walk(letter, [float(v) for v in _NUMBER.findall(tail)], at, begin, xs, ys)
    rest = d[d.index(commands[0][1]) + len(commands[0][1]) :]
    return Outline(x, y, rest, (min(xs), min(ys), max(xs), max(ys)))


def _walk(
    letter: str,
    values: list[float],
    at: tuple[float, float],
    begin: tuple[float, float],
    xs: list[float],
    ys: list[float],
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Follow one command; note the points it touches; return the new point and the sub-path's start."""
    if letter == "z":
        return begin, begin
    for k in range(0, len(values), _ARITY[letter]):
        step = values[k : k + _ARITY[letter]]
        if letter in "hv":
            moves = [(step[0], 0.0) if letter == "h" else (0.0, step[0])]
        elif letter == "a":
            moves = [(step[5], step[6])]
        else:
            moves = list(zip(step[::2], step[1::2], strict=True))
        xs.extend(at[0] + dx for dx, _ in moves)
        ys.extend(at[1] + dy for _, dy in moves)
        at = (at[0] + moves[-1][0], at[1] + moves[-1][1])
        if letter == "m":
            begin = at
    return at, begin
