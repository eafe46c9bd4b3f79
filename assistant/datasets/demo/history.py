"""What each shopper bought over the years, and what they thought of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from assistant.datasets.demo.knowledge import Kind, Knowledge
from assistant.datasets.demo.people import Shopper, Taste, acquire_taste, appeal
from assistant.datasets.demo.reviews import Opinion, Review, write_review
from assistant.datasets.demo.shop import Product
from assistant.datasets.rows import InteractionRow

START, END = 1_577_836_800_000, 1_767_139_200_000  # 2020-01-01 and 2025-12-31
DAY = 86_400_000
FEWEST, MOST = 20, 150
CHANGED = 0.3
GIFTS = 0.08


@dataclass(frozen=True, slots=True)
class Purchase:
    """A product bought at a time (milliseconds) and reviewed."""

    product: Product
    review: Review
    timestamp: int

    def row(self, user_id: str) -> InteractionRow:
        """The interaction as the folder holds it."""
        review = self.review
        return InteractionRow(
            user_id, self.product.item_id, float(review.rating), review.title, review.text, self.timestamp, 0
        )


def live(shopper: Shopper, knowledge: Knowledge, shelves: dict[str, list[Product]], rng: Random) -> list[Purchase]:
    """The shopper's purchases, oldest first; gives the shopper tastes on the way.

    First the kinds the shopper cares about, each bought several times, then this and that, then presents. No
    product is bought twice, and none that is the target of a taste.
    """
    length = min(MOST, FEWEST + int(math.exp(rng.gauss(1.7, 0.95))))
    since = START + int(rng.random() ** 2 * (END - START) * 0.6)
    for kind in _kinds_of_interest(knowledge, 3 + length // 12, rng):
        acquire_taste(shopper, kind, shelves[kind.name], rng)
    bought: list[Purchase] = []
    taken = {taste.target.item_id for taste in shopper.tastes.values()}
    for taste in shopper.tastes.values():
        if len(bought) > length - 4:
            break
        count = rng.choice((3, 4, 4, 5)) + (1 if taste.kind.repeat else 0)
        bought += _buy_within(shopper, taste, shelves[taste.kind.name], count, since, taken, rng)
    kinds = list(knowledge.kinds.values())
    while len(bought) < length:
        kind = rng.choices(kinds, [k.popular for k in kinds])[0]
        bought += buy_at_large(shopper, kind, shelves[kind.name], since, taken, rng)
    return sorted(bought, key=lambda purchase: (purchase.timestamp, purchase.product.item_id))


def _kinds_of_interest(knowledge: Knowledge, count: int, rng: Random) -> list[Kind]:
    """Kinds from few departments, since people have interests: mostly more than one kind of each."""
    departments = knowledge.departments()
    names = rng.sample(list(departments), min(len(departments), max(2, math.ceil(count / 2))))
    kinds = [kind for name in names for kind in departments[name]]
    chosen: list[Kind] = []
    while kinds and len(chosen) < count:
        kind = rng.choices(kinds, [kind.popular for kind in kinds])[0]
        kinds.remove(kind)
        chosen.append(kind)
    return chosen


def _buy_within(
    shopper: Shopper,
    taste: Taste,
    products: Sequence[Product],
    count: int,
    since: int,
    taken: set[str],
    rng: Random,
) -> list[Purchase]:
    """``count`` purchases of a kind with a taste: each wanted thing shows at least once, and one goes wrong."""
    times = _times(count, since, rng)
    chosen = _instructive(taste, products, count, taken, rng)
    bought: list[Purchase] = []
    if len(taste.values) > 1 and count > 3 and rng.random() < CHANGED:
        bought += _change_of_mind(shopper, taste, products, times[0], taken, rng)
    for product, timestamp in zip(chosen, times, strict=False):
        opinion = judge(shopper, product, taste, rng)
        bought.append(Purchase(product, write_review(shopper, product, opinion, rng), timestamp))
    return bought


def _times(count: int, since: int, rng: Random) -> list[int]:
    """Times in order, the last ones near the end: people ask about what they are busy with."""
    times = sorted(since + int(rng.random() * (END - since)) for _ in range(count))
    recent = [END - int(rng.random() ** 1.5 * 120 * DAY) for _ in range(min(2, count - 1))]
    return sorted(times[: count - len(recent)] + recent)


def _instructive(taste: Taste, products: Sequence[Product], count: int, taken: set[str], rng: Random) -> list[Product]:
    """Products that together show every wanted thing, in random order, with one that is wrong in most respects."""
    left = [product for product in products if product.item_id not in taken]
    open_ = {*taste.values, *(["brand"] if taste.brand else [])}
    chosen: list[Product] = []
    for _ in range(min(count - 1, len(left))):

        def worth(product: Product) -> float:
            met = _met(taste, product)
            return len(met) + 1.5 * len(met & open_) + rng.random()  # noqa: B023

        best = max(left, key=worth)
        open_ -= _met(taste, best)
        chosen.append(best)
        left.remove(best)
    if left:
        chosen.append(min(left, key=lambda product: len(_met(taste, product)) + rng.random()))
    rng.shuffle(chosen)
    taken.update(product.item_id for product in chosen)
    return chosen


def _met(taste: Taste, product: Product) -> set[str]:
    return {*taste.met(product), *(["brand"] if taste.brand == product.brand.name else [])}


def _change_of_mind(
    shopper: Shopper, taste: Taste, products: Sequence[Product], before: int, taken: set[str], rng: Random
) -> list[Purchase]:
    """Two early purchases of what was wanted once, the first praised, the second the end of it."""
    forced = shopper.forced(taste.kind)
    free = [name for name in taste.values if name not in forced]
    if not free:
        return []
    name = rng.choice(free)
    others = [value for value in taste.kind.attributes[name].values if value != taste.values[name]]
    old = rng.choice(others)
    fitting = [p for p in products if p.has(name, old) and p.item_id not in taken]
    if len(fitting) < 2:
        return []
    taste.former[name] = old
    first, second = rng.sample(fitting, 2)
    taken.update((first.item_id, second.item_id))
    early = max(START, before - int((200 + 500 * rng.random()) * DAY))
    praise = Opinion(5, liked=(name,), wanted={name: old}, telling=True)
    turn = Opinion(2, missed=(name,), wanted=taste.values, former=(name, old), telling=True)
    return [
        Purchase(first, write_review(shopper, first, praise, rng), early),
        Purchase(second, write_review(shopper, second, turn, rng), early + (before - early) // 2),
    ]


def buy_at_large(
    shopper: Shopper, kind: Kind, products: Sequence[Product], since: int, taken: set[str], rng: Random
) -> list[Purchase]:
    """One purchase of ``kind``, by traits and habits and whim, or a present; none where all is taken."""
    left = [product for product in products if product.item_id not in taken]
    if not left:
        return []
    timestamp = since + int(rng.random() * (END - since))
    if kind.gift and rng.random() < GIFTS / 0.5:
        product = rng.choice(left)
        opinion = Opinion(rng.choice((4, 5, 5)), present=True)
    else:
        wanted, forced = shopper.wants(kind), set(shopper.forced(kind))
        looked_at = rng.sample(left, min(12, len(left)))
        product = max(looked_at, key=lambda product: appeal(shopper, wanted, forced, product, rng))
        opinion = judge_at_large(shopper, product, wanted, rng)
    taken.add(product.item_id)
    return [Purchase(product, write_review(shopper, product, opinion, rng), timestamp)]


def judge(shopper: Shopper, product: Product, taste: Taste, rng: Random) -> Opinion:
    """What ``shopper`` makes of a product of a kind in which they have a taste."""
    met = taste.met(product)
    missed = tuple(name for name in taste.values if name not in met)
    brand_met = taste.brand in (None, product.brand.name)
    share = (len(met) + brand_met * bool(taste.brand)) / (len(taste.values) + bool(taste.brand))
    rating = (5 if rng.random() < 0.6 else 4) if share >= 0.6 else 3 if share >= 0.45 else rng.choice((1, 2, 2))
    return Opinion(rating, tuple(met), missed, taste.values, taste.brand, telling=rng.random() < 0.8)


def judge_at_large(shopper: Shopper, product: Product, wanted: dict[str, str], rng: Random) -> Opinion:
    """What ``shopper`` makes of something bought in passing: what traits and habits ask for, else a matter of luck."""
    liked = tuple(name for name, value in wanted.items() if product.has(name, value))
    missed = tuple(name for name, value in wanted.items() if not product.has(name, value))
    if missed and not liked:
        return Opinion(rng.choice((1, 2, 2, 3)), liked, missed, wanted)
    if liked:
        return Opinion(rng.choice((4, 5, 5)), liked, missed, wanted)
    return Opinion(rng.choices((5, 4, 3, 2, 1), (45, 28, 13, 8, 6))[0])
