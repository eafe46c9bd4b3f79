"""Named product colours and the arithmetic that shades them."""

from __future__ import annotations

import re
from functools import lru_cache

PALETTE: dict[str, str] = {
    "white": "#fbfaf7", "ivory": "#f6efdf", "cream": "#f3e7cf", "oat": "#e2d6c1", "sand": "#d9c4a0",
    "beige": "#d8c3a5", "tan": "#c9a27a", "camel": "#bd8f5c", "caramel": "#b0743c", "brown": "#7d5436",
    "chocolate": "#54382a", "walnut": "#75503a", "oak": "#c59a68", "pine": "#dcb98a", "black": "#2c2d33",
    "charcoal": "#43464d", "graphite": "#565b63", "grey": "#8f949b", "silver": "#bfc4ca", "mist": "#d5dbe0",
    "stone": "#b3aca0", "navy": "#2c3e5e", "blue": "#3f74b5", "cobalt": "#2f56b8", "sky": "#8dbbe0",
    "denim": "#4f6d92", "teal": "#2e7d80", "turquoise": "#48b3ae", "mint": "#a9d8c0", "sage": "#9cb096",
    "olive": "#7b7d46", "moss": "#66763f", "green": "#4c9160", "forest": "#2f5a45", "lime": "#b3cc4d",
    "yellow": "#f1cd4e", "mustard": "#d2a031", "gold": "#cfa85a", "brass": "#b9974f", "orange": "#e88a3c",
    "apricot": "#f2b583", "peach": "#f3c3a5", "coral": "#ea7f6b", "terracotta": "#c26a4a", "rust": "#a84f2f",
    "red": "#cb4544", "burgundy": "#7c2f3d", "wine": "#6b2a3f", "pink": "#ee9fb2", "blush": "#efcfc8",
    "rose": "#d9798c", "fuchsia": "#c8408a", "plum": "#6d3f63", "lilac": "#c4b1da", "lavender": "#b2a8d8",
    "violet": "#7659ab", "purple": "#6a4696", "copper": "#b8734a", "bronze": "#8d6a42", "rose-gold": "#dba796",
    "clear": "#dbe9ee",
}  # fmt: skip

INK = "#33353d"
PAPER = "#fbf9f5"
METAL = "#b9bfc7"
_HEX = re.compile(r"#[0-9a-f]{6}\Z")


def read_colour(value: object, default: str) -> str:
    """``value`` as #rrggbb: a name of ``PALETTE`` (any case, spaces or hyphens) or #rrggbb; else ``default``."""
    if not isinstance(value, str):
        return default
    name = value.strip().lower().replace(" ", "-").replace("_", "-").replace("gray", "grey")
    return name if _HEX.match(name) else PALETTE.get(name, default)


@lru_cache(maxsize=4096)
def mix(one: str, other: str, share: float) -> str:
    """The colour that lies ``share`` (0 to 1) of the way from ``one`` to ``other``."""
    pairs = ((int(one[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


@lru_cache(maxsize=4096)
def brightness(colour: str) -> float:
    """Perceived brightness, 0 (black) to 1 (white)."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return (0.299 * red + 0.587 * green + 0.114 * blue) / 255


def darker(colour: str, share: float) -> str:
    """Towards a warm ink rather than black, so that shadows stay soft."""
    return mix(colour, "#231f2b", share)


def lighter(colour: str, share: float) -> str:
    """Towards white."""
    return mix(colour, "#ffffff", share)


def contrast(one: str, other: str) -> float:
    """How far two colours lie apart, 0 to 1: enough to decide whether one is visible on the other."""
    return sum(abs(int(one[i : i + 2], 16) - int(other[i : i + 2], 16)) for i in (1, 3, 5)) / 765
