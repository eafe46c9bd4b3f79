"""The shoppers: who they are, how they write, and what they want of each kind of product."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from assistant.datasets.demo.knowledge import Kind, Knowledge, Trait
from assistant.datasets.demo.shop import Product

FIRST_NAMES = (
    *("Ada", "Amir", "Bea", "Bruno", "Carmen", "Chidi", "Clara", "Dario", "Dilan", "Edda", "Elif", "Emeka", "Esme"),
    *("Farah", "Finn", "Greta", "Hana", "Hugo", "Ines", "Ivo", "Jana", "Jonas", "Kaia", "Kofi", "Lars", "Leila"),
    *("Lin", "Luca", "Mabel", "Mateo", "Maya", "Milan", "Mira", "Nadia", "Nils", "Noor", "Olive", "Omar", "Otis"),
    *("Petra", "Priya", "Rafi", "Rosa", "Ruth", "Sami", "Selma", "Soren", "Tao", "Tess", "Tomas", "Uma", "Viktor"),
    *("Wanda", "Wei", "Yara", "Yusuf", "Zora", "Agnes", "Basil", "Corin", "Delia", "Ewan", "Flora", "Gus", "Hester"),
)
LAST_NAMES = (
    *("Abbott", "Adeyemi", "Arnold", "Baker", "Bianchi", "Brandt", "Calloway", "Castro", "Dalton", "Diaz", "Eklund"),
    *("Farrow", "Fischer", "Garcia", "Grant", "Haddad", "Hale", "Ito", "Jansen", "Kaur", "Keller", "Kowalski"),
    *("Lang", "Lopez", "Marsh", "Mbeki", "Moreau", "Novak", "Okafor", "Olsen", "Park", "Petrov", "Quinn", "Rao"),
    *("Reyes", "Rossi", "Sato", "Schmidt", "Silva", "Stone", "Tanaka", "Thorne", "Usman", "Vega", "Walsh", "Weber"),
    *("Winter", "Xu", "Yilmaz", "Young", "Zeller"),
)
BRAND_LOYAL = 0.6
NEAR_ALTERNATIVES = 20
FORCED, SHARED, BRANDED, ROUND = 6.0, 3.0, 2.0, 1.2


@dataclass(slots=True, eq=False)
class Taste:
    """What a shopper wants of a kind: ``values`` by attribute, a ``brand`` where loyal, and the one product that is it.

    ``former`` is what they wanted before they changed their mind, by attribute.
    """

    kind: Kind
    values: dict[str, str]
    brand: str | None
    target: Product
    former: dict[str, str] = field(default_factory=dict)

    def met(self, product: Product) -> list[str]:
        """The attributes in which ``product`` is as wanted."""
        return [name for name, value in self.values.items() if product.has(name, value)]

    def fits(self, product: Product) -> bool:
        """Whether ``product`` is wanted in every respect."""
        return len(self.met(product)) == len(self.values) and self.brand in (None, product.brand.name)


@dataclass(slots=True, eq=False)
class Shopper:
    """A shopper. ``shared`` is what they want of an attribute throughout a department, ``loyal`` their brand there.

    ``purse`` is the price they feel at home with, as a factor of what is usual; ``slips`` the share of their
    reviews with a slip of the keyboard; ``silent`` the share that says nothing.
    """

    user_id: str
    name: str
    voice: str
    traits: tuple[Trait, ...]
    purse: float
    slips: float
    silent: float
    shared: dict[tuple[str, str], str] = field(default_factory=dict)
    loyal: dict[str, str] = field(default_factory=dict)
    tastes: dict[str, Taste] = field(default_factory=dict)

    def forced(self, kind: Kind) -> dict[str, str]:
        """What the shopper's traits make them want of ``kind``, by attribute."""
        mine = {trait.name for trait in self.traits}
        return {
            name: value.name
            for name, attribute in kind.attributes.items()
            for value in attribute.values.values()
            if mine.intersection(value.suits)
        }

    def wants(self, kind: Kind) -> dict[str, str]:
        """What is known of the wants for ``kind``: of the kind itself, of its department, of the traits."""
        shared = {name: self.shared[kind.department, name] for name in kind.attributes
                  if (kind.department, name) in self.shared}  # fmt: skip
        shared = {name: value for name, value in shared.items() if value in kind.attributes[name].values}
        own = self.tastes[kind.name].values if kind.name in self.tastes else {}
        return shared | self.forced(kind) | own


def new_shopper(number: int, knowledge: Knowledge, voices: dict[str, list], rng: Random) -> Shopper:
    """A shopper with traits and habits, and as yet without tastes."""
    return Shopper(
        user_id=f"u{number:04d}",
        name=f"{rng.choice(FIRST_NAMES)} {rng.choice(LAST_NAMES)}",
        voice=rng.choices(voices["names"], voices["weights"])[0],
        traits=draw_traits(knowledge.traits, rng),
        purse=math.exp(rng.gauss(0, 0.35)),
        slips=rng.choice((0.0, 0.05, 0.1, 0.4)),
        silent=rng.choice((0.02, 0.06, 0.1, 0.25)),
    )


def draw_traits(traits: dict[str, Trait], rng: Random) -> tuple[Trait, ...]:
    """One to four traits that do not clash, by their shares."""
    wanted = rng.choice((1, 2, 2, 3, 3, 4))
    drawn: list[Trait] = []
    names = list(traits.values())
    while len(drawn) < wanted:
        trait = rng.choices(names, [t.share for t in names])[0]
        if trait not in drawn and not any(trait.name in other.clash or other.name in trait.clash for other in drawn):
            drawn.append(trait)
    return tuple(drawn)


def acquire_taste(shopper: Shopper, kind: Kind, products: Sequence[Product], rng: Random) -> Taste | None:
    """Gives ``shopper`` a taste in ``kind`` that singles out one product, in keeping with what they want already.

    None where no product of the kind can be singled out.
    """
    wanted, forced = shopper.wants(kind), set(shopper.forced(kind))
    ranked = sorted(products, key=lambda product: appeal(shopper, wanted, forced, product, rng), reverse=True)
    for target in ranked[:12]:
        taste = _taste_for(shopper, wanted, target, products, rng)
        if taste is not None:
            _remember(shopper, taste, rng)
            return taste
    return None


def appeal(shopper: Shopper, wanted: dict[str, str], forced: set[str], product: Product, rng: Random) -> float:
    """How much ``product`` draws ``shopper``: what they want, their brand, their purse, and a whim."""
    score = rng.gauss(0, 0.8)
    for name, value in wanted.items():
        weight = FORCED if name in forced else SHARED
        score += weight if product.has(name, value) else -weight
    if shopper.loyal.get(product.kind.department) == product.brand.name:
        score += BRANDED
    return score - ROUND * abs(math.log(product.price / (product.kind.price[0] * shopper.purse)))


def _taste_for(
    shopper: Shopper, wanted: dict[str, str], target: Product, products: Sequence[Product], rng: Random
) -> Taste | None:
    """The fewest things wanted of ``target`` that single it out: what is wanted anyway, then what buyers weigh most."""
    loyal = shopper.loyal.get(target.kind.department)
    brand = target.brand.name if loyal == target.brand.name or rng.random() < BRAND_LOYAL else None
    values = {name: value for name, value in wanted.items() if target.has(name, value)}
    for name, value in target.values.items():
        enough = len(values) >= (2 if brand else 3)
        if enough and len(_fitting(values, brand, products)) == 1:
            break
        values.setdefault(name, value.name)
    if len(_fitting(values, brand, products)) > 1:
        brand = target.brand.name
    alone = len(_fitting(values, brand, products)) == 1
    return Taste(target.kind, values, brand, target) if alone and len(products) > NEAR_ALTERNATIVES else None


def _fitting(values: dict[str, str], brand: str | None, products: Sequence[Product]) -> list[Product]:
    return [
        product
        for product in products
        if brand in (None, product.brand.name) and all(product.has(name, value) for name, value in values.items())
    ]


def _remember(shopper: Shopper, taste: Taste, rng: Random) -> None:
    """Keeps the taste, and lets it count in the rest of the department."""
    department = taste.kind.department
    shopper.tastes[taste.kind.name] = taste
    for name, value in taste.values.items():
        shopper.shared.setdefault((department, name), value)
    if taste.brand:
        shopper.loyal.setdefault(department, taste.brand)
