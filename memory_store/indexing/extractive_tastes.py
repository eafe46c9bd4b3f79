"""What a person wants and shuns, weighed against other buyers: from purchases, praise, blame and outright words."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from memory_store.indexing.corpus import Contrast, Corpus, Reading, brand_key, surprise
from memory_store.indexing.reviews import disliked, liked
from memory_store.indexing.text import key, surface
from memory_store.indexing.wishes import SELF_ASPECTS
from memory_store.types import Behaviour

ENOUGH_LIKED, ENOUGH_DISLIKED = (0.1, 0.5, 3.0), (2.0, 4.0, 4.5)
"""Nats that a phrase must earn: one of the vocabulary or of the person's reviews, one that showed once, any other."""
SAID_OUTRIGHT = 2.5
BLAME_RATE = 0.03
LEAST_SHARE = 0.04
"""What showed in one purchase only must be borne by this part of the kind's items to count as a choice among them."""
USUAL = 0.6
"""A phrase that this part of the kind's items bear says nothing about the person."""
KEPT_SHARE = 0.75
"""Of a phrase's evidence, what a longer phrase around it must keep to stand for it."""


@dataclass(slots=True)
class Taste:
    """A phrase with its evidence; ``bought`` are the purchases that bear it, ``written`` the reviews that take its
    side, ``said`` those that say it outright."""

    phrase: str
    aspect: str
    score: float = 0.0
    bought: list[Reading] = field(default_factory=list)
    written: list[Reading] = field(default_factory=list)
    said: list[Reading] = field(default_factory=list)

    @property
    def evidence(self) -> list[Behaviour]:
        """The behaviours behind it, oldest first as they were given."""
        everything = {reading.behaviour.behaviour_id: reading for reading in (*self.bought, *self.written, *self.said)}
        return [reading.behaviour for reading in everything.values()]

    @property
    def categories(self) -> list[str]:
        """Where it showed, the place with most evidence first."""
        counts: dict[str, int] = {}
        for behaviour in self.evidence:
            counts[behaviour.category] = counts.get(behaviour.category, 0) + 1
        return [category for category, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))]


def own_taste(readings: Iterable[Reading]) -> list[Reading]:
    """The readings of what the person bought for themselves or their home."""
    return [reading for reading in readings if not reading.review.for_other]


def likes(readings: Sequence[Reading], contrast: Contrast, corpus: Corpus, *, places: int = 1) -> list[Taste]:
    """What the person wants, strongest first. ``places`` is in how many categories it must have shown."""
    good = [reading for reading in readings if liked(reading.behaviour)]
    bad = _by_phrase(reading for reading in readings if disliked(reading.behaviour))
    tastes = _gather(good, readings, corpus, praise=True)
    blamed = _count(readings, lambda reading: reading.review.blamed | reading.review.shuns)
    kept = []
    for taste in tastes.values():
        against = blamed[taste.phrase] + len(bad.get(taste.phrase, ()))
        if against > len(taste.bought) or (places > 1 and len(taste.categories) < places):
            continue
        if not _enough_evidence(taste, corpus):
            continue
        _score(taste, good, readings, contrast, corpus, written_rate=None)
        taste.score -= against
        if taste.score >= _enough(taste, corpus, ENOUGH_LIKED):
            kept.append(taste)
    return _without_repeats(kept)


def dislikes(readings: Sequence[Reading], contrast: Contrast, corpus: Corpus, *, places: int = 1) -> list[Taste]:
    """What the person shuns, strongest first: what badly rated purchases share, and what reviews blame."""
    bad = [reading for reading in readings if disliked(reading.behaviour)]
    good = _by_phrase(reading for reading in readings if liked(reading.behaviour))
    praised = _count(readings, lambda reading: reading.review.praised)
    praised.update(phrase for reading in readings for phrase in reading.review.wants)
    kept = []
    for taste in _gather(bad, readings, corpus, praise=False).values():
        in_favour = len(good.get(taste.phrase, ())) + praised[taste.phrase]
        against = 0.5 * len(taste.bought) + len(taste.written) + 2 * len(taste.said)
        if in_favour > against or (places > 1 and len(taste.categories) < places):
            continue
        if not _enough_evidence(taste, corpus):
            continue
        _score(taste, bad, readings, contrast, corpus, written_rate=BLAME_RATE)
        blamed_aspect = any(reading.review.aspects.get(taste.aspect, 0) < 0 for reading in taste.bought)
        taste.score += blamed_aspect - 0.5 * in_favour
        if taste.score >= (
            _enough(taste, corpus, ENOUGH_DISLIKED) if taste.written or taste.said else ENOUGH_DISLIKED[-1]
        ):
            kept.append(taste)
    return _without_repeats(kept)


def wording(taste: Taste, corpus: Corpus) -> str:
    """The taste's phrase as the items bought, or else the reviews, write it; else as the vocabulary does."""
    term = corpus.lexicon.terms.get(taste.phrase)
    if term is not None and taste.aspect == "Age Range":
        return term.text
    keys = corpus.wordings(taste.phrase)
    seen: Counter[str] = Counter()
    for reading in reversed(taste.bought[-8:]):
        for written in _surfaces(keys, f"{reading.behaviour.title}\n{reading.behaviour.item_text}"):
            seen[written] += 1
    for reading in reversed([*taste.written, *taste.said][-8:] if term is None and not seen else ()):
        for written in _surfaces(keys, f"{reading.behaviour.review_title}. {reading.behaviour.review_text}"):
            seen[written] += 1
    usual = term.text if term is not None else taste.phrase
    return max(seen, key=lambda written: (seen[written], written == usual, len(written), written), default=usual)


def _surfaces(keys: Sequence[str], text: str) -> list[str]:
    """How a text writes a phrase: every wording that it uses, but none that is a piece of another."""
    found: list[str] = []
    for wanted in keys:
        written = surface(wanted, text)
        if written is not None and not any(f" {wanted} " in f" {key(other)} " for other in found):
            found.append(written)
    return found


def _gather(
    purchases: Sequence[Reading], readings: Sequence[Reading], corpus: Corpus, *, praise: bool
) -> dict[str, Taste]:
    """Every phrase that two purchases of different items share, or that reviews name, with its evidence.

    A review's phrase counts where items of the category can have it.
    """
    tastes: dict[str, Taste] = {}
    terms = corpus.lexicon.terms

    def of(phrase: str) -> Taste:
        if phrase not in tastes:
            tastes[phrase] = Taste(phrase, corpus.aspect_of(phrase))
        return tastes[phrase]

    for reading in readings:
        review, category = reading.review, reading.behaviour.category
        written = review.praised if praise else review.blamed
        for phrase in sorted(written | {longer for one in written for longer in around(one, reading.item.keys)}):
            if phrase in reading.item.keys or (phrase in terms and corpus.sold(phrase, category)):
                of(phrase).written.append(reading)
        for phrase in sorted(review.wants if praise else review.shuns):
            of_the_person = phrase in terms and terms[phrase].aspect in SELF_ASPECTS
            if corpus.sold(phrase, category) or (of_the_person and corpus.knows(phrase)):
                of(phrase).said.append(reading)
    for phrase, bearers in _by_phrase(purchases).items():
        if phrase in tastes or (len(bearers) > 1 and len({reading.behaviour.item_id for reading in bearers}) > 1):
            of(phrase).bought = bearers
    return tastes


def around(phrase: str, keys: Iterable[str]) -> list[str]:
    """The item's phrase that a word is a piece of, if it is of one only: "indigo" may mean an item's "indigo blue"."""
    if " " in phrase:
        return []
    found = [longer for longer in keys if len(longer) > len(phrase) and f" {phrase} " in f" {longer} "]
    return found if len(found) == 1 else []


def _by_phrase(readings: Iterable[Reading]) -> dict[str, list[Reading]]:
    bearers: defaultdict[str, list[Reading]] = defaultdict(list)
    for reading in readings:
        for phrase in reading.item.keys:
            bearers[phrase].append(reading)
    return bearers


def _count(readings: Iterable[Reading], phrases: Callable[[Reading], Iterable[str]]) -> Counter[str]:
    return Counter(phrase for reading in readings for phrase in phrases(reading))


def _enough_evidence(taste: Taste, corpus: Corpus) -> bool:
    """Bought twice, or bought and written of, or written of twice, or said outright; and a phrase worth saying."""
    items = {reading.behaviour.item_id for reading in taste.bought}
    named = taste.phrase in corpus.lexicon.terms
    if named:
        shown = len(items) > 1 or len(taste.written) > 1 or bool(items and taste.written) or bool(taste.said)
    else:
        shown = len(items) > 1 or bool(taste.said) or bool(items and taste.written)
    return shown and not _says_nothing(taste, named, corpus)


def _says_nothing(taste: Taste, named: bool, corpus: Corpus) -> bool:
    """A phrase that is the category's own name, the kind of product, or a piece of a brand."""
    parts = taste.phrase.split()
    if any(set(parts) <= set(key(one.behaviour.category).split()) for one in (taste.bought or taste.written)[:3]):
        return True
    if named:
        return False
    brands = frozenset().union(*(brand_key(reading.behaviour.brand) for reading in taste.bought))
    if brands & set(parts) or (not taste.written and all(part in corpus.brand_words for part in parts)):
        return True
    if taste.said or (len(parts) > 1 and taste.written):
        return False
    if any(corpus.names_product(parts[-1], one.behaviour.category) for one in taste.bought[:3]):
        return True
    if all(parts[0] in reading.item.opening for reading in taste.bought):
        return True
    return len(parts) == 1 and not taste.aspect and not taste.written


def _score(
    taste: Taste,
    purchases: Sequence[Reading],
    readings: Sequence[Reading],
    contrast: Contrast,
    corpus: Corpus,
    *,
    written_rate: float | None,
) -> None:
    groups: Counter[tuple[str, str]] = Counter()
    sample: dict[tuple[str, str], Reading] = {}
    for reading in purchases:
        groups[reading.group] += 1
        sample.setdefault(reading.group, reading)
    expected = sum(count * contrast.bought(taste.phrase, sample[group]) for group, count in groups.items())
    rate = expected / len(purchases) if purchases else 0.0
    named = taste.phrase in corpus.lexicon.terms
    once = len(taste.bought) < 2 and not taste.said
    if (rate > USUAL and not taste.said and len(taste.written) < 2) or (once and rate < LEAST_SHARE):
        taste.score = 0.0
        return
    if not named and not taste.said and not any(contrast.others(taste.phrase, reading) for reading in taste.bought):
        taste.score = 0.0
        return
    reviews = sum(1 for reading in readings if reading.review.aspects or reading.review.telling)
    if written_rate is None:
        places = Counter(reading.behaviour.category for reading in readings)
        written_rate = sum(count * contrast.praised(taste.phrase, place) for place, count in places.items())
        written_rate /= max(1, len(readings))
    taste.score = (
        surprise(len(taste.bought), len(purchases), rate)
        + surprise(len(taste.written), reviews, written_rate)
        + SAID_OUTRIGHT * len(taste.said)
    )


def _enough(taste: Taste, corpus: Corpus, bounds: tuple[float, float, float]) -> float:
    known, once, other = bounds
    if not taste.said and len({reading.behaviour.item_id for reading in taste.bought}) < 2 and len(taste.written) < 2:
        return once
    return known if taste.written or taste.said else other


def _without_repeats(tastes: Sequence[Taste]) -> list[Taste]:
    """Strongest first; of phrases that share words, or that the same purchases alone speak for, one stays.

    Of a phrase and a longer one around it the longer stays, where it hardly loses evidence.
    """
    ordered = sorted(tastes, key=lambda taste: (-round(taste.score, 6), -len(taste.phrase.split()), taste.phrase))
    kept: list[Taste] = []
    for taste in ordered:
        parts = set(taste.phrase.split())
        rival = next((at for at, other in enumerate(kept) if parts & set(other.phrase.split())), None)
        if rival is not None:
            others = set(kept[rival].phrase.split())
            if (parts > others and _keeps(taste, kept[rival])) or (parts < others and not _keeps(kept[rival], taste)):
                kept[rival] = taste
        elif taste.written or taste.said or not any(_covers(other, taste) for other in kept):
            kept.append(taste)
    return kept


def _keeps(longer: Taste, shorter: Taste) -> bool:
    """Whether the longer phrase has nearly all the evidence of the shorter."""
    pairs = ((longer.bought, shorter.bought), (longer.written, shorter.written), (longer.said, shorter.said))
    return all(len(more) >= KEPT_SHARE * len(fewer) for more, fewer in pairs)


def _covers(taste: Taste, other: Taste) -> bool:
    bearers = {reading.behaviour.behaviour_id for reading in taste.bought}
    return bearers >= {reading.behaviour.behaviour_id for reading in other.bought}
