"""Recipes of shapes: read from ``shapes/*.toml``, compiled once into parts.

A recipe is lines on a 200 x 200 sheet, drawn in order: a role, a form, numbers.

    roles   B body (material and pattern)  C body's material, no pattern  A accent  M metal  K ink  W paper  N wood
            (upper case: shaded; a lower-case letter paints the same colour flat)
            d dark of the body  l light of the body  s shade  h shine  g window  e dark of the accent
    forms   R x y width height radius    E cx cy rx ry    G radius x,y[,radius] ...    T radius y,half[,radius] ...
            P M x y relative path        L width M x y relative path (a stroke)
    others  _ cx rx cy  shadow on the ground     # x y width height  label     @ transform ... @  a turned group
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from assistant.pictures.geometry import Outline, ellipse, free_path, polygon, rectangle, turned

_FOLDER = Path(__file__).parent / "shapes"
ROLES = frozenset("BCAMKWNbcamkwndlshge")


class RecipeError(ValueError):
    """A shape's recipe does not follow the rules: says which shape, which line and what was expected."""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing to draw. ``kind``: fill, stroke, shadow, label, group or end."""

    kind: str
    role: str = ""
    outline: Outline | None = None
    numbers: tuple[float, ...] = ()
    transform: str = ""


@cache
def recipes() -> dict[str, str]:
    """Every shape's recipe by name. Raises RecipeError when a name is defined twice."""
    found: dict[str, str] = {}
    for path in sorted(_FOLDER.glob("*.toml")):
        for name, recipe in tomllib.loads(path.read_text(encoding="utf-8")).items():
            if name in found:
                raise RecipeError(f"{path.name}: the shape {name!r} is defined twice; rename one")
            found[name] = recipe
    return found


@lru_cache(maxsize=1024)
def parts_of(shape: str) -> tuple[Part, ...]:
    """The compiled recipe of a known shape. Raises KeyError for an unknown one, RecipeError for a bad line."""
    parts = []
    for line in recipes()[shape].strip().splitlines():
        try:
            parts.append(_compile(line.strip()))
        except (ValueError, IndexError, TypeError) as error:
            raise RecipeError(f"shape {shape!r}, line {line.strip()!r}: {error}") from error
    return tuple(parts)


def _compile(line: str) -> Part:
    head, _, tail = line.partition(" ")
    if head == "@":
        return Part("group", transform=tail) if tail else Part("end")
    if head in ("_", "#"):
        return Part("shadow" if head == "_" else "label", numbers=tuple(float(v) for v in tail.split()))
    if head not in ROLES:
        raise ValueError(f"unknown role {head!r}")
    form, _, rest = tail.partition(" ")
    if form == "L":
        width, _, path = rest.partition(" ")
        return Part("stroke", head, free_path(path), (float(width),))
    return Part("fill", head, _outline(form, rest))


def _outline(form: str, rest: str) -> Outline:
    if form == "P":
        return free_path(rest)
    if form in ("G", "T"):
        radius, *points = rest.split()
        corners = [_corner(point, float(radius)) for point in points]
        return polygon(corners) if form == "G" else turned(corners)
    values = [float(v) for v in rest.split()]
    if form == "R":
        return rectangle(*values)
    if form == "E":
        return ellipse(*values)
    raise ValueError(f"unknown form {form!r}")


def _corner(text: str, radius: float) -> tuple[float, float, float]:
    """``x,y`` or ``x,y,radius``."""
    values = [float(v) for v in text.split(",")]
    if len(values) not in (2, 3):
        raise ValueError(f"a point is x,y or x,y,radius, not {text!r}")
    return values[0], values[1], values[2] if len(values) == 3 else radius
