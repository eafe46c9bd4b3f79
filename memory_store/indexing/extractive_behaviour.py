"""The behaviour level: one purchase as one short sentence."""

from __future__ import annotations

import re

from memory_store.indexing.corpus import Reading, brand_key
from memory_store.indexing.text import key, one_line, short_title

BRAND_CHARACTERS = 40
_GIVEN_TO = re.compile(r'^Bought as a gift for their (?P<who>[^"]+) "')


def behaviour_text(reading: Reading) -> str:
    """`Bought "Title" (Brand), 5 stars: the telling part of the review.`; says so when it was a gift."""
    behaviour, review = reading.behaviour, reading.review
    title = short_title(behaviour.title) or "an item without a title"
    brand = one_line(behaviour.brand or "")[:BRAND_CHARACTERS]
    named = f" ({brand})" if brand and not brand_key(brand) <= set(key(title).split()) else ""
    gift = ""
    if review.for_other:
        gift = f"as a gift for their {review.recipient} " if review.recipient else "as a gift "
    stars = "" if behaviour.rating is None else f", {_stars(behaviour.rating)}"
    telling = f": {review.telling.rstrip('.')}" if review.telling else ""
    return f'Bought {gift}"{title}"{named}{stars}{telling}{"" if telling.endswith("…") else "."}'


def given_to(text: str) -> str | None:
    """Whom a behaviour's text says that the purchase was a present for ("sister"); None where it says nobody."""
    present = _GIVEN_TO.match(text)
    return present["who"] if present else None


def _stars(rating: float) -> str:
    return "1 star" if rating == 1 else f"{rating:g} stars"
