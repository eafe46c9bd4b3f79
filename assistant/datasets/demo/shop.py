"""The shop's shelves: products grown from the knowledge, each with its texts, price and picture."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from random import Random

from assistant.datasets.demo.knowledge import Brand, Kind, Knowledge, Value
from assistant.datasets.demo.shapes import MATERIALS, PATTERNS, drawn_shape
from assistant.datasets.demo.wording import capital, pick, says, spin
from assistant.types import Item

ITEMS = 8_400
FEWEST_OF_A_KIND, MOST_OF_A_KIND = 21, 60
LEANING = 3.0
PRICE_ENDINGS = (0.99, 0.95, 0.49, 0.0, 0.5)
TRIES = 400


@dataclass(frozen=True, slots=True, eq=False)
class Product:
    """An item with what it is made of: ``values`` is its value of each attribute. ``price`` is known here always."""

    item: Item
    kind: Kind
    brand: Brand
    noun: str
    values: dict[str, Value]
    price: float

    @property
    def item_id(self) -> str:
        return self.item.item_id

    def has(self, attribute: str, value: str) -> bool:
        """Whether the product's ``attribute`` has ``value`` (a name)."""
        return attribute in self.values and self.values[attribute].name == value


def stock(knowledge: Knowledge, seed: int) -> dict[str, list[Product]]:
    """The products of each kind; a kind's products depend on the seed and on nothing but their own department."""
    share = min(MOST_OF_A_KIND, max(FEWEST_OF_A_KIND, math.ceil(ITEMS / len(knowledge.kinds))))
    return {
        name: _stock_kind(kind, kind.shelf or share, Random(f"{seed}/{name}")) for name, kind in knowledge.kinds.items()
    }


def _stock_kind(kind: Kind, count: int, rng: Random) -> list[Product]:
    """``count`` products that differ in brand or values, and in title."""
    products: list[Product] = []
    made: set[tuple[str, ...]] = set()
    titles: set[str] = set()
    for _ in range(TRIES * count):
        brand = kind.brands[len(products) % len(kind.brands)] if rng.random() < 0.5 else rng.choice(kind.brands)
        values = {name: _choose(brand, name, list(attribute.values.values()), rng)
                  for name, attribute in kind.attributes.items()}  # fmt: skip
        if len(products) % 2:
            values |= _rarest(kind, products, rng)
        key = (brand.name, *(value.name for value in values.values()))
        if key in made:
            continue
        new = _product(_item_id(kind, len(products) + 1), kind, brand, values, rng)
        if new.item.title in titles:
            continue
        made.add(key)
        titles.add(new.item.title)
        products.append(new)
        if len(products) == count:
            break
    return products


def _rarest(kind: Kind, products: Sequence[Product], rng: Random) -> dict[str, Value]:
    """For two attributes, each pair in its turn, the values that the fewest products have together, then each for
    itself, for how common they are: so a shop has some of all that may be asked for at once."""
    pairs = list(combinations(kind.attributes, 2))
    names = pairs[len(products) // 2 % len(pairs)]
    seen: Counter[tuple[str, ...]] = Counter()
    for made in products:
        found = [made.values[name].name for name in names]
        seen.update([tuple(found), *((value,) for value in found)])
    choices = [[*kind.attributes[name].values.values()] for name in names]

    def rarity(pair: Iterable[Value]) -> tuple[float, float, float]:
        values = [*pair]
        together = seen[tuple(value.name for value in values)] / math.prod(value.common for value in values)
        return together, sum(seen[value.name,] / value.common for value in values), rng.random()

    return dict(zip(names, min(product(*choices), key=rarity), strict=True))


def made_to_order(kind: Kind, wanted: dict[str, str], brand: str | None, number: int, rng: Random) -> Product:
    """A product of ``kind`` that has the values ``wanted`` (by attribute) and is of ``brand``; the rest is chance."""
    maker = next((maker for maker in kind.brands if maker.name == brand), None) or rng.choice(kind.brands)
    values = {
        name: attribute.values[wanted[name]]
        if name in wanted
        else _choose(maker, name, [*attribute.values.values()], rng)
        for name, attribute in kind.attributes.items()
    }
    return _product(_item_id(kind, number), kind, maker, values, rng)


def _item_id(kind: Kind, number: int) -> str:
    return f"{re.sub('[^a-z0-9]+', '-', kind.name)}-{number:03d}"


def _choose(brand: Brand, attribute: str, values: list[Value], rng: Random) -> Value:
    leaning = brand.leans.get(attribute)
    weights = [value.common * (LEANING if value.name == leaning else 1.0) for value in values]
    return rng.choices(values, weights)[0]


def _product(item_id: str, kind: Kind, brand: Brand, values: dict[str, Value], rng: Random) -> Product:
    size, factor = rng.choice(kind.sizes) if kind.sizes else ("", 1.0)
    noun = kind.nouns[0] if rng.random() < 0.6 else rng.choice(kind.nouns)
    title = _title(kind, brand, values, noun, size, rng)
    features = _features(kind, values, title, rng)
    price = float(size[1:]) if size.startswith("$") else _price(kind, brand, values, factor, rng)
    item = Item(
        item_id=item_id,
        title=title,
        brand=brand.name,
        category=kind.department,
        categories=(kind.department, capital(kind.name)),
        price=None if rng.random() < 0.02 else price,
        average_rating=round(min(5.0, max(2.6, rng.gauss(4.25, 0.35))), 1),
        rating_number=int(math.exp(rng.gauss(4.6, 1.4))) + 1,
        features=features,
        description=_description(kind, brand, values, rng),
        picture=_picture(kind, values, rng),
    )
    return Product(item, kind, brand, noun, values, price)


def _title(kind: Kind, brand: Brand, values: dict[str, Value], noun: str, size: str, rng: Random) -> str:
    words = {name: pick(value.title, rng) for name, value in values.items()}
    line = rng.choice(brand.lines) if brand.lines else ""
    name = pick(kind.names, rng) if kind.names else ""
    title = rng.choice(kind.titles).format(brand=brand.name, line=line, noun=noun, size=size, name=name, **words)
    return re.sub(r"\b(\w{4,}) \1\b", r"\1", spin(title, rng))


def _features(kind: Kind, values: dict[str, Value], title: str, rng: Random) -> tuple[str, ...]:
    """A bullet for each value, which names it unless the title does, and five to seven plain facts."""
    bullets = []
    for value in values.values():
        text = pick(value.bullet, rng)
        bullets.append(text if says(text, value.name) or says(title, value.name) else f"{capital(value.name)}: {text}")
    if rng.random() < 0.35:
        rng.shuffle(bullets)
    plain = [capital(spin(text, rng)) for text in rng.sample(kind.bullets, rng.choice((5, 6, 7)))]
    at = rng.choice((0, len(bullets), len(bullets)))
    return tuple(capital(text) for text in (*bullets[:at], *plain, *bullets[at:]))


def _description(kind: Kind, brand: Brand, values: dict[str, Value], rng: Random) -> str:
    sentences = [pick(kind.about, rng)]
    told = [pick(value.about, rng) for value in values.values() if value.about]
    if told and rng.random() < 0.6:
        sentences.append(rng.choice(told))
    if rng.random() < 0.45:
        sentences.append(pick(brand.says, rng))
    if rng.random() < 0.3:
        rng.shuffle(sentences)
    return "" if rng.random() < 0.06 else " ".join(sentences)


def _price(kind: Kind, brand: Brand, values: dict[str, Value], factor: float, rng: Random) -> float:
    median, spread = kind.price
    price = median * brand.tier**0.8 * factor * math.exp(rng.gauss(0, spread * 0.5))
    for value in values.values():
        price *= value.price
    if price >= 100:
        return round(price) - rng.choice((0.0, 0.01, 0.01))
    return max(0.99, math.floor(price) + rng.choice(PRICE_ENDINGS))


def _picture(kind: Kind, values: dict[str, Value], rng: Random) -> dict[str, str]:
    colours = [str(colour) for colour in kind.picture["colours"]]  # type: ignore[attr-defined]
    colour, *rest = rng.sample(colours, len(colours))
    picture = {
        "shape": str(kind.picture["shape"]),
        "colour": colour,
        "accent": rest[0] if rest else "#e8e4da",
        "material": str(kind.picture.get("material", "plastic")),
        "pattern": str(kind.picture.get("pattern", "plain")),
    }
    for value in values.values():
        picture |= value.picture
    return picture | {
        "shape": drawn_shape(picture["shape"]) or picture["shape"],
        "material": MATERIALS[picture["material"]],
        "pattern": PATTERNS[picture["pattern"]],
    }
