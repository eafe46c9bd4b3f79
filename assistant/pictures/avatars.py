"""Drawn people: a friendly bust from a description, or from a stable hash of the name."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

from assistant.pictures.colours import INK, brightness, contrast, darker, lighter, mix, read_colour
from assistant.pictures.hair import BACK, FRONT, STYLES, UNDER_HAT

SKINS = {
    "porcelain": "#f8e0d3",
    "ivory": "#f3d3bb",
    "sand": "#e9bf9c",
    "honey": "#d9a578",
    "amber": "#c68c5e",
    "bronze": "#a86f47",
    "umber": "#8a5a40",
    "espresso": "#6b4836",
}
HAIR_COLOURS = {
    "black": "#2a2629",
    "brown": "#553a2c",
    "chestnut": "#7a4a30",
    "auburn": "#8f3f2a",
    "ginger": "#c66a34",
    "blond": "#dfb96f",
    "grey": "#a3a3a6",
    "white": "#ece9e4",
}
GLASSES = ("none", "round", "square")
BEARDS = ("none", "stubble", "moustache", "goatee", "full")
HEADWEAR = ("none", "cap", "beanie", "hijab", "turban", "sunhat", "headband")
CLOTHING = ("crew", "v-neck", "collar", "hoodie", "turtleneck", "dungarees")
EXPRESSIONS = ("smile", "calm", "grin")
EXTRAS = ("none", "freckles", "earrings", "blush")

_CLOTHES = ("navy", "sage", "terracotta", "mustard", "teal", "plum", "denim", "forest", "coral", "charcoal", "rose")
_GROUNDS = ("#dfe6df", "#e9dfd3", "#dbe3ea", "#ead9d6", "#e2dcea", "#ece5cf", "#d5e4e3")
_BEARDED_STYLES = frozenset({"bald", "buzz", "crop", "short", "side-part", "wavy", "curly", "bun", "locs"})
_CIRCLE = "M60 0a60 60 0 1 1 0 120a60 60 0 1 1 0-120z"
_SHOULDERS = "M14 120c0-24 18-31 46-31s46 7 46 31z"


class _Choice:
    """Reads a description; what it leaves out comes from a hash of the name, a different part for each key."""

    def __init__(self, spec: Mapping[str, str], name: str) -> None:
        self._spec, self._name = spec, name[:400]

    def draw(self, key: str, options: Sequence[str]) -> str:
        return options[zlib.crc32(f"{key}\n{self._name}".encode("utf-8", "replace")) % len(options)]

    def one_of(self, key: str, options: Sequence[str], default: Sequence[str] = ()) -> str:
        given = self._spec.get(key)
        return given if isinstance(given, str) and given in options else self.draw(key, default or options)

    def colour(self, key: str, named: Mapping[str, str], default: Sequence[str]) -> str:
        given = self._spec.get(key)
        chosen = named.get(given) if isinstance(given, str) else None
        fallback = self.draw(key, default)
        return chosen or read_colour(given, named.get(fallback) or read_colour(fallback, INK))


def draw_avatar(spec: Mapping[str, str] | None, *, name: str) -> str:
    """SVG (120 x 120 viewBox, a round bust) of a person.

    ``spec`` may hold skin, hair, hair_colour, glasses, beard, headwear, headwear_colour, clothing, clothing_colour,
    background, expression and extras; what is absent or unknown comes from a stable hash of ``name``, which is never
    drawn itself. A name never decides religious headwear: a hijab or a turban is drawn only when asked for.
    """
    choice = _Choice(spec if isinstance(spec, Mapping) else {}, name)
    skin = choice.colour("skin", SKINS, tuple(SKINS))
    usual = ("black", "black", "black", "brown", "grey") if brightness(skin) < 0.5 else ("black", *HAIR_COLOURS)
    hair_colour = choice.colour("hair_colour", HAIR_COLOURS, usual)
    headwear = choice.one_of("headwear", HEADWEAR, ("none",) * 9 + ("cap", "beanie", "headband"))
    style = choice.one_of("hair", STYLES)
    guessed = not spec and style in _BEARDED_STYLES
    beard = choice.one_of("beard", BEARDS, ("none", "none", *BEARDS) if guessed else ("none",))
    cloth = choice.colour("clothing_colour", {}, _CLOTHES)
    cover = choice.colour("headwear_colour", {}, _CLOTHES)
    ground = choice.colour("background", {}, _GROUNDS)
    if contrast(ground, cloth) < 0.12:
        ground = lighter(cloth, 0.6) if brightness(cloth) < 0.7 else darker(cloth, 0.2)
    clothing = choice.one_of("clothing", CLOTHING)
    layers = [
        f'<path d="M0 0h120v120H0z" fill="{ground}"/>',
        _behind(style, headwear, hair_colour, cover),
        _bust(skin, cloth, clothing),
        _head(skin, ears=headwear != "hijab"),
        _beard(beard if headwear != "hijab" else "none", hair_colour, skin),
        _face(skin, hair_colour, choice.one_of("expression", EXPRESSIONS)),
        _extras(choice.one_of("extras", EXTRAS, ("none", "none", *EXTRAS)), skin, cover, headwear),
        _hair(style, headwear, hair_colour),
        _headwear(headwear, cover),
        _glasses(choice.one_of("glasses", GLASSES, ("none", "none", *GLASSES))),
    ]
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 120" class="avatar" aria-hidden="true"'
        f' focusable="false"><g clip-path="path(\'{_CIRCLE}\')">{"".join(layers)}</g></svg>'
    )


def _fill(path: str, fill: str, opacity: str = "") -> str:
    return f'<path d="{path}" fill="{fill}"' + (f' opacity="{opacity}"/>' if opacity else "/>")


def _line(path: str, stroke: str, width: float, opacity: str = "1") -> str:
    return (
        f'<path d="{path}" fill="none" stroke="{stroke}" stroke-width="{width:g}" opacity="{opacity}"'
        ' stroke-linecap="round" stroke-linejoin="round"/>'
    )


def _behind(style: str, headwear: str, hair: str, cover: str) -> str:
    if headwear == "hijab":
        return ""
    back = _fill(BACK[style], darker(hair, 0.18)) if style in BACK and headwear != "turban" else ""
    if headwear == "sunhat":
        back += _fill("M14 42a46 13 0 1 0 92 0a46 13 0 1 0-92 0z", darker(cover, 0.12))
    return back


def _bust(skin: str, cloth: str, clothing: str) -> str:
    neck = _fill("M50 68h20v20c0 8-20 8-20 0z", skin) + _fill(
        "M50 74c6 8 14 8 20 0v7c-6 6-14 6-20 0z", darker(skin, 0.18)
    )
    body = _fill(_SHOULDERS, cloth) + _fill("M84 93c14 5 22 12 22 27h-12c0-12-4-20-10-27z", darker(cloth, 0.2))
    low = _fill("M46 89c2 14 26 14 28 0l-4-2h-20z", skin) + _line("M46 89c2 14 26 14 28 0", darker(cloth, 0.22), 3)
    if clothing == "turtleneck":
        return neck + body + _fill("M47 78c6 5 20 5 26 0l2 13c-8 6-22 6-30 0z", lighter(cloth, 0.12))
    if clothing == "v-neck":
        return (
            body
            + _fill("M46 88l14 22 14-22-4-3h-20z", skin)
            + neck
            + _line("M46 88l14 22 14-22", darker(cloth, 0.25), 3)
        )
    if clothing == "collar":
        white = lighter(cloth, 0.6)
        return (
            body
            + _fill("M48 87l12 14 12-14z", skin)
            + neck
            + _fill("M47 84l13 17-8 8-12-18zM73 84l-13 17 8 8 12-18z", white)
        )
    if clothing == "hoodie":
        hood = _fill("M36 92c2-16 46-16 48 0c-4 14-44 14-48 0z", darker(cloth, 0.2))
        return hood + body + neck + low + _line("M53 102v11m14-11v11", lighter(cloth, 0.6), 2)
    if clothing == "dungarees":
        shirt = lighter(cloth, 0.65)
        straps = _line("M38 92l4 28m40-28l-4 28", cloth, 7) + _fill("M40 108h40v12h-40z", cloth)
        return _fill(_SHOULDERS, shirt) + neck + _line("M46 89c2 14 26 14 28 0", darker(shirt, 0.15), 2) + straps
    return body + low + neck


def _head(skin: str, *, ears: bool) -> str:
    shade = darker(skin, 0.14)
    side = _fill("M37 56a5 6.5 0 1 0 .1 0zm46 0a5 6.5 0 1 0 .1 0z", shade) if ears else ""
    return (
        side
        + _fill("M60 27c15 0 23 11 23 27c0 18-11 29-23 29s-23-11-23-29c0-16 8-27 23-27z", skin)
        + _fill("M74 31c6 4 9 13 9 23c0 18-11 29-23 29c-2 0-4 0-6-1c14-2 22-14 22-28c0-9-1-17-2-23z", shade, ".55")
    )


def _face(skin: str, hair: str, expression: str) -> str:
    ink = darker(skin, 0.8)
    brow = hair if contrast(hair, skin) > 0.2 else darker(skin, 0.4)
    mouth = {
        "smile": _line("M53 70c4 5 10 5 14 0", ink, 2.2),
        "calm": _line("M55 71c3 1.5 7 1.5 10 0", ink, 2.2),
        "grin": _fill("M52 69h16c0 10-16 10-16 0z", ink) + _fill("M54 70h12v2.5h-12z", "#fff"),
    }[expression]
    return (
        _line("M47 49c2-2 5-2 7-1m12 0c2-1 5-1 7 1", brow, 2.2)
        + _fill("M50.5 53a2.6 3 0 1 0 .1 0zm19 0a2.6 3 0 1 0 .1 0z", "#2b2527")
        + _line("M51.4 54.6h0m19 0h0", "#fff", 1.5, ".8")
        + _line("M60 58c-2 3-2 5 1 5", darker(skin, 0.35), 2)
        + mouth
    )


def _extras(extras: str, skin: str, metal: str, headwear: str) -> str:
    if extras == "freckles":
        return _line("M45 62h0m4 2h0m-2-5h0m24 3h0m4 2h0m-1-5h0", darker(skin, 0.32), 1.6)
    if extras == "blush":
        return _fill("M45 60a5 3.2 0 1 0 .1 0zm30 0a5 3.2 0 1 0 .1 0z", "#e0705f", ".35")
    if extras == "earrings" and headwear != "hijab":
        return _line("M37 71h0m46 0h0", mix(metal, "#e6bf62", 0.7), 5)
    return ""


def _beard(beard: str, hair: str, skin: str) -> str:
    full = "M37 58c4 6 8 8 12 6c4-3 18-3 22 0c4 2 8 0 12-6c0 20-10 30-23 30s-23-10-23-30z"
    moustache = "M49 69c2-5 8-6 11-3c3-3 9-2 11 3c-4 2-8 2-11-1c-3 3-7 3-11 1z"
    if beard == "full":
        return _fill(full, hair)
    if beard == "stubble":
        return _fill(full, mix(hair, skin, 0.35), ".4")
    if beard == "goatee":
        return _fill(moustache, hair) + _fill("M52 76c4 3 12 3 16 0c0 14-16 14-16 0z", hair)
    return _fill(moustache, hair) if beard == "moustache" else ""


def _hair(style: str, headwear: str, hair: str) -> str:
    if headwear in ("hijab", "turban"):
        return ""
    if headwear in ("cap", "beanie", "sunhat"):
        return _fill(UNDER_HAT, hair) if style not in ("bald", "buzz") else ""
    front = FRONT.get(style)
    if front is None:
        return ""
    if style == "buzz":
        return _fill(front, hair, ".72")
    return _fill(front, hair) + _line("M46 30c4-5 10-7 15-7", lighter(hair, 0.3), 2.4, ".45")


def _headwear(headwear: str, cover: str) -> str:
    dark, pale = darker(cover, 0.22), lighter(cover, 0.22)
    if headwear == "cap":
        crown = _fill("M35 45c-2-21 11-29 25-29s27 8 25 29c-14-5-36-5-50 0z", cover)
        return (
            crown
            + _fill("M34 44c16-9 50-9 66 2c2 4-2 6-6 4c-18-6-42-6-58 0c-4 0-4-4-2-6z", dark)
            + _line("M60 15h0", dark, 5)
        )
    if headwear == "beanie":
        dome = _fill("M35 42c-2-22 11-30 25-30s27 8 25 30z", cover) + _line("M60 10h0", pale, 12)
        return dome + _fill("M33 38h54a3 3 0 0 1 3 3v5a3 3 0 0 1-3 3h-54a3 3 0 0 1-3-3v-5a3 3 0 0 1 3-3z", dark)
    if headwear == "sunhat":
        crown = _fill("M36 40c0-20 8-26 24-26s24 6 24 26z", cover) + _fill("M36 33c14 4 34 4 48 0v7h-48z", dark)
        return crown + _fill("M14 42c16-8 76-8 92 0c-16 9-76 9-92 0z", pale)
    if headwear == "headband":
        return _line("M38 41c12-8 32-8 44 0", cover, 6)
    if headwear == "turban":
        wrap = _fill("M34 47c-8-24 8-37 26-37s34 13 26 37c-8-9-18-12-26-15c-8 3-18 6-26 15z", cover)
        folds = _line("M36 38c10-8 22-14 40-20m-42 10c8-6 18-11 30-14m20 24c-8-6-16-9-24-11", dark, 2)
        return wrap + folds + _fill("M60 32l-7-6 7-10 7 10z", pale)
    if headwear == "hijab":
        veil = (
            "M60 14c22 0 32 16 31 38c0 14 3 26 11 36c-10 10-24 16-42 16s-32-6-42-16c8-10 11-22 11-36c-1-22 9-38 31-38z"
            "m0 15c-13 0-20 9-20 24c0 17 9 28 20 28s20-11 20-28c0-15-7-24-20-24z"
        )
        drape = _fill("M26 90c20 2 52 0 60-22c6 10 10 16 16 20c-8 18-60 24-76 2z", dark, ".5")
        shaped = f'<path d="{veil}" fill="{cover}" fill-rule="evenodd"/>'
        return shaped + drape + _line("M39 47c2-14 10-20 21-20s19 6 21 20", pale, 2.4)
    return ""


def _glasses(glasses: str) -> str:
    bridge = "M57 56c2-2 4-2 6 0m-21-2l-5-1m41 1l5-1"
    if glasses == "round":
        return _line("M50 48a8 8 0 1 0 .1 0zm20 0a8 8 0 1 0 .1 0z" + bridge, INK, 2)
    if glasses == "square":
        return _line("M44 49h12v12h-12zm20 0h12v12h-12z" + bridge, INK, 2.4)
    return ""
