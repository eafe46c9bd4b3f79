"""What the demo world knows, as read from the department files: values only, no chance and no writing here.

A department has brands, attributes and kinds of product. An attribute ("scent") has values
("fragrance-free"), and each value carries its wordings: in a title, as a feature bullet, in a description, in
praise and in complaint. ``reading.py`` reads the files; ``knowledge/`` holds them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

DEPARTMENTS: tuple[str, ...] = (
    "Appliances",
    "Arts Crafts and Sewing",
    "Automotive",
    "Baby Products",
    "Beauty and Personal Care",
    "Books",
    "CDs and Vinyl",
    "Cell Phones and Accessories",
    "Clothing Shoes and Jewelry",
    "Electronics",
    "Gift Cards",
    "Grocery and Gourmet Food",
    "Handmade Products",
    "Health and Household",
    "Home and Kitchen",
    "Industrial and Scientific",
    "Kindle Store",
    "Magazine Subscriptions",
    "Movies and TV",
    "Musical Instruments",
    "Office Products",
    "Patio Lawn and Garden",
    "Pet Supplies",
    "Software",
    "Sports and Outdoors",
    "Tools and Home Improvement",
    "Toys and Games",
    "Video Games",
)

VOICES: tuple[str, ...] = ("plain", "warm", "clinical", "playful", "luxury", "rugged")


@dataclass(frozen=True, slots=True)
class Value:
    """One value of an attribute, with its wordings. ``price`` multiplies, ``common`` weighs how many items have it."""

    name: str
    title: tuple[str, ...]
    bullet: tuple[str, ...]
    good: tuple[str, ...]
    bad: tuple[str, ...]
    about: tuple[str, ...] = ()
    suits: tuple[str, ...] = ()
    price: float = 1.0
    common: float = 1.0
    picture: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Attribute:
    """A decision attribute: the aspect that a buyer weighs (``label`` as people would call it) and its values."""

    name: str
    label: str
    values: dict[str, Value]


@dataclass(frozen=True, slots=True)
class Brand:
    """An invented brand: its price ``tier`` (a multiplier), its ``voice``, and what it ``leans`` towards."""

    name: str
    tier: float
    voice: str
    says: tuple[str, ...]
    lines: tuple[str, ...] = ()
    makes: tuple[str, ...] = ()
    leans: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of product. ``attributes`` are in the order in which buyers weigh them; ``price`` is (median, spread).

    A kind with a ``shelf`` has so many products for visitors, which nobody in the world buys or asks for: too few to
    tell a taste by.
    """

    name: str
    department: str
    nouns: tuple[str, ...]
    asked: tuple[str, ...]
    needs: tuple[str, ...]
    attributes: dict[str, Attribute]
    brands: tuple[Brand, ...]
    price: tuple[float, float]
    titles: tuple[str, ...]
    bullets: tuple[str, ...]
    about: tuple[str, ...]
    used: tuple[str, ...]
    praise: tuple[str, ...]
    complaint: tuple[str, ...]
    picture: dict[str, object]
    names: tuple[str, ...] = ()
    sizes: tuple[tuple[str, float], ...] = ()
    goes_with: tuple[str, ...] = ()
    gift: bool = True
    repeat: bool = False
    popular: float = 1.0
    shelf: int = 0


@dataclass(frozen=True, slots=True)
class Trait:
    """Something true of a shopper across departments; ``says`` is what they let slip in reviews."""

    name: str
    share: float
    says: tuple[str, ...]
    clash: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Knowledge:
    """All departments' kinds by name, and the traits by name."""

    kinds: dict[str, Kind]
    traits: dict[str, Trait]

    def shopped(self) -> Knowledge:
        """The kinds that the world's people buy and ask for."""
        return replace(self, kinds={name: kind for name, kind in self.kinds.items() if not kind.shelf})

    def departments(self) -> dict[str, list[Kind]]:
        """The kinds of each department, in the departments' order."""
        found: dict[str, list[Kind]] = {}
        for kind in self.kinds.values():
            found.setdefault(kind.department, []).append(kind)
        return found
