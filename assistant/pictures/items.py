"""Product pictures: a shape in its colours, materials and pattern, on a soft studio ground."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from assistant.pictures.choose import choose_shape, known_shape
from assistant.pictures.colours import INK, METAL, PAPER, brightness, contrast, darker, lighter, mix, read_colour
from assistant.pictures.finish import MATERIALS, PATTERNS, surface
from assistant.pictures.geometry import number, rectangle
from assistant.pictures.recipes import Part, parts_of, recipes

_WOOD = "#c99f6e"
_QUIET = ("#8d9a8b", "#93899c", "#a08d7f", "#7f93a1", "#a2918e", "#8b9590")
_EMBLEMS = (
    "M0 5c0-8 6-11 12-11 0 9-4 12-12 11z",
    "M0 0a6 6 0 1 1 12 0 6 6 0 1 1-12 0z",
    "M6-6l7 12h-14z",
    "M-1 1c3-7 6-7 7 0 2 5 4 5 7-1v7h-14z",
    "M6-7l2 5 5 2-5 2-2 5-2-5-5-2 5-2z",
    "M6-7c3 4 5 7 5 9a5 5 0 0 1-10 0c0-2 2-5 5-9z",
    "M-1 4a7 7 0 0 1 14 0z",
    "M0-5h5v5h-5zM7 0h5v5h-5z",
)


@dataclass(frozen=True, slots=True)
class _Paint:
    """The colours and surface that one picture is drawn with."""

    body: str
    accent: str
    material: str
    pattern: str
    metal: str
    ink: str
    paper: str
    wood: str
    wall: str
    emblem: int

    def colour(self, role: str) -> tuple[str, str]:
        """(fill, extra attributes) of a role letter."""
        fixed = {
            "a": self.accent,
            "m": self.metal,
            "k": self.ink,
            "w": self.paper,
            "n": self.wood,
            "d": darker(self.body, 0.3),
            "l": lighter(self.body, 0.45) if brightness(self.body) < 0.82 else darker(self.body, 0.1),
            "e": darker(self.accent, 0.3),
            "g": mix(self.wall, "#9fc3d6", 0.55),
        }
        if role == "s":
            return darker(self.body, 0.85), ' opacity=".2"'
        if role == "h":
            return "#fff", ' opacity=".45"'
        return fixed.get(role, self.body), ""


def shape_names() -> tuple[str, ...]:
    """Every shape that has a drawing of its own, sorted."""
    return tuple(sorted(recipes()))


def draw_item(picture: Mapping[str, str] | None, *, category: str, title: str) -> str:
    """SVG (200 x 200 viewBox) of a product.

    ``picture`` may hold shape, colour, accent, material and pattern; a value that is unknown is replaced: the shape by
    one chosen from the shape's words, the title and the category, the rest by what suits. Without a picture the drawing
    is a quiet one in shades of one colour, so that it reads as a stand-in. The title and the category only choose; no
    text of theirs is drawn. The same arguments always give the same bytes.
    """
    spec = picture if isinstance(picture, Mapping) else {}
    wanted = spec.get("shape")
    shape = known_shape(wanted) or choose_shape(title, category, hint=wanted if isinstance(wanted, str) else "")
    paint = _paint(spec, shape, category, title) if spec else _quiet_paint(category, title)
    drawn = "".join(_draw(part, paint) for part in parts_of(shape))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 200" class="picture" aria-hidden="true"'
        f' focusable="false"><path class="picture-wall" d="M0 0h200v200H0z" fill="{paint.wall}"/>'
        f'<circle class="picture-light" cx="100" cy="100" r="84" fill="#fff" opacity=".3"/>{drawn}</svg>'
    )


def _hash(text: str) -> int:
    return zlib.crc32(text[:2000].encode("utf-8", "replace"))


def _paint(spec: Mapping[str, str], shape: str, category: str, title: str) -> _Paint:
    names = list(_DEFAULTS)
    body = read_colour(spec.get("colour"), _DEFAULTS[names[_hash(title + shape) % len(names)]])
    accent = read_colour(spec.get("accent"), darker(body, 0.45) if brightness(body) > 0.45 else lighter(body, 0.6))
    material = spec.get("material")
    pattern = spec.get("pattern")
    return _Paint(
        body=body,
        accent=accent,
        material=material if material in MATERIALS else "matte",
        pattern=pattern if pattern in PATTERNS else "plain",
        metal=METAL,
        ink=INK,
        paper=PAPER,
        wood=_WOOD,
        wall=_wall(body, accent),
        emblem=_hash(title) % len(_EMBLEMS),
    )


_DEFAULTS = {
    name: read_colour(name, INK) for name in ("sage", "denim", "terracotta", "oat", "lilac", "teal", "mustard")
}


def _wall(body: str, accent: str) -> str:
    """A pale ground that the body stands out from: warm and light for most, deeper for pale things."""
    tint = body if contrast(body, "#efebe4") > 0.2 else accent
    if brightness(body) > 0.8:
        return mix(mix(tint, "#cdc6bc", 0.78), "#d4cfc7", 0.4)
    wall = mix(tint, "#f0ece5", 0.84)
    return mix(tint, "#f0ece5", 0.74) if contrast(wall, accent) < 0.15 else wall


def _quiet_paint(category: str, title: str) -> _Paint:
    base = _QUIET[_hash(category) % len(_QUIET)]
    return _Paint(
        body=lighter(base, 0.42),
        accent=lighter(base, 0.1),
        material="matte",
        pattern="plain",
        metal=lighter(base, 0.3),
        ink=darker(base, 0.25),
        paper=lighter(base, 0.78),
        wood=lighter(base, 0.2),
        wall=lighter(base, 0.74),
        emblem=_hash(title) % len(_EMBLEMS),
    )


def _draw(part: Part, paint: _Paint) -> str:
    if part.kind == "group":
        return f'<g transform="{part.transform}">'
    if part.kind == "end":
        return "</g>"
    if part.kind == "shadow":
        cx, rx, cy = part.numbers
        ellipse = '<ellipse cx="{}" cy="{}" rx="{}" ry="{}" fill="#3a3340" opacity=".13"/>'
        wide = ellipse.format(number(cx + 5), number(cy), number(rx + 9), number(max(rx * 0.13, 5)))
        return wide + ellipse.format(number(cx + 2), number(cy), number(rx), number(max(rx * 0.07, 2.6)))
    if part.kind == "label":
        return _label(part.numbers, paint)
    assert part.outline is not None
    fill, extra = paint.colour(part.role.lower())
    if part.kind == "stroke":
        return (
            f'<path d="{part.outline.path()}" fill="none" stroke="{fill}" stroke-width="{number(part.numbers[0])}"'
            f' stroke-linecap="round" stroke-linejoin="round"{extra}/>'
        )
    if part.role.islower():
        return f'<path d="{part.outline.path()}" fill="{fill}"{extra}/>'
    material = {"B": paint.material, "C": paint.material, "M": "metal", "N": "wood"}.get(part.role, "matte")
    return surface(part.outline, fill, material, paint.pattern if part.role == "B" else "plain", paint.accent)


def _label(numbers: tuple[float, ...], paint: _Paint) -> str:
    """A label without words: an emblem and two bars, stacked when there is height, side by side when not."""
    x, y, width, height = numbers
    ground = paint.paper if contrast(paint.body, paint.paper) > 0.14 else mix(paint.accent, "#ffffff", 0.35)
    ink = paint.accent if contrast(paint.accent, ground) > 0.25 else darker(paint.body, 0.55)
    tall = height > width * 0.62
    size = min(width, height) / (30 if tall else 24)
    if tall:
        ex, ey = x + width / 2 - 6 * size, y + height * 0.36
        bars = (
            (x + width * 0.22, y + height * 0.64, width * 0.56),
            (x + width * 0.32, y + height * 0.78, width * 0.36),
        )
    else:
        ex, ey = x + width * 0.1, y + height / 2
        bars = ((x + width * 0.48, y + height * 0.38, width * 0.4), (x + width * 0.48, y + height * 0.66, width * 0.27))
    thick = number(max(min(height * 0.07, 4), 1.6))
    lines = "".join(f"M{number(bx)} {number(by)}h{number(bw)}" for bx, by, bw in bars)
    return (
        f'<path d="{rectangle(x, y, width, height, 3).path()}" fill="{ground}"/>'
        f'<path d="{_EMBLEMS[paint.emblem]}" fill="{ink}"'
        f' transform="translate({number(ex)} {number(ey)})scale({size:.2f})"/>'
        f'<path d="{lines}" stroke="{mix(ink, ground, 0.35)}" stroke-width="{thick}" stroke-linecap="round"/>'
    )
