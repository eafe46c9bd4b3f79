"""Surfaces: shading, materials and patterns laid over a silhouette.

Everything is clipped with a CSS ``path()``, never with an id: two pictures on one page cannot disturb each other, and a
hidden one cannot take another's paint away. The clip's reference box is the group's own, so each group spans the
sheet from its origin (the square in ``_OUTSIDE``), and nothing in it reaches over the edge.
"""

from __future__ import annotations

from assistant.pictures.colours import brightness, contrast, darker, lighter, mix
from assistant.pictures.geometry import Outline, number

MATERIALS = frozenset({"matte", "glass", "metal", "wood", "leather", "fabric", "plastic", "paper"})
PATTERNS = frozenset({"plain", "stripes", "dots", "floral", "check", "terrazzo"})
_OUTSIDE = "M0 0h200v200h-200z"
_PETALS = "h0m5 4h0m-2 6h0m-6 0h0m-2-6h0"


def tone(colour: str, material: str) -> str:
    """The colour as the material shows it."""
    if material == "metal":
        return mix(colour, "#b4bac2", 0.25)
    if material == "wood":
        return mix(colour, "#b98a5a", 0.35)
    if material == "paper":
        return mix(colour, "#fbf7ee", 0.15)
    return colour


def surface(outline: Outline, colour: str, material: str, pattern: str, accent: str) -> str:
    """SVG of one shaded part: the silhouette, its pattern and material, then light from the upper left."""
    colour = tone(colour, material)
    path = outline.path()
    base = f'<path d="{path}" fill="{colour}"{_GLASS if material == "glass" else ""}/>'
    layers = (
        f'<path d="{_OUTSIDE}" fill="none"/>'
        + _pattern(pattern, colour, accent, outline)
        + _MATERIAL.get(material, _plain)(outline, colour)
        + _light(outline, colour, material)
    )
    return f"{base}<g clip-path=\"path('{path}')\">{layers}</g>"


_GLASS = ' fill-opacity=".5"'


def _light(outline: Outline, colour: str, material: str) -> str:
    """A soft shadow along the right and lower edge, a rim of light along the left and upper."""
    dx, dy = min(max(outline.width * 0.08, 1.5), 9), min(max(outline.height * 0.035, 1), 4)
    shade = f'<path fill-rule="evenodd" fill="{darker(colour, 0.75)}" opacity="{{}}" d="{_OUTSIDE}{{}}"/>'
    rim = min(max(outline.width * 0.02, 0.8), 2.2)
    strength = ".3" if brightness(colour) < 0.6 else ".45"
    return (
        shade.format(".16" if material != "glass" else ".1", outline.path(-dx, -dy))
        + f'<path fill-rule="evenodd" fill="#fff" opacity="{strength}" d="{_OUTSIDE}{outline.path(rim, rim * 0.8)}"/>'
    )


def _band(outline: Outline, start: float, stop: float, fill: str, opacity: str) -> str:
    """An upright band across the part, from ``start`` to ``stop`` of its width."""
    x0 = max(outline.box[0] + outline.width * start, 0)
    x1 = min(outline.box[0] + outline.width * stop, 200)
    y0, y1 = max(outline.box[1], 0), min(outline.box[3], 200)
    return (
        f'<path d="M{number(x0)} {number(y0)}h{number(x1 - x0)}v{number(y1 - y0)}h-{number(x1 - x0)}z"'
        f' fill="{fill}" opacity="{opacity}"/>'
    )


def _plain(outline: Outline, colour: str) -> str:
    return ""


def _plastic(outline: Outline, colour: str) -> str:
    if min(outline.width, outline.height) < 14:
        return ""
    x, y = outline.box[0] + outline.width * 0.15, outline.box[1] + outline.height * 0.14
    size = min(max(outline.width * 0.055, 2), 5)
    return (
        f'<path d="M{number(x)} {number(y)}v{number(outline.height * 0.45)}m0 {number(size * 2.4)}v{number(size)}"'
        f' stroke="#fff" stroke-width="{number(size)}" stroke-linecap="round" opacity=".55"/>'
    )


def _glass(outline: Outline, colour: str) -> str:
    level = max(outline.box[1] + outline.height * 0.38, 0)
    depth = min(outline.box[3], 200) - level
    return (
        f'<path d="M0 {number(level)}h200v{number(depth)}h-200z" fill="{colour}" opacity=".6"/>'
        f'<path d="M0 {number(level)}h200v1.6h-200z" fill="#fff" opacity=".5"/>'
        f'<path d="{outline.path()}" fill="none" stroke="#fff" stroke-width="3" opacity=".75"/>'
        + _band(outline, 0.14, 0.24, "#fff", ".55")
        + _band(outline, 0.28, 0.31, "#fff", ".4")
        + _band(outline, 0.82, 0.87, "#fff", ".35")
    )


def _metal(outline: Outline, colour: str) -> str:
    dark = darker(colour, 0.8)
    return (
        _band(outline, 0, 0.1, dark, ".16")
        + _band(outline, 0.16, 0.34, "#fff", ".38")
        + _band(outline, 0.21, 0.28, "#fff", ".4")
        + _band(outline, 0.5, 0.72, dark, ".1")
        + _band(outline, 0.8, 0.88, "#fff", ".3")
    )


def _wood(outline: Outline, colour: str) -> str:
    x0, y0, x1, y1 = outline.box
    length = min(x1, 196) - max(x0, 4)
    lines, y, k = [], max(y0, 0) + 5.0, 0
    while y < min(y1, 196) - 2 and k < 16:
        bend = (2.5, -2, 1.5, -3)[k % 4]
        quarter = number(length / 4)
        lines.append(
            f"M{number(max(x0, 4))} {number(y)}q{quarter} {number(bend)} {number(length / 2)} 0t{number(length / 2)} 0"
        )
        y += (7, 5, 9, 6)[k % 4]
        k += 1
    return f'<path d="{"".join(lines)}" fill="none" stroke="{darker(colour, 0.6)}" stroke-width="1.2" opacity=".38"/>'


def _leather(outline: Outline, colour: str) -> str:
    if min(outline.width, outline.height) < 18:
        return ""
    cx, cy = (outline.box[0] + outline.box[2]) / 2, (outline.box[1] + outline.box[3]) / 2
    sx, sy = 1 - 9 / outline.width, 1 - 9 / outline.height
    transform = f"translate({cx * (1 - sx):.2f} {cy * (1 - sy):.2f})scale({sx:.3f} {sy:.3f})"
    stitch = lighter(colour, 0.5) if brightness(colour) < 0.65 else darker(colour, 0.45)
    return (
        f'<path d="{outline.path()}" transform="{transform}" fill="none" stroke="{stitch}" stroke-width="1.3"'
        ' stroke-dasharray="4 3" opacity=".85"/>'
        f'<path d="{outline.path()}" fill="none" stroke="{darker(colour, 0.7)}" stroke-width="3" opacity=".25"/>'
    )


def _fabric(outline: Outline, colour: str) -> str:
    x0, y0 = max(outline.box[0], 2), max(outline.box[1], 2)
    width, height = min(outline.box[2], 198) - x0, min(outline.box[3], 198) - y0
    weave = "".join(f"M{number(x0)} {number(y0 + k)}h{number(width)}" for k in range(2, int(height), 4))
    ink = darker(colour, 0.6) if brightness(colour) > 0.35 else lighter(colour, 0.5)
    return f'<path d="{weave}" stroke="{ink}" stroke-width="1.3" stroke-dasharray="2.2 1.8" opacity=".24"/>'


def _paper(outline: Outline, colour: str) -> str:
    return _band(outline, 0.62, 1, darker(colour, 0.6), ".06") + _band(outline, 0, 0.06, "#fff", ".5")


_MATERIAL = {
    "plastic": _plastic,
    "glass": _glass,
    "metal": _metal,
    "wood": _wood,
    "leather": _leather,
    "fabric": _fabric,
    "paper": _paper,
}


def _pattern(pattern: str, colour: str, accent: str, outline: Outline) -> str:
    """The pattern in the accent where that shows on the body, else in a lighter or darker body colour."""
    if pattern == "plain":
        return ""
    ink = accent
    if contrast(colour, accent) < 0.12:
        ink = lighter(colour, 0.55) if brightness(colour) < 0.6 else darker(colour, 0.3)
    x0, y0 = max(outline.box[0], 4), max(outline.box[1], 4)
    width, height = min(outline.box[2], 196) - x0, min(outline.box[3], 196) - y0
    if pattern == "stripes":
        rows = "".join(f"M{number(x0)} {number(y0 + k)}h{number(width)}" for k in range(6, int(height), 15))
        return f'<path d="{rows}" stroke="{ink}" stroke-width="6" opacity=".9"/>'
    if pattern == "check":
        rows = "".join(f"M{number(x0)} {number(y0 + k)}h{number(width)}" for k in range(7, int(height), 20))
        columns = "".join(f"M{number(x0 + k)} {number(y0)}v{number(height)}" for k in range(7, int(width), 20))
        return (
            f'<g stroke="{ink}" stroke-width="8"><path d="{rows}" opacity=".5"/><path d="{columns}" opacity=".5"/></g>'
        )
    return _scattered(pattern, colour, ink, (x0, y0, width, height))


def _scattered(pattern: str, colour: str, ink: str, box: tuple[float, float, float, float]) -> str:
    """Dots, flowers or chips: strokes of no length with round ends, on a staggered grid."""
    x0, y0, width, height = box
    step = {"dots": 13, "floral": 26, "terrazzo": 19}[pattern]
    spots = [
        (x0 + 6 + column * step + (row % 2) * step / 2, y0 + 6 + row * step * 0.8)
        for row in range(int(height / (step * 0.8)) + 1)
        for column in range(int(width / step) + 1)
    ]
    spots = [(x, y) for x, y in spots if x < 190 and y < 186]
    if pattern == "dots":
        path = "".join(f"M{number(x)} {number(y)}h0" for x, y in spots)
        return f'<path d="{path}" stroke="{ink}" stroke-width="5.5" stroke-linecap="round"/>'
    if pattern == "floral":
        petals = "".join(f"M{number(x)} {number(y)}{_PETALS}" for x, y in spots)
        hearts = "".join(f"M{number(x)} {number(y + 5.4)}h0" for x, y in spots)
        heart = lighter(colour, 0.75) if brightness(ink) < 0.75 else "#d99a3d"
        return (
            f'<g stroke-linecap="round"><path d="{petals}" stroke="{ink}" stroke-width="5.4"/>'
            f'<path d="{hearts}" stroke="{heart}" stroke-width="3.6"/></g>'
        )
    chips: tuple[list[str], list[str]] = ([], [])
    for k, (x, y) in enumerate(spots):
        shift, shape = (k * 7) % 5 - 2, ("l7 2-2 6-7-2z", "l4-4 5 5-5 5z", "h6l2 6-6-1z")[k % 3]
        chips[k % 2].append(f"M{number(x + shift)} {number(y + (k * 5) % 7 - 3)}{shape}")
    other = lighter(colour, 0.6) if brightness(colour) < 0.6 else darker(colour, 0.35)
    return "".join(f'<path d="{"".join(part)}" fill="{fill}"/>' for part, fill in zip(chips, (ink, other), strict=True))
