"""Hard constraints: what they are called in words, which is softest, and how a refinement changes them."""

from __future__ import annotations

from dataclasses import fields, replace

from assistant.catalogue.reading import read_constraints
from assistant.types import Constraints

__all__ = ["SOFTEST_FIRST", "describe", "looser", "merge", "read_constraints"]

SOFTEST_FIRST = (
    ("minimum_rating",),
    ("price_min", "price_max"),
    ("brands",),
    ("category",),
    ("age",),
    ("sex",),
    ("excluded_brands",),
    ("avoided_words",),
)
"""Fields in the order in which they give way when nothing keeps to all of them; words to avoid hold longest."""

_EMPTY = Constraints()


def looser(constraints: Constraints) -> list[Constraints]:
    """The constraints with one kind taken away, the softest first; none where there is nothing to take away."""
    variants = (replace(constraints, **{name: getattr(_EMPTY, name) for name in kind}) for kind in SOFTEST_FIRST)
    return [variant for variant in variants if variant != constraints]


def merge(old: Constraints, new: Constraints) -> Constraints:
    """What stands after a refinement: new ones replace the old ones of their kind; what is to be avoided adds up.

    A brand newly wanted is no longer excluded, and the other way round; a new price range replaces both limits.
    """
    given = {field.name for field in fields(new) if getattr(new, field.name) != getattr(_EMPTY, field.name)}
    if given & {"price_min", "price_max"}:
        given |= {"price_min", "price_max"}
    return replace(
        replace(old, **{name: getattr(new, name) for name in given}),
        brands=tuple(brand for brand in new.brands or old.brands if brand not in new.excluded_brands),
        excluded_brands=tuple(
            brand for brand in _union(old.excluded_brands, new.excluded_brands) if brand not in new.brands
        ),
        avoided_words=_union(old.avoided_words, new.avoided_words),
    )


def describe(constraints: Constraints) -> tuple[str, ...]:
    """Each constraint in words for the person: "under $40", "by Sony", "not leather", "lower prices first"."""
    words = [_price(constraints.price_min, constraints.price_max)]
    if constraints.brands:
        words.append("by " + " or ".join(constraints.brands))
    if constraints.category is not None:
        words.append(f"in {constraints.category}")
    if constraints.minimum_rating is not None:
        words.append(f"{constraints.minimum_rating:g} stars and up")
    if constraints.age is not None:
        words.append(f"for age {constraints.age}")
    if constraints.sex is not None:
        words.append(f"for {constraints.sex}")
    words += [f"not by {brand}" for brand in constraints.excluded_brands]
    words += [f"not {word}" for word in constraints.avoided_words]
    if constraints.cheap:
        words.append("lower prices first")
    return tuple(filter(None, words))


def _price(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f"{_money(low)} to {_money(high)}"
    if low is not None:
        return f"{_money(low)} and up"
    return "" if high is None else f"under {_money(high)}"


def _money(amount: float) -> str:
    return f"${amount:.0f}" if amount == round(amount) else f"${amount:.2f}"


def _union(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))
