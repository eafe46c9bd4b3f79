"""Pictures: every drawing is well-formed, self-contained, safe, deterministic, small and fast."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.pictures import draw_avatar, draw_item, shape_names
from assistant.pictures.avatars import BEARDS, CLOTHING, EXPRESSIONS, EXTRAS, GLASSES, HAIR_COLOURS, HEADWEAR, SKINS
from assistant.pictures.choose import _knowledge, choose_shape, known_shape
from assistant.pictures.colours import PALETTE, mix, read_colour
from assistant.pictures.finish import MATERIALS, PATTERNS
from assistant.pictures.geometry import free_path, polygon, rectangle, turned
from assistant.pictures.hair import STYLES
from assistant.pictures.recipes import _compile, parts_of

_TAGS = {"svg", "g", "path", "circle", "ellipse"}
_ATTRIBUTES = {
    "viewBox", "class", "aria-hidden", "focusable", "d", "fill", "fill-rule", "fill-opacity", "opacity", "stroke",
    "stroke-width", "stroke-linecap", "stroke-linejoin", "stroke-dasharray", "transform", "clip-path", "cx", "cy",
    "r", "rx", "ry",
}  # fmt: skip


def check(svg: str, box: str) -> ElementTree.Element:
    """Only shapes: no text, ids, scripts, styles, links; numbers finite; colours plain."""
    root = ElementTree.fromstring(svg)
    assert root.get("viewBox") == box
    for element in root.iter():
        assert element.tag.removeprefix("{http://www.w3.org/2000/svg}") in _TAGS
        assert set(element.attrib) <= _ATTRIBUTES
        assert not (element.text or "").strip() and not (element.tail or "").strip()
        for key in ("fill", "stroke"):
            assert re.fullmatch(r"none|#[0-9a-f]{3}|#[0-9a-f]{6}", element.get(key, "none"))
    assert "nan" not in svg and "inf" not in svg and "url(" not in svg
    return root


@pytest.mark.parametrize("shape", shape_names())
def test_every_shape_draws_in_every_surface(shape: str) -> None:
    for material, pattern in zip(sorted(MATERIALS), [*sorted(PATTERNS), "dots", "plain"], strict=True):
        spec = {"shape": shape, "colour": "sage", "accent": "navy", "material": material, "pattern": pattern}
        svg = draw_item(spec, category="All Beauty", title="A thing")
        check(svg, "0 0 200 200")
        assert len(svg) < 12_000
    assert len(draw_item({"shape": shape, "colour": "oat"}, category="", title="x")) < 6_000


@pytest.mark.parametrize("shape", shape_names())
def test_outlines_stay_on_the_sheet(shape: str) -> None:
    """Clipping takes the sheet as its reference box, so no outline may leave it."""
    for part in parts_of(shape):
        if part.outline is not None:
            x0, y0, x1, y1 = part.outline.box
            assert x0 >= -4 and y0 >= -4 and x1 <= 200 and y1 <= 200, (part.role, part.outline.box)


def test_there_are_many_shapes_and_they_differ() -> None:
    drawn = {draw_item({"shape": s, "colour": "teal", "accent": "sand"}, category="", title="") for s in shape_names()}
    assert len(drawn) == len(shape_names()) > 300


def test_colour_material_and_pattern_are_visible() -> None:
    def mug(**spec: str) -> str:
        return draw_item({"shape": "mug", "colour": "navy", **spec}, category="", title="")

    assert PALETTE["navy"] in mug()
    assert len({mug(material=m) for m in MATERIALS}) == len(MATERIALS)
    assert len({mug(pattern=p, accent="cream") for p in PATTERNS}) == len(PATTERNS)
    assert PALETTE["cream"] in mug(pattern="stripes", accent="cream")


def test_the_same_arguments_give_the_same_bytes() -> None:
    spec = {"shape": "bottle", "colour": "coral", "pattern": "terrazzo"}
    assert draw_item(spec, category="c", title="t") == draw_item(dict(spec), category="c", title="t")
    assert draw_avatar(None, name="Ada") == draw_avatar(None, name="Ada")


def test_the_title_chooses_the_label_but_is_never_drawn() -> None:
    labels = {draw_item({"shape": "bottle", "colour": "sage"}, category="", title=f"Brand{k}") for k in range(60)}
    assert 4 <= len(labels) <= 8
    assert not any("Brand" in svg for svg in labels)


@pytest.mark.parametrize(
    "value", ["red; background:url(x)", "url(#a)", '"/><script>', "#12345", "", None, 7, "nocolour"]
)
def test_a_bad_colour_falls_back(value: object) -> None:
    assert read_colour(value, "#112233") == "#112233"
    check(draw_item({"shape": "mug", "colour": value}, category="", title=""), "0 0 200 200")  # type: ignore[dict-item]


def test_colours_are_read_as_people_write_them() -> None:
    assert read_colour("Rose Gold", "") == PALETTE["rose-gold"]
    assert read_colour("#AABBCC", "") == "#aabbcc"
    assert read_colour("gray", "") == PALETTE["grey"]
    assert mix("#000000", "#ffffff", 0.5) == "#808080"


@pytest.mark.parametrize(
    ("title", "category", "shape"),
    [
        ("Gentle Oat Shampoo for Itchy Dogs, 16 oz", "Pet Supplies", "bottle"),
        ("Trail Running Shoes - Wide Fit", "Clothing, Shoes & Jewelry", "shoe-running"),
        ("The Guitar: A Novel", "Kindle Store", "e-book"),
        ("Guitar Legends", "Video Games", "game-box"),
        ("Wireless Controller with Charger", "Video Games", "game-controller"),
        ("Bonnet Hair Dryer", "Beauty & Personal Care", "hair-dryer"),
        ("Dryer Repair Kit", "Appliances", "washing-machine"),
        ("Cordless Hedge Trimmer", "Patio, Lawn & Garden", "hedge-trimmer"),
        ("Parasol with Base", "Patio, Lawn & Garden", "patio-umbrella"),
        ("Something", "Gift Cards", "gift-card"),
    ],
)
def test_a_product_without_a_picture_gets_a_fitting_one(title: str, category: str, shape: str) -> None:
    assert choose_shape(title, category) == shape


def test_unknown_shapes_and_departments_still_draw() -> None:
    assert known_shape("Shampoo") == "bottle"
    assert known_shape("running_shoes") == "shoe-running"
    assert known_shape("flux capacitor") is None
    assert choose_shape("?", "No Such Department") == "box"
    assert choose_shape("?", "Umbrellas") == "umbrella"
    assert choose_shape("x", "Books", hint="folding umbrella") == "umbrella"
    for picture in (None, {}, {"shape": "flux capacitor"}, {"shape": ["a"]}, "text", ["mug"]):
        check(draw_item(picture, category="", title=""), "0 0 200 200")  # type: ignore[arg-type]


def test_the_words_point_at_drawings_that_exist() -> None:
    knowledge = _knowledge()
    names = set(shape_names())
    assert set(knowledge.shapes.values()) <= names
    assert {shape for choices in knowledge.departments.values() for shape in choices} <= names
    assert set(knowledge.only) <= set(knowledge.departments)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["shape", "colour", "accent", "material", "pattern"]), st.text()),
    st.text(),
    st.text(),
)
def test_hostile_items_never_break_out(spec: dict[str, str], category: str, title: str) -> None:
    check(draw_item(spec, category=category, title=title), "0 0 200 200")


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["skin", "hair", "hair_colour", "headwear", "background"]), st.text()), st.text()
)
def test_hostile_avatars_never_break_out(spec: dict[str, str], name: str) -> None:
    check(draw_avatar(spec, name=name), "0 0 120 120")


@pytest.mark.parametrize(
    ("key", "options"),
    [
        ("skin", tuple(SKINS)),
        ("hair", STYLES),
        ("hair_colour", tuple(HAIR_COLOURS)),
        ("glasses", GLASSES),
        ("beard", BEARDS),
        ("headwear", HEADWEAR),
        ("clothing", CLOTHING),
        ("expression", EXPRESSIONS),
        ("extras", EXTRAS),
    ],
)
def test_every_avatar_option_shows(key: str, options: tuple[str, ...]) -> None:
    plain = {"hair": "short", "headwear": "none", "beard": "none", "skin": "honey", "hair_colour": "brown"}
    drawn = [draw_avatar({**plain, key: option}, name="Ada") for option in options]
    for svg in drawn:
        check(svg, "0 0 120 120")
        assert len(svg) < 4_000
    assert len(set(drawn)) == len(options)


def test_people_differ_and_a_name_decides_no_religion() -> None:
    drawn = {draw_avatar(None, name=f"Person {k}") for k in range(300)}
    assert len(drawn) > 290
    veil = "M60 14c22 0 32 16 31 38"
    wrap = "M34 47c-8-24 8-37 26-37"
    assert not any(veil in svg or wrap in svg for svg in drawn)


def test_geometry_moves_by_its_start_alone() -> None:
    square = rectangle(10, 20, 30, 40)
    assert square.path() == "M10 20h30v40h-30z"
    assert square.path(-1, 2) == "M9 22h30v40h-30z"
    assert square.box == (10, 20, 40, 60)
    assert turned([(10, 5, 0), (30, 8, 0)]).box == (92, 10, 108, 30)
    assert polygon([(0, 0, 2), (10, 0, 2), (10, 10, 2)]).path().endswith("z")
    assert free_path("M1 2h3l4-5z").box == (1, -3, 8, 2)


@pytest.mark.parametrize(
    "line", ["B Q 1 2", "Z R 1 2 3 4", "B P M1 2H3", "B P h3", "B G 3 1,2,3,4 5,6", "B G 3", "B R 1"]
)
def test_a_bad_recipe_line_is_refused(line: str) -> None:
    with pytest.raises((ValueError, TypeError)):
        _compile(line)
