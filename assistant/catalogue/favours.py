"""What a search adds to the mixed scores: for the kind that a query names, the measures it states, a low price."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from assistant.catalogue.audience import says_whom
from assistant.catalogue.items import Items
from assistant.catalogue.kinds import KindNames
from assistant.catalogue.lexical import Lexical
from assistant.catalogue.measures import Measure, nearness, read_measures
from assistant.types import Item
from assistant.words import content_words

CHEAP = 1.0
"""What being the cheapest of its kind adds to a score where a low price is wished for."""

NAMED, LEAST_NAMED = 2.5, 1.5
"""What being of the kind that the query names adds to a score, at most and at least: yarn comes before blankets."""

SAID, SHARED = 1.0, 4
"""What an item loses with a word that it does not say and another of the kind does; of many words each counts less."""

MEASURED = 1.5
"""What stating the measures that the query states ("28cm", "size 5") adds to a score."""

LEFT_HANDED = 1.0
"""What an item loses whose title says that it is for the left hand, where the query says nothing of hands."""

AROUND, FIRST, NEAR = 300, 5, 100
_LEFT_HANDED = re.compile(r"\bleft[\s-]hand(?:ed|er)?s?\b|\blef(?:ty|ties)\b", re.I)


class Favours:
    """Changes scores (float32 [n], standard deviations above the catalogue's mean) in place, a row of ``columns`` each.

    ``columns`` are arrays [n]: "item_id", "kind" (its number in ``kinds``) and "price" (nan: unknown).
    """

    def __init__(
        self,
        items: Items,
        lexical: Lexical,
        columns: Mapping[str, np.ndarray],
        kinds: Mapping[str, Sequence[str]],
        categories: Sequence[str],
    ) -> None:
        self._items, self._lexical, self._columns = items, lexical, columns
        self._kinds = tuple(kinds)
        self._names = KindNames(kinds, categories)

    def kind_named(self, query: str) -> str | None:
        """The kind of product that a query names as what it wants."""
        named = self._names.named(query)
        return self._kinds[named.kind] if named else None

    def what_is_named(self, query: str, scores: np.ndarray) -> None:
        """Favours the kind that the query names, where items of it are near (among the very first, where the name was
        learnt from titles): yarn before blankets for "yarn for a baby blanket"; among its items, those that say more
        of the query's words come first."""
        named, kinds = self._names.named(query), self._columns["kind"]
        if named is None:
            return
        if named.kind in kinds[best(scores, AROUND if named.own else FIRST)]:
            rows = np.flatnonzero(kinds == named.kind)
            name = content_words(f"{self._kinds[named.kind]} {named.name}")
            wanted = {word for word in content_words(query) if word not in name and not says_whom(word)}
            said = self._said(wanted, rows) * SAID * min(1.0, SHARED / max(1, len(wanted)))
            scores[rows] += np.maximum(NAMED + said - said.max(), LEAST_NAMED).astype(np.float32)

    def what_measures(self, query: str, scores: np.ndarray) -> None:
        """Favours, among the nearest rows, those that state the query's measures or come near them, in any unit."""
        if not (asked := read_measures(query)):
            return
        rows = best(scores, NEAR)
        near = [nearness(asked, _measures_of(item, asked)) for item in self._items_of(rows)]
        scores[rows] += np.float32(MEASURED) * np.array(near, dtype=np.float32)

    def what_suits_most(self, query: str, scores: np.ndarray) -> None:
        """Disfavours, among the nearest rows, what is for the left hand, unless the query is."""
        saying = self._lexical.rows_with("left-handed")
        if saying is None or _LEFT_HANDED.search(query):
            return
        rows = best(scores, NEAR)
        rows = rows[np.isin(rows, saying)]
        refused = [_LEFT_HANDED.search(item.title) is not None for item in self._items_of(rows)]
        scores[rows[refused]] -= np.float32(LEFT_HANDED)

    def what_is_cheap(self, scores: np.ndarray) -> None:
        """Favours, among the nearest rows, the cheaper of each kind; an unknown price counts as dear."""
        near = best(scores, NEAR)
        for kind in np.unique(self._columns["kind"][near]):
            rows = near[self._columns["kind"][near] == kind]
            prices = self._columns["price"][rows]
            prices = np.where(np.isnan(prices), np.inf, prices)
            dearer = (prices[:, None] < prices[None, :]).mean(axis=1)
            scores[rows] += np.float32(CHEAP) * dearer.astype(np.float32)

    def _items_of(self, rows: np.ndarray) -> list[Item]:
        ids = [item_id.decode() for item_id in self._columns["item_id"][rows].tolist()]
        return list(self._items.many(ids).values())

    def _said(self, wanted: Collection[str], rows: np.ndarray) -> np.ndarray:
        """How many of the words each of these rows says, float32 [rows]."""
        said = np.zeros(len(rows), dtype=np.float32)
        for word in wanted:
            if (saying := self._lexical.rows_with(word)) is not None:
                said += np.isin(rows, saying)
        return said


def _measures_of(item: Item, asked: Collection[Measure]) -> list[Measure]:
    """What the title states of the dimensions asked; where it states nothing of one, what the features do."""
    stated = read_measures(item.title)
    missing = {measure.dimension for measure in asked} - {measure.dimension for measure in stated}
    if missing:
        stated += [found for text in item.features for found in read_measures(text) if found.dimension in missing]
    return stated


def standardised(scores: np.ndarray) -> np.ndarray:
    """The scores in standard deviations above their mean; all 0 where they are equal."""
    spread = scores.std()
    return (scores - scores.mean()) / spread if spread > 0 else np.zeros_like(scores)


def best(scores: np.ndarray, k: int) -> np.ndarray:
    """Rows of the k greatest scores, best first, equal ones by row; rows at minus infinity are never among them."""
    k = min(k, int(np.isfinite(scores).sum()))
    if k <= 0:
        return np.empty(0, dtype=np.int64)
    least = np.partition(scores, len(scores) - k)[len(scores) - k]
    above, level = np.flatnonzero(scores > least), np.flatnonzero(scores == least)
    rows = np.concatenate([above, level[: k - len(above)]])
    return rows[np.lexsort((rows, -scores[rows]))]
