"""Which items keep to a request's constraints: rows by their columns, doubtful ones by their text."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache

from assistant.catalogue.audience import suits_age, suits_sex
from assistant.catalogue.vocabulary import ALIKE
from assistant.types import Constraints, Item

_NOT = r"no|non|not|without|zero|never|faux|fake|imitation|artificial|synthetic|vegan|free\s+(?:of|from)|instead\s+of"
_BORROWED = frozenset(("for", "with", "fits", "fit", "like", "compatible", "replaces", "to"))


def brand_key(brand: str) -> str:
    """What the spellings of a brand share: its words in lower case, letters and digits only, one space between."""
    words = ("".join(filter(str.isalnum, word)) for word in brand.casefold().split())
    return " ".join(word for word in words if word)


def is_of_brand(item: Item, brand: str) -> bool:
    """Whether the item is of this brand: by its brand field, or by its title where the brand is not known.

    A title that names the brand after "for" or "compatible with" is another maker's.
    """
    wanted = brand_key(brand).split()
    if not wanted:
        return False
    if item.brand and brand_key(item.brand):
        return brand_key(item.brand).split()[: len(wanted)] == wanted
    title = brand_key(item.title).split()
    places = [i for i in range(len(title)) if title[i : i + len(wanted)] == wanted]
    return any(place == 0 or title[place - 1] not in _BORROWED for place in places)


def mentions(item: Item, words: str) -> bool:
    """Whether title, categories, features or description say that the item has ``words`` to it.

    "Leather-free", "faux leather", "no leather" and "free of parabens, dyes and leather" do not.
    """
    named, denied = _patterns(words)
    text = " . ".join((item.title, *item.categories, *item.features, item.description))
    return bool(named.search(denied.sub(" ", text)))


def keeps_to(item: Item, constraints: Constraints) -> bool:
    """Whether the item keeps to what the text decides: brands wanted, brands and words unwanted, whom it is for."""
    if constraints.brands and not any(is_of_brand(item, brand) for brand in constraints.brands):
        return False
    if any(is_of_brand(item, brand) for brand in constraints.excluded_brands):
        return False
    if constraints.age is not None and not suits_age(item, constraints.age):
        return False
    if constraints.sex is not None and not suits_sex(item, constraints.sex):
        return False
    return not any(mentions(item, words) for words in said_alike(constraints.avoided_words))


def said_alike(avoided: Collection[str]) -> set[str]:
    """The words to avoid, and those that say the same: "perfume" is "scented", too."""
    return {alike for words in avoided for alike in ALIKE.get(words.removesuffix("s"), (words,))}


@lru_cache(maxsize=256)
def _patterns(words: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    named = r"[\s-]+".join(re.escape(word) for word in words.split()) + r"(?:e?s)?"
    listed = r"(?:\w[\w'-]*\s+)?(?:\w[\w'-]*(?:\s*,\s*(?:(?:and|or)\s+)?|\s+(?:and|or)\s+)){0,4}(?:\w[\w'-]*\s+)?"
    denied = rf"\b(?:{_NOT})\b[\s:-]*{listed}{named}\b|\b{named}[\s-]free\b"
    return re.compile(rf"\b{named}\b", re.I), re.compile(denied, re.I)
