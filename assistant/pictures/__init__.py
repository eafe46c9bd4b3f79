"""Drawn pictures of products and people: deterministic, self-contained SVG without ids, scripts, text or references."""

from assistant.pictures.avatars import draw_avatar
from assistant.pictures.items import draw_item, shape_names

__all__ = ["draw_avatar", "draw_item", "shape_names"]
