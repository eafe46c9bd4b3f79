"""What is in the demo world, in lines to read and in four plots."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from statistics import mean, median

from assistant.datasets.demo.world import Life, World
from assistant.errors import DatasetError

ACCENT = "#2f6f6a"


def describe(world: World, *, samples: int = 3) -> Iterator[str]:
    """Lines of text: counts, the people, the requests, then ``samples`` items and lives picked at random."""
    products = world.products()
    brands = {product.brand.name for product in products}
    departments = {product.kind.department for product in products}
    counts = [len(life.bought) for life in world.lives]
    asked = [asked for life in world.lives for asked in life.asked]
    ratings = Counter(purchase.review.rating for life in world.lives for purchase in life.bought)
    kinds = f"{len(world.shelves)} kinds in {len(departments)} departments"
    yield f"{len(products):,} items of {kinds}, {len(brands)} brands"
    yield (
        f"{len(counts)} shoppers, {sum(counts):,} purchases: {min(counts)} to {max(counts)} each, "
        f"mean {mean(counts):.0f}, median {median(counts):.0f}"
    )
    yield "ratings: " + ", ".join(f"{stars} stars {ratings[stars]:,}" for stars in (5, 4, 3, 2, 1))
    splits = Counter(life.split for life in world.lives for _ in life.asked)
    yield f"{len(asked)} requests: " + ", ".join(f"{split} {count}" for split, count in splits.items())
    yield "styles: " + _counted(Counter(one.style for one in asked))
    yield "memory: " + _counted(Counter(one.memory for one in asked))
    yield "alone because: " + _counted(Counter(one.manner for one in asked if one.memory == "alone"))
    yield "traits: " + _counted(Counter(trait.name for life in world.lives for trait in life.shopper.traits))
    rng = Random(0)
    for product in rng.sample(products, min(samples, len(products))):
        item = product.item
        yield ""
        yield f"{item.title}  ${product.price:.2f}  ({item.category})"
        yield from (f"   - {feature}" for feature in item.features)
        yield f"   {item.description}"
    for life in rng.sample(world.lives, min(samples, len(world.lives))):
        yield from _life(life)


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common())


def _life(life: Life) -> Iterator[str]:
    shopper = life.shopper
    yield ""
    traits = ", ".join(trait.name for trait in shopper.traits)
    yield f"{shopper.name} ({shopper.user_id}): {traits or 'nothing special'}"
    for taste in shopper.tastes.values():
        wanted = ", ".join([*taste.values.values(), *([taste.brand] if taste.brand else [])])
        before = f" (once {', '.join(taste.former.values())})" if taste.former else ""
        yield f"   wants of {taste.kind.name}: {wanted}{before}"
    for purchase in life.bought[-5:]:
        review = purchase.review
        yield f"   {review.rating} stars, {purchase.product.item.title[:60]}: {review.text[:140]}"
    for asked in life.asked:
        yield f"   asks ({asked.memory}): {asked.text} -> {asked.target.item.title[:80]}"


def draw(world: World, path: Path) -> None:
    """Four plots in one picture: items a department, purchases a shopper, ratings, prices.

    Raises:
        DatasetError: ``path`` does not end in .png or .svg, or cannot be written.
    """
    from matplotlib.figure import Figure

    if path.suffix not in (".png", ".svg"):
        raise DatasetError(f"{path}: the plot is a .png or a .svg file; give such a name.")
    figure = Figure(figsize=(11, 8), layout="constrained")
    by_department, per_shopper, stars, prices = figure.subplots(2, 2).flat
    departments = Counter(product.kind.department for product in world.products())
    names = sorted(departments, key=lambda name: departments[name])
    by_department.barh(names, [departments[name] for name in names], color=ACCENT)
    by_department.tick_params(axis="y", labelsize=6)
    by_department.set_title("items in each department")
    per_shopper.hist([len(life.bought) for life in world.lives], bins=40, color=ACCENT)
    per_shopper.set_title("shoppers by number of purchases")
    ratings = Counter(purchase.review.rating for life in world.lives for purchase in life.bought)
    stars.bar([str(star) for star in range(1, 6)], [ratings[star] for star in range(1, 6)], color=ACCENT)
    stars.set_title("reviews by stars")
    steps = [2 ** (step / 2) for step in range(-1, 24)]
    prices.hist([product.price for product in world.products()], bins=steps, color=ACCENT)
    prices.set_xscale("log")
    prices.set_title("items by price, $")
    for axes in (by_department, per_shopper, stars, prices):
        axes.spines[["top", "right"]].set_visible(False)
    try:
        figure.savefig(path, dpi=110)
    except OSError as error:
        raise DatasetError(f"{path} cannot be written: {error.strerror}.") from error
