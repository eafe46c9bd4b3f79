"""Habits: brands bought again and again, what is usually paid, tastes that changed, and aspects written about."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from memory_store.indexing.corpus import Contrast, Corpus, Reading, surprise
from memory_store.indexing.reviews import disliked, liked
from memory_store.indexing.text import key
from memory_store.types import Behaviour

ENOUGH_BRAND, ENOUGH_CHANGE, ENOUGH_CARE = 1.5, 5.0, 3.0
CHEAPER, DEARER = 0.33, 0.67
"""Mean price rank below which a person buys cheaper than others, above which dearer."""
MOST_TRIED = 8
SAID_LOYAL, SAID_CHANGED = 2.5, 50.0
LEAST_USUAL = 0.03
"""An aspect that fewer of the others' reviews write of does not belong to the category."""
_WITHOUT_SIDE = frozenset({"Features", "Performance", "Delivery", "Ease of Use", "Quality"})


@dataclass(frozen=True, slots=True)
class BrandHabit:
    """``count`` of ``total`` liked purchases are of the brand; ``said`` reviews name it as the one."""

    brand: str
    count: int
    total: int
    said: int
    score: float
    evidence: tuple[Behaviour, ...]


@dataclass(frozen=True, slots=True)
class PriceHabit:
    """``low`` and ``high`` bound the middle half of the prices paid; ``rank`` is the mean price rank (0 to 1)."""

    low: float
    high: float
    rank: float | None
    evidence: tuple[Behaviour, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """``new`` has taken the place of ``old`` (phrase keys, or brands when ``aspect`` is "Brand")."""

    aspect: str
    new: str
    old: str
    score: float
    recent: tuple[Reading, ...]
    before: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class Care:
    aspect: str
    count: int
    total: int
    score: float
    complaints: tuple[str, ...]
    evidence: tuple[Behaviour, ...]


def brands_bought(readings: Sequence[Reading], category: str, corpus: Corpus) -> list[BrandHabit]:
    """Brands bought twice, or said to be the one, and bought more than others buy them; strongest first."""
    good = [reading.behaviour for reading in readings if liked(reading.behaviour) and reading.behaviour.brand]
    counts = Counter(behaviour.brand or "" for behaviour in good)
    own = Counter(reading.behaviour.brand or "" for reading in readings)
    faulted = Counter(reading.behaviour.brand or "" for reading in readings if disliked(reading.behaviour))
    habits = []
    for brand, count in counts.items():
        share = corpus.brand_share(brand, category, own[brand], len(readings))
        loyal = [reading.behaviour for reading in readings if key(brand) in reading.review.wants]
        loyal += [one for one in good if one.brand == brand and one not in loyal and _names(one, brand)]
        score = surprise(count, len(good), share) - 2 * faulted[brand] + SAID_LOYAL * len(loyal)
        if (count >= 2 or loyal) and (count * 4 >= len(good) or loyal) and score >= ENOUGH_BRAND:
            evidence = (*(behaviour for behaviour in good if behaviour.brand == brand), *loyal)
            habits.append(BrandHabit(brand, count, len(good), len(loyal), score, evidence))
    return sorted(habits, key=lambda habit: (-habit.score, habit.brand))


def _names(behaviour: Behaviour, brand: str) -> bool:
    """Whether the review names the brand."""
    return f" {brand.lower()}" in f" {behaviour.review_title} {behaviour.review_text}".lower()


def brands_faulted(readings: Sequence[Reading]) -> list[tuple[str, tuple[Behaviour, ...]]]:
    """Brands of which two items or more were rated 1 or 2 and none was liked."""
    bad: defaultdict[str, list[Behaviour]] = defaultdict(list)
    for reading in readings:
        if reading.behaviour.brand and disliked(reading.behaviour):
            bad[reading.behaviour.brand].append(reading.behaviour)
    good = {reading.behaviour.brand for reading in readings if liked(reading.behaviour)}
    return [(brand, tuple(found)) for brand, found in sorted(bad.items()) if len(found) > 1 and brand not in good]


def prices_paid(readings: Sequence[Reading], category: str, corpus: Corpus) -> PriceHabit | None:
    """The middle of the prices paid, where three or more are known."""
    paid = [reading.behaviour for reading in readings if (reading.behaviour.price or 0) > 0]
    prices = sorted(behaviour.price or 0.0 for behaviour in paid)
    if len(prices) < 3:
        return None
    low, _, high = statistics.quantiles(prices, n=4, method="inclusive")
    ranks = [corpus.price_rank(price, category) for price in prices]
    known = [rank for rank in ranks if rank is not None]
    return PriceHabit(low, high, statistics.fmean(known) if known else None, tuple(paid))


def changes(readings: Sequence[Reading], contrast: Contrast, corpus: Corpus) -> list[Change]:
    """Where a newer value of an aspect has taken the place of an older one: both bought twice, in turn."""
    known = [reading for reading in readings if reading.behaviour.timestamp is not None]
    dated = [reading for reading in known if liked(reading.behaviour)]
    places: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for at, reading in enumerate(dated):
        for phrase in reading.item.keys:
            if phrase in corpus.lexicon.terms or phrase in corpus.labels:
                places[corpus.aspect_of(phrase), phrase].append(at)
        if reading.behaviour.brand:
            places["Brand", reading.behaviour.brand].append(at)
    by_aspect: defaultdict[str, list[tuple[str, list[int]]]] = defaultdict(list)
    for (aspect, value), found in sorted(places.items()):
        if len(found) > 1:
            by_aspect[aspect].append((value, found))
    turns = [
        turn
        for aspect, values in by_aspect.items()
        for old, first in values
        for new, second in values
        if (turn := _turn(aspect, (old, first), (new, second), dated, contrast, corpus)) is not None
    ]
    turns += _said_turns(known, corpus)
    best: dict[str, Change] = {}
    for turn in sorted(turns, key=lambda turn: (-turn.score, turn.new, turn.old)):
        best.setdefault(turn.aspect or turn.old, turn)
    return list(best.values())


def _said_turns(dated: Sequence[Reading], corpus: Corpus) -> list[Change]:
    """Where a review says that something is no longer wanted, and what has taken its place: said, or bought since."""
    turns = []
    for at, reading in enumerate(dated):
        for old in _sold(reading.review.left, reading, corpus):
            wanted = _sold(reading.review.wants, reading, corpus) or _since(old, dated[at + 1 :], reading, corpus)
            new = next((one for one in wanted if not set(one.split()) & set(old.split())), None)
            if new is None:
                continue
            recent = [later for later in dated[at:] if new in later.item.keys and liked(later.behaviour)]
            before = [earlier for earlier in dated[:at] if old in earlier.item.keys]
            aspect = corpus.aspect_of(old) or corpus.aspect_of(new)
            turns.append(Change(aspect, new, old, SAID_CHANGED, (*recent, reading), (*before, reading)))
    return turns


def _since(old: str, later: Sequence[Reading], reading: Reading, corpus: Corpus) -> list[str]:
    """What was liked since in the place of something given up: praised most, and never one with it in one item."""
    category = reading.behaviour.category
    praised = Counter(
        phrase
        for after in later
        if after.behaviour.category == category and liked(after.behaviour)
        for phrase in after.review.praised & after.item.keys
    )
    aspect = corpus.aspect_of(old)
    ordered = sorted(praised, key=lambda one: (corpus.aspect_of(one) != aspect, -praised[one], -len(one), one))
    return [one for one in ordered[:MOST_TRIED] if corpus.exclude(old, one, category)][:1]


def _sold(phrases: Iterable[str], reading: Reading, corpus: Corpus) -> list[str]:
    """Of the phrases that a wish may mean those that items of the category bear, the longest first."""
    category = reading.behaviour.category
    return sorted((one for one in phrases if corpus.sold(one, category)), key=lambda one: (-len(one.split()), one))[:1]


def _turn(
    aspect: str,
    old: tuple[str, list[int]],
    new: tuple[str, list[int]],
    dated: Sequence[Reading],
    contrast: Contrast,
    corpus: Corpus,
) -> Change | None:
    (was, first), (now, second) = old, new
    if first[-1] >= second[0] or set(was.split()) & set(now.split()):
        return None
    before, after = dated[: second[0]], dated[second[0] :]
    if 2 * len(first) < len(before) or 2 * len(second) < len(after):
        return None

    def rate(value: str, window: Sequence[Reading]) -> float:
        if aspect == "Brand":
            shares = [corpus.brand_share(value, reading.behaviour.category, 0, 0) for reading in window]
        else:
            shares = [contrast.bought(value, reading) for reading in window]
        return statistics.fmean(shares)

    score = surprise(len(first), len(before), rate(was, before)) + surprise(len(second), len(after), rate(now, after))
    if score < ENOUGH_CHANGE:
        return None
    return Change(aspect, now, was, score, tuple(dated[at] for at in second), tuple(dated[at] for at in first))


def cares(readings: Sequence[Reading], contrast: Contrast) -> list[Care]:
    """Aspects that the person's reviews come back to more than others' do, or complain of twice; strongest first."""
    written = [reading for reading in readings if reading.behaviour.review_title or reading.behaviour.review_text]
    if len(written) < 3:
        return []
    found = Counter(aspect for reading in written for aspect in reading.review.aspects)
    result = []
    for aspect, count in sorted(found.items()):
        bearers = [reading for reading in written if aspect in reading.review.aspects]
        blamed = Counter(
            text for reading in bearers for text, about in reading.review.complaints.items() if about == aspect
        )
        complainers = [reading for reading in bearers if aspect in reading.review.complaints.values()]
        rate = statistics.fmean(contrast.wrote_of(aspect, reading.behaviour.category) for reading in written)
        score = surprise(count, len(written), rate) + 0.7 * len(complainers)
        if rate < LEAST_USUAL:
            continue
        if len(complainers) > 1 or (aspect not in _WITHOUT_SIDE and count > 2 and score >= ENOUGH_CARE):
            words = _unlike(text for text, _ in sorted(blamed.items(), key=lambda pair: (-pair[1], pair[0])))
            shown = complainers if len(complainers) > 1 else bearers
            evidence = tuple(reading.behaviour for reading in shown)
            result.append(
                Care(aspect, len(shown), len(written), score, words if shown is complainers else (), evidence)
            )
    return sorted(result, key=lambda care: (-care.score, care.aspect))


def _unlike(texts: Iterable[str]) -> tuple[str, ...]:
    """The first two texts that do not begin alike ("broke" says what "broken" says)."""
    kept: list[str] = []
    for text in texts:
        if not any(text[:4] == other[:4] for other in kept):
            kept.append(text)
    return tuple(kept[:2])
