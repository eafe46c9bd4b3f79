"""The showcase personas of ``personas.toml``: people written by hand, whose histories tell a story."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from typing import Any

from assistant.datasets.demo.history import Purchase, buy_at_large
from assistant.datasets.demo.knowledge import Kind, Knowledge
from assistant.datasets.demo.people import Shopper, Taste
from assistant.datasets.demo.reviews import Review
from assistant.datasets.demo.shop import Product, made_to_order
from assistant.errors import DatasetError

PERSONAS_FILE = Path(__file__).parent / "personas.toml"
SPAN_START = 1_609_459_200_000  # 2021-01-01
FIELDS = {"user_id", "name", "bio", "openers", "avatar", "traits", "voice", "also", "history", "taste"}


@dataclass(frozen=True, slots=True)
class Wish:
    """Values wanted of a kind, by attribute, and of which brand."""

    kind: Kind
    values: dict[str, str]
    brand: str | None


@dataclass(frozen=True, slots=True)
class Persona:
    """A persona: who they are, what they bought and said (``history``), what they want (``tastes``).

    ``also`` is how many more purchases they made of which they say what anybody might.
    """

    user_id: str
    name: str
    bio: str
    openers: tuple[str, ...]
    avatar: dict[str, str]
    traits: tuple[str, ...]
    voice: str
    also: int
    history: tuple[tuple[Wish, Review, int], ...]
    tastes: tuple[Wish, ...]


def load_personas(knowledge: Knowledge) -> list[Persona]:
    """The personas, checked against the knowledge.

    Raises:
        DatasetError: a persona names a field, kind, value, brand or trait that does not exist.
    """
    data = tomllib.loads(PERSONAS_FILE.read_text(encoding="utf-8"))
    return [_read_persona(body, knowledge) for body in data["persona"]]


def play(
    persona: Persona, knowledge: Knowledge, shelves: dict[str, list[Product]], rng: Random
) -> tuple[Shopper, tuple[Purchase, ...]]:
    """The persona as a shopper, and their purchases, oldest first. What the shop lacks for it is put on the shelves."""
    traits = tuple(knowledge.traits[name] for name in persona.traits)
    shopper = Shopper(persona.user_id, persona.name, persona.voice, traits, 1.0, 0.0, 0.05)
    taken: set[str] = set()
    for wish in persona.tastes:
        target = _find(wish, shelves, taken, rng)
        taken.add(target.item_id)
        shopper.tastes[wish.kind.name] = Taste(wish.kind, wish.values, wish.brand, target)
    bought = []
    for wish, review, timestamp in persona.history:
        product = _find(wish, shelves, taken, rng)
        taken.add(product.item_id)
        bought.append(Purchase(product, review, timestamp))
    told = {wish.kind.name for wish, _, _ in persona.history} | set(shopper.tastes)
    others = [kind for name, kind in knowledge.kinds.items() if name not in told]
    for _ in range(persona.also):
        kind = rng.choices(others, [kind.popular for kind in others])[0]
        bought += buy_at_large(shopper, kind, shelves[kind.name], SPAN_START, taken, rng)
    return shopper, tuple(sorted(bought, key=lambda purchase: (purchase.timestamp, purchase.product.item_id)))


def _find(wish: Wish, shelves: dict[str, list[Product]], taken: set[str], rng: Random) -> Product:
    """A product not yet taken that is all that is wished; made and put on the shelf where there is none."""
    shelf = shelves[wish.kind.name]
    for product in shelf:
        branded = wish.brand in (None, product.brand.name)
        if branded and product.item_id not in taken and all(product.has(*pair) for pair in wish.values.items()):
            return product
    shelf.append(made_to_order(wish.kind, wish.values, wish.brand, len(shelf) + 1, rng))
    return shelf[-1]


def _read_persona(body: dict[str, Any], knowledge: Knowledge) -> Persona:
    where = f"{PERSONAS_FILE.name}: {body.get('name', 'a persona without a name')}"
    if body.keys() - FIELDS:
        raise DatasetError(f"{where}: unknown fields {sorted(body.keys() - FIELDS)}; there are: {sorted(FIELDS)}")
    unknown = set(body["traits"]) - set(knowledge.traits)
    if unknown:
        raise DatasetError(f"{where}: no such traits: {sorted(unknown)}; there are: {', '.join(knowledge.traits)}")
    history = tuple(
        (_read_wish(line, knowledge, where), Review(line["stars"], line.get("title", ""), line.get("text", "")),
         _milliseconds(line["on"]))
        for line in body["history"]
    )  # fmt: skip
    tastes = tuple(_read_wish(line, knowledge, where) for line in body.get("taste", ()))
    return Persona(
        user_id=body["user_id"],
        name=body["name"],
        bio=body["bio"],
        openers=tuple(body["openers"]),
        avatar=body["avatar"],
        traits=tuple(body["traits"]),
        voice=body["voice"],
        also=body.get("also", 0),
        history=history,
        tastes=tastes,
    )


def _read_wish(line: dict[str, Any], knowledge: Knowledge, where: str) -> Wish:
    kind = knowledge.kinds.get(line["kind"])
    if kind is None:
        raise DatasetError(f"{where}: the shop has no kind {line['kind']!r}")
    values: dict[str, str] = {}
    for value in line.get("is", ()):
        attribute = next((name for name, one in kind.attributes.items() if value in one.values), None)
        if attribute is None:
            known = [name for one in kind.attributes.values() for name in one.values]
            raise DatasetError(f"{where}: a {kind.name} cannot be {value!r}; it can be: {', '.join(known)}")
        values[attribute] = value
    brand = line.get("by")
    if brand and brand not in {maker.name for maker in kind.brands}:
        raise DatasetError(f"{where}: {brand!r} makes no {kind.name}; those who do: {[b.name for b in kind.brands]}")
    return Wish(kind, values, brand)


def _milliseconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp() * 1000)
