"""What is usual among buyers: counts by category and by kind of product, to contrast one person with the others."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from memory_store.indexing.items import HEAD_SHARE, ItemReading, Kinds, Pieces, phrase_keys, read_item
from memory_store.indexing.lexicon import Lexicon, lexicon
from memory_store.indexing.reviews import ReviewReading, read_review
from memory_store.indexing.text import clean, key, segments, stem, words
from memory_store.indexing.values import Values
from memory_store.types import Behaviour

CACHED_REVIEWS, CACHED_TEXTS = 60_000, 60_000
READ_OF_ALTERNATIVE = 700
"""Characters read of an item that was not chosen."""
_PRIOR_COUNT, _PRIOR_TOTAL = 0.6, 12.0
_KIND_PRIOR = 8.0
BOTH_SHARE = 0.05
LEAST_HEADS = 3


@dataclass(frozen=True, slots=True)
class Reading:
    """A behaviour with what its item and its review say; ``kind`` is the kind of product, "" where unknown."""

    behaviour: Behaviour
    item: ItemReading
    review: ReviewReading
    kind: str

    @property
    def group(self) -> tuple[str, str]:
        """Category and kind: the buyers that this purchase is compared with."""
        return self.behaviour.category, self.kind


@dataclass(slots=True)
class Counts:
    """Over the behaviours of one group: how many, with which item phrases, praise, aspects and brands."""

    total: int = 0
    reviews: int = 0
    items: Counter[str] = field(default_factory=Counter)
    praised: Counter[str] = field(default_factory=Counter)
    aspects: Counter[str] = field(default_factory=Counter)
    brands: Counter[str] = field(default_factory=Counter)

    def add(self, reading: Reading) -> None:
        self.total += 1
        self.items.update(reading.item.keys)
        if reading.behaviour.brand:
            self.brands[reading.behaviour.brand] += 1
        if reading.review.aspects or reading.review.telling:
            self.reviews += 1
            self.praised.update(reading.review.praised)
            self.aspects.update(reading.review.aspects.keys())


class Corpus:
    """The behaviours of all buyers, counted. ``fit`` it once, then ask it for rates and readings."""

    def __init__(self) -> None:
        self.lexicon: Lexicon = lexicon()
        self._pieces = Pieces(self.lexicon)
        self.kinds = Kinds(())
        self.listed = Values()
        self.labels: dict[str, str] = {}
        self._wordings: defaultdict[str, list[str]] = defaultdict(list)
        for wording, term in sorted(self.lexicon.terms.items(), key=lambda pair: (-len(pair[0]), pair[0])):
            self._wordings[term.key].append(wording)
        self.brand_words: frozenset[str] = frozenset()
        self.brands: dict[str, str] = {}
        self._known: frozenset[str] = frozenset()
        self._keys: defaultdict[str, list[frozenset[str]]] = defaultdict(list)
        self._categories: defaultdict[str, Counts] = defaultdict(Counts)
        self._groups: defaultdict[tuple[str, str], Counts] = defaultdict(Counts)
        self._heads: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._prices: dict[str, list[float]] = {}
        self._items: dict[tuple[str, str, str], ItemReading] = {}
        self._reviews: dict[str, tuple[Behaviour, ReviewReading]] = {}
        self._values: dict[str, frozenset[str]] = {}

    @classmethod
    def fit(cls, behaviours: Iterable[Behaviour]) -> Corpus:
        """Counts every behaviour; equal behaviours in any order give equal counts."""
        corpus, everything = cls(), list(behaviours)
        for behaviour in everything:
            corpus._item(behaviour)
        brands = {behaviour.brand for behaviour in everything if behaviour.brand}
        corpus.brand_words = frozenset(stem(word) for brand in brands for word in words(brand))
        borne = Counter(phrase for reading in corpus._items.values() for phrase in reading.keys)
        corpus.kinds = Kinds((reading.heads for reading in corpus._items.values()), borne)
        corpus._known = frozenset(phrase for phrase, count in borne.items() if count > 1)
        corpus.brands = {key(brand): brand for brand in sorted(brands)}
        for reading in corpus._items.values():
            corpus.labels.update(reading.labels)
        distinct = [(category, reading) for (_, _, category), reading in corpus._items.items()]
        corpus.listed = Values(distinct, corpus.lexicon, corpus.wordings)
        corpus._items = {at: corpus._valued(reading, at[2]) for at, reading in corpus._items.items()}
        prices: defaultdict[str, list[float]] = defaultdict(list)
        listed: set[tuple[str, str]] = set()
        for behaviour in everything:
            whole = corpus.read(behaviour)
            if (behaviour.category, behaviour.item_id) not in listed:
                listed.add((behaviour.category, behaviour.item_id))
                corpus._keys[behaviour.category].append(whole.item.keys)
                corpus._heads[behaviour.category].update(whole.item.heads)
            corpus._categories[behaviour.category].add(whole)
            if whole.kind:
                corpus._groups[whole.group].add(whole)
            if behaviour.price is not None and behaviour.price > 0:
                prices[behaviour.category].append(behaviour.price)
        corpus._prices = {category: sorted(found) for category, found in prices.items()}
        return corpus

    def read(self, behaviour: Behaviour) -> Reading:
        """The reading of a behaviour, of the corpus or not."""
        item = self._item(behaviour)
        cached = self._reviews.get(behaviour.behaviour_id)
        if cached is None or cached[0] != behaviour:
            cached = (behaviour, self._weighed(read_review(behaviour, self.lexicon), behaviour.category))
            if len(self._reviews) < CACHED_REVIEWS:
                self._reviews[behaviour.behaviour_id] = cached
        return Reading(behaviour, item, cached[1], self.kinds.of(item.heads))

    def values_in(self, text: str) -> frozenset[str]:
        """The keys of the attribute values that the text of an item names: the vocabulary's, and the labelled ones."""
        found = self._values.get(text)
        if found is None:
            found = frozenset(self._read_values(text[:READ_OF_ALTERNATIVE]))
            if len(self._values) < CACHED_TEXTS:
                self._values[text] = found
        return found

    def aspect_of(self, phrase: str) -> str:
        """The aspect that a phrase key belongs to: by the vocabulary, by item texts ("Material: jelly"), or ""."""
        term = self.lexicon.terms.get(phrase)
        return term.aspect if term else self.labels.get(phrase, "")

    def wordings(self, phrase: str) -> list[str]:
        """The keys of every wording of a phrase, longest first; the phrase alone where the vocabulary lacks it."""
        return self._wordings.get(phrase, [phrase])

    def knows(self, phrase: str) -> bool:
        """Whether two items or more bear the phrase."""
        return phrase in self._known

    def names_product(self, word: str, category: str) -> bool:
        """Whether a word names products rather than describes them: titles of the category, or most with it, end so."""
        heads = self._heads[category][word]
        return word in self.kinds.words or heads >= max(LEAST_HEADS, HEAD_SHARE * self.listed.borne(word, category))

    def exclude(self, one: str, other: str, category: str) -> bool:
        """Whether the category's items bear either phrase but hardly ever both: two values of one attribute."""
        bearing = [keys for keys in self._keys[category] if one in keys or other in keys]
        both = sum(one in keys and other in keys for keys in bearing)
        return len(bearing) > 3 and both <= BOTH_SHARE * len(bearing)

    def sold(self, phrase: str, category: str) -> bool:
        """Whether two purchases or more of the category bear the phrase: its items can have it."""
        return self._categories[category].items[phrase] > 1

    def brand_share(self, brand: str, category: str, own: int, own_total: int) -> float:
        """The brand's share of the category's purchases by others, with a prior."""
        counts = self._categories[category]
        return _rate(counts.brands[brand] - own, counts.total - own_total)

    def price_rank(self, price: float, category: str) -> float | None:
        """Which part of the category's purchases cost less (0 to 1); None where fewer than 8 prices are known."""
        prices = self._prices.get(category, [])
        return bisect_left(prices, price) / len(prices) if len(prices) >= 8 else None

    def contrast(self, own: Sequence[Reading]) -> Contrast:
        """Rates among the other buyers, for the person whose readings these are."""
        return Contrast(self._categories, self._groups, own)

    def category(self, category: str) -> Counts:
        """The counts of one category; empty for an unknown one."""
        return self._categories.get(category, Counts())

    def _read_values(self, text: str) -> Iterator[str]:
        for piece in segments(clean(text)):
            stems = self._pieces.stems(piece)
            terms = list(self.lexicon.find(stems))
            yield from (term.key for _, _, term in terms if term.kind == "value")
            if self.labels:
                yield from self.labels.keys() & phrase_keys(stems, self.lexicon, 2, terms)

    def _item(self, behaviour: Behaviour) -> ItemReading:
        at = (behaviour.item_id, behaviour.title, behaviour.category)
        if at not in self._items:
            self._items[at] = self._valued(read_item(behaviour, self.lexicon, self._pieces), behaviour.category)
        return self._items[at]

    def _valued(self, item: ItemReading, category: str) -> ItemReading:
        """The reading with no phrases but the category's values, once these are known."""
        return replace(item, keys=self.listed.among(item.keys, category)) if self.listed else item

    def _weighed(self, review: ReviewReading, category: str) -> ReviewReading:
        """The reading with the category's values whole, and nothing praised or blamed but values."""
        whole = self.listed.wholes
        return replace(
            review,
            praised=self.listed.values(whole(review.praised, category), category),
            blamed=self.listed.values(whole(review.blamed, category), category),
            wants=whole(review.wants, category),
            shuns=whole(review.shuns, category),
            left=whole(review.left, category),
        )


class Contrast:
    """How usual something is among the others: the person's own purchases are taken out of the counts."""

    def __init__(
        self,
        categories: defaultdict[str, Counts],
        groups: defaultdict[tuple[str, str], Counts],
        own: Sequence[Reading],
    ) -> None:
        self._categories, self._groups = categories, groups
        self._own: defaultdict[str, Counts] = defaultdict(Counts)
        self._own_groups: defaultdict[tuple[str, str], Counts] = defaultdict(Counts)
        for reading in own:
            self._own[reading.behaviour.category].add(reading)
            if reading.kind:
                self._own_groups[reading.group].add(reading)

    def bought(self, phrase: str, reading: Reading) -> float:
        """How often others' purchases of this kind bear the phrase; backs off to the category."""
        category = reading.behaviour.category
        rate = _rate(
            self._categories[category].items[phrase] - self._own[category].items[phrase],
            self._categories[category].total - self._own[category].total,
        )
        if not reading.kind:
            return rate
        group, mine = self._groups[reading.group], self._own_groups[reading.group]
        total, count = group.total - mine.total, group.items[phrase] - mine.items[phrase]
        return (count + _KIND_PRIOR * rate) / (total + _KIND_PRIOR)

    def others(self, phrase: str, reading: Reading) -> int:
        """How many purchases of the same kind (else category) by others bear the phrase."""
        if reading.kind:
            return self._groups[reading.group].items[phrase] - self._own_groups[reading.group].items[phrase]
        category = reading.behaviour.category
        return self._categories[category].items[phrase] - self._own[category].items[phrase]

    def praised(self, phrase: str, category: str) -> float:
        """How often others' reviews in the category praise the phrase."""
        counts, mine = self._categories[category], self._own[category]
        return _rate(counts.praised[phrase] - mine.praised[phrase], counts.reviews - mine.reviews)

    def wrote_of(self, aspect: str, category: str) -> float:
        """How often others' reviews in the category write of an aspect."""
        counts, mine = self._categories[category], self._own[category]
        return _rate(counts.aspects[aspect] - mine.aspects[aspect], counts.reviews - mine.reviews)


def _rate(count: float, total: float) -> float:
    return (count + _PRIOR_COUNT) / (total + _PRIOR_TOTAL)


def surprise(count: float, total: float, rate: float) -> float:
    """How much better a rate of its own explains ``count`` of ``total`` than the others' rate does.

    The log-likelihood ratio of the binomial, in nats; 0 where the count is not above what the rate leads to expect.
    """
    rate = min(0.98, max(0.002, rate))
    if total <= 0 or count <= total * rate:
        return 0.0
    missed = total - count
    gain = count * math.log(count / (total * rate))
    return gain + (missed * math.log(missed / (total * (1 - rate))) if missed > 1e-9 else 0.0)


def brand_key(brand: str | None) -> frozenset[str]:
    """The words of a brand as stems."""
    return frozenset(key(brand).split()) if brand else frozenset()
