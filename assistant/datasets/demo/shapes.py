"""The shapes, patterns and materials that the knowledge may name, and what the drawing calls them."""

from __future__ import annotations

from assistant.pictures.choose import known_shape

_SHAPES = {
    "squeeze-bottle": "tube",
    "stick": "lipstick",
    "sachet": "pouch",
    "roll": "toilet-paper",
    "vinyl-record": "vinyl",
    "ebook": "e-book",
    "app-window": "software-box",
    "film-strip": "dvd-case",
    "phone-stand": "phone-holder",
    "smart-plug": "charger",
    "glass": "glass-tumbler",
    "garden-chair": "chair",
    "monitor-baby": "baby-monitor",
    "pet-toy": "dog-toy",
    "jerrycan": "oil-can",
    "dashcam": "camera",
    "strings-set": "guitar-strings",
    "paintbrush": "paint-brush",
    "caliper": "gauge",
    "tea-bag": "tea-box",
    "snack-bar": "chocolate-bar",
    "oil-bottle": "wine-bottle",
    "sign": "canvas",
    "handmade-bowl": "bowl",
    "soap-dish": "plate",
    "tapestry": "rug",
    "cartridge": "ink",
    "label": "label-roll",
    "lantern": "work-light",
    "whiteboard": "whiteboard",
    "pasta": "snack-bag",
}
PATTERNS = {
    **{name: name for name in ("plain", "stripes", "dots", "floral", "check", "terrazzo")},
    "checks": "check",
    "leaves": "floral",
    "waves": "stripes",
    "speckle": "terrazzo",
    "label": "plain",
}
MATERIALS = {
    **{name: name for name in ("matte", "glass", "metal", "wood", "leather", "fabric", "plastic", "paper")},
    "ceramic": "matte",
    "rubber": "matte",
    "stone": "matte",
    "wool": "fabric",
}


def drawn_shape(name: str) -> str | None:
    """The drawing that stands for the shape ``name``, None where nothing does."""
    return _SHAPES.get(name) or known_shape(name)
