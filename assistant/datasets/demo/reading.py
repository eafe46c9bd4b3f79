"""Reads the department files into ``Knowledge`` and says, file by file, everything that is wrong with them."""

from __future__ import annotations

import re
import string
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from assistant.datasets.demo.knowledge import DEPARTMENTS, VOICES, Attribute, Brand, Kind, Knowledge, Trait, Value
from assistant.datasets.demo.shapes import MATERIALS, PATTERNS, drawn_shape
from assistant.errors import DatasetError

HERE = Path(__file__).parent
KNOWLEDGE_FOLDER = HERE / "knowledge"
TRAITS_FILE = HERE / "traits.toml"
SLOTS_ALWAYS = frozenset({"brand", "noun"})
SLOTS_OPTIONAL = frozenset({"line", "name", "size"})
COLOUR = re.compile(r"#[0-9a-fA-F]{6}\Z")
SPIN = re.compile(r"\[[^\[\]]*\|[^\[\]]*\]")

# field -> (fewest entries, the type of each). Lists of sentences; what may be left out has 0.
VALUE_LISTS = {"title": 1, "bullet": 2, "good": 2, "bad": 2, "about": 0, "suits": 0}
KIND_LISTS = {
    **{"nouns": 1, "asked": 3, "needs": 3, "attributes": 3, "titles": 3, "bullets": 7, "about": 4, "used": 3},
    **{"praise": 4, "complaint": 4, "names": 0, "goes_with": 0, "brands": 0},
}
VALUE_FIELDS = {*VALUE_LISTS, "price", "common", "colour", "material", "pattern", "shape"}
KIND_FIELDS = {*KIND_LISTS, "price", "sizes", "picture", "gift", "repeat", "popular", "shelf"}
BRAND_FIELDS = {"name", "tier", "voice", "says", "lines", "makes", "leans"}
WITHOUT_STOP = ("bullet", "bullets", "good", "bad", "praise", "complaint", "used", "title", "asked")
WITH_STOP = ("about", "says", "needs")


class Problems:
    """What is wrong, as lines "file: where: what"."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, where: str, what: str) -> None:
        self.lines.append(f"{where}: {what}")


def slug(department: str) -> str:
    """The file name of a department, without ``.toml``."""
    return department.lower().replace(" ", "-")


def load_knowledge(folder: Path = KNOWLEDGE_FOLDER) -> Knowledge:
    """All department files. Raises ``DatasetError`` with every problem found."""
    knowledge, problems = read_knowledge(folder)
    if problems.lines:
        shown = "\n  ".join(problems.lines[:20])
        raise DatasetError(f"the demo world's knowledge has {len(problems.lines)} problems:\n  {shown}")
    return knowledge


def read_knowledge(folder: Path) -> tuple[Knowledge, Problems]:
    """What can be read, and what is wrong."""
    problems = Problems()
    traits = _read_traits(problems)
    kinds: dict[str, Kind] = {}
    for path in sorted(folder.glob("*.toml")):
        for kind in read_department(path, traits, problems):
            if kind.name in kinds:
                other = kinds[kind.name].department
                problems.add(path.name, f"kind {kind.name!r} is already in {other}; give it another noun")
            kinds[kind.name] = kind
    return Knowledge(kinds, traits), problems


def read_department(path: Path, traits: dict[str, Trait], problems: Problems) -> list[Kind]:
    """The kinds of one file; what is wrong goes to ``problems``."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.add(path.name, f"not readable as TOML: {error}")
        return []
    _only(data, {"department", "brand", "attribute", "kind"}, path.name, problems)
    department = data.get("department", "")
    if department not in DEPARTMENTS:
        problems.add(path.name, f"department {department!r} is not one of: {', '.join(DEPARTMENTS)}")
    elif path.stem != slug(department):
        problems.add(path.name, f"should be called {slug(department)}.toml")
    attributes = {
        name: _read_attribute(name, body, traits, f"{path.name}: attribute {name}", problems)
        for name, body in data.get("attribute", {}).items()
    }
    kind_names = set(data.get("kind", {}))
    brands = [_read_brand(body, kind_names, attributes, path.name, problems) for body in data.get("brand", [])]
    _unique((brand.name for brand in brands), f"{path.name}: brand", problems)
    kinds = [
        _read_kind(name, department, body, attributes, brands, f"{path.name}: kind {name}", problems)
        for name, body in data.get("kind", {}).items()
    ]
    unused = set(attributes) - {name for kind in kinds for name in kind.attributes}
    if unused:
        problems.add(path.name, f"no kind uses the attributes {sorted(unused)}")
    return kinds


def _read_traits(problems: Problems) -> dict[str, Trait]:
    data = tomllib.loads(TRAITS_FILE.read_text(encoding="utf-8"))
    traits = {
        name: Trait(name, float(body["share"]), tuple(body["says"]), tuple(body.get("clash", ())))
        for name, body in data.items()
    }
    for trait in traits.values():
        for other in trait.clash:
            if other not in traits:
                problems.add(TRAITS_FILE.name, f"{trait.name} clashes with {other!r}, which is no trait")
    return traits


def _read_attribute(
    name: str, body: dict[str, Any], traits: dict[str, Trait], where: str, problems: Problems
) -> Attribute:
    if not re.fullmatch(r"[a-z][a-z_]*", name):
        problems.add(where, "an attribute's key is one lower-case word (letters and _), as titles name it in {}")
    values = {key: _read_value(key, value, where, problems) for key, value in body.items() if isinstance(value, dict)}
    _only({key for key in body if key not in values}, {"label"}, where, problems)
    if not 3 <= len(values) <= 7:
        problems.add(where, f"has {len(values)} values; 3 to 6 are wanted")
    for first in values:
        for second in values:
            if first != second and re.search(rf"(?<![\w-]){re.escape(first)}(?![\w-])", second):
                problems.add(where, f"{first!r} occurs within {second!r}: a text could mean either; rename one")
    suited = [trait for value in values.values() for trait in value.suits]
    _unique(suited, f"{where}: suits (one value of an attribute a trait)", problems)
    for trait in suited:
        if trait not in traits:
            problems.add(where, f"{trait!r} is no trait; there are: {', '.join(traits)}")
    return Attribute(name, str(body.get("label", name.replace("_", " ").capitalize())), values)


def _read_value(name: str, body: dict[str, Any], where: str, problems: Problems) -> Value:
    where = f"{where}: {name}"
    _only(body, VALUE_FIELDS, where, problems)
    capitals = [word for word in re.findall(r"[A-Za-z]+", name) if word != word.lower()]
    if any(word[:2] != word[:2].upper() for word in capitals) and not any(letter.isdigit() for letter in name):
        problems.add(where, "a value's name is written in lower case (but for abbreviations)")
    texts = _lists(body, VALUE_LISTS, where, problems)
    for key in ("good", "bad"):
        if not any(name.lower() in text.lower() for text in texts[key]):
            problems.add(where, f"{key}: at least one must say {name!r} itself, so that a memory can be drawn from it")
    picture: dict[str, str] = {key: str(body[key]) for key in ("colour", "material", "pattern", "shape") if key in body}
    _check_picture(picture, where, problems)
    price, common = float(body.get("price", 1.0)), float(body.get("common", 1.0))
    if not 0.3 <= price <= 4 or not 0.2 <= common <= 5:
        problems.add(where, "price must lie in 0.3 to 4, common in 0.2 to 5")
    return Value(name, **texts, price=price, common=common, picture=picture)


def _read_brand(
    body: dict[str, Any], kinds: set[str], attributes: dict[str, Attribute], file: str, problems: Problems
) -> Brand:
    name = str(body.get("name", ""))
    where = f"{file}: brand {name}"
    _only(body, BRAND_FIELDS, where, problems)
    texts = _lists(body, {"says": 2, "lines": 0, "makes": 0}, where, problems)
    if not name:
        problems.add(where, "has no name")
    if body.get("voice", "plain") not in VOICES:
        problems.add(where, f"voice must be one of {', '.join(VOICES)}")
    for kind in texts["makes"]:
        if kind not in kinds:
            problems.add(where, f"makes {kind!r}, which is no kind of this file")
    for attribute, value in body.get("leans", {}).items():
        if attribute not in attributes or value not in attributes[attribute].values:
            problems.add(where, f"leans towards {attribute} = {value!r}, which does not exist here")
    tier = float(body.get("tier", 1.0))
    if not 0.4 <= tier <= 3:
        problems.add(where, "tier must lie in 0.4 to 3")
    return Brand(name, tier, body.get("voice", "plain"), **texts, leans=dict(body.get("leans", {})))


def _read_kind(
    name: str,
    department: str,
    body: dict[str, Any],
    attributes: dict[str, Attribute],
    brands: list[Brand],
    where: str,
    problems: Problems,
) -> Kind:
    _only(body, KIND_FIELDS, where, problems)
    texts = _lists(body, KIND_LISTS, where, problems)
    named = texts.pop("attributes")
    wanted = texts.pop("brands")
    _check_known(named, attributes, f"{where}: attributes", problems)
    _check_known(wanted, {brand.name for brand in brands}, f"{where}: brands", problems)
    chosen = tuple(b for b in brands if (b.name in wanted if wanted else not b.makes or name in b.makes))
    if len(chosen) < 4:
        problems.add(where, f"only {len(chosen)} brands make it; at least 4 are wanted")
    own = {key: attributes[key] for key in named if key in attributes}
    picture = dict(body.get("picture", {}))
    _check_picture(picture, where, problems)
    if "shape" not in picture or not picture.get("colours"):
        problems.add(where, "picture needs a shape and colours")
    price = tuple(body.get("price", ()))
    if len(price) != 2 or not 0.5 <= price[0] <= 5000 or not 0.05 <= price[1] <= 1:
        problems.add(where, "price must be [median in dollars, spread between 0.05 and 1]")
        price = (10.0, 0.3)
    sizes = tuple((str(size), float(factor)) for size, factor in body.get("sizes", ()))
    _check_titles(texts["titles"], set(own), bool(sizes), bool(texts["names"]), chosen, where, problems)
    flags = {key: body[key] for key in ("gift", "repeat", "popular", "shelf") if key in body}
    return Kind(name, department, attributes=own, brands=chosen, price=price, picture=picture, sizes=sizes,
                **texts, **flags)  # fmt: skip


def _check_titles(
    titles: tuple[str, ...],
    attributes: set[str],
    sizes: bool,
    names: bool,
    brands: tuple[Brand, ...],
    where: str,
    problems: Problems,
) -> None:
    seen: set[str] = set()
    for title in titles:
        slots = {slot for _, slot, _, _ in string.Formatter().parse(title) if slot is not None}
        seen |= slots
        _check_known(slots, SLOTS_ALWAYS | SLOTS_OPTIONAL | attributes, f"{where}: title {title!r}", problems)
        if not slots & {"noun", "name"}:
            problems.add(where, f"title {title!r} names neither {{noun}} nor {{name}}")
        if len(slots & attributes) < 2:
            problems.add(where, f"title {title!r} names fewer than two attributes")
    if attributes - seen:
        problems.add(where, f"no title names the attributes {sorted(attributes - seen)}")
    if "size" in seen and not sizes:
        problems.add(where, "a title names {size} but there are no sizes")
    if "name" in seen and not names:
        problems.add(where, "a title names {name} but there are no names")
    for brand in brands:
        if "line" in seen and not brand.lines:
            problems.add(where, f"a title names {{line}} but the brand {brand.name} has no lines")


def _check_picture(picture: dict[str, Any], where: str, problems: Problems) -> None:
    if "shape" in picture and drawn_shape(picture["shape"]) is None:
        problems.add(where, f"shape {picture['shape']!r} is not drawn: see the shapes of assistant/pictures")
    for key, allowed in (("material", MATERIALS), ("pattern", PATTERNS)):
        if key in picture and picture[key] not in allowed:
            problems.add(where, f"{key} {picture[key]!r} is not one of: {' '.join(allowed)}")
    for colour in (*picture.get("colours", ()), *([picture["colour"]] if "colour" in picture else [])):
        if not COLOUR.match(str(colour)):
            problems.add(where, f"colour {colour!r} is not written #rrggbb")


def _lists(body: dict[str, Any], wanted: dict[str, int], where: str, problems: Problems) -> dict[str, Any]:
    """The fields that are lists of text, as tuples; checks their number and how each ends."""
    found: dict[str, Any] = {}
    for key, fewest in wanted.items():
        texts = body.get(key, [])
        if not isinstance(texts, list) or not all(isinstance(text, str) and text.strip() for text in texts):
            problems.add(where, f"{key} must be a list of texts, none empty")
            texts = []
        elif len(texts) < fewest:
            problems.add(where, f"{key} has {len(texts)} entries; at least {fewest} are wanted")
        for text in texts:
            bare = SPIN.sub("x", text)
            if "[" in bare or "]" in bare:
                problems.add(where, f"{key}: {text!r} has a bracket that is not a choice [a|b]")
            if key in WITHOUT_STOP and text.endswith("."):
                problems.add(where, f"{key}: {text!r} must not end with a full stop")
            if key in WITH_STOP and text[-1] not in ".!?":
                problems.add(where, f"{key}: {text!r} must be a sentence that ends with a stop")
        _unique(texts, f"{where}: {key}", problems)
        found[key] = tuple(texts)
    return found


def _only(keys: Iterable[str], allowed: set[str], where: str, problems: Problems) -> None:
    for key in keys:
        if key not in allowed:
            problems.add(where, f"unknown field {key!r}; there are: {', '.join(sorted(allowed))}")


def _check_known(names: Iterable[str], known: Iterable[str], where: str, problems: Problems) -> None:
    known = set(known)
    for name in names:
        if name not in known:
            problems.add(where, f"{name!r} is unknown; there are: {', '.join(sorted(known))}")


def _unique(texts: Iterable[str], where: str, problems: Problems) -> None:
    seen: set[str] = set()
    for text in texts:
        if text in seen:
            problems.add(where, f"{text!r} stands there twice")
        seen.add(text)
