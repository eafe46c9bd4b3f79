"""Search of the catalogue: dense and BM25 scores mixed over every item, constraints as filters that say so."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from assistant.catalogue.audience import SAYING_WHOM
from assistant.catalogue.build import FORMAT, ITEMS, LEXICAL, MANIFEST, ROWS, VECTORS
from assistant.catalogue.constraints import describe, looser
from assistant.catalogue.dense import Vectors
from assistant.catalogue.favours import AROUND, NEAR, Favours, best, standardised
from assistant.catalogue.filters import brand_key, keeps_to, said_alike
from assistant.catalogue.items import Items
from assistant.catalogue.lexical import Lexical
from assistant.errors import StoreError
from assistant.types import Constraints

if TYPE_CHECKING:
    from memory_store.embedding import Embedder

Method = Literal["mix", "dense", "bm25"]

WEIGHT = 0.3
"""Weight of BM25 beside the dense score, both z-scored over the catalogue; best on train (tests/bench/ranking.py)."""

ENOUGH = 3
"""Fewer results than this relax a constraint."""

_SAMPLE = 20
_RECURRING = 2
_BATCH = 64
_SCORES_AT_ONCE = 10_000_000


@dataclass(frozen=True)
class Ranking:
    """Item ids, best first, and their scores (float32)."""

    item_ids: tuple[str, ...]
    scores: np.ndarray


@dataclass(frozen=True)
class SearchResult:
    """What a search found, best first, scores float32; ``filters`` and ``relaxed`` are words for the person.

    ``filters`` were kept to ("under $40"). ``relaxed`` were not, or not by all: a constraint in the same words, or
    "price unknown for some". Items that keep to everything come before those let in by a dropped constraint or in
    spite of an unknown price, so scores fall within each of the parts only.
    """

    item_ids: tuple[str, ...]
    scores: np.ndarray
    filters: tuple[str, ...] = ()
    relaxed: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Limit:
    """A constraint on a column that is not known of every item, and what to tell the person of those."""

    column: str
    fields: tuple[str, str | None]
    words: str

    def bounds(self, constraints: Constraints) -> tuple[float | None, float | None]:
        low, high = self.fields
        return getattr(constraints, low), getattr(constraints, high) if high else None


_UNKNOWN_FIRST = (
    _Limit("rating", ("minimum_rating", None), "rating unknown for some"),
    _Limit("price", ("price_min", "price_max"), "price unknown for some"),
)


class Catalogue:
    """An open catalogue folder: its items and the search over them. Reading only, so threads may share it.

    ``categories``, ``kinds`` and ``brands`` are the names that the items carry, a brand in one spelling; ``called``
    what each kind is called besides.
    """

    def __init__(self, folder: Path, manifest: dict, embedder: Embedder) -> None:
        self.items = Items(folder / ITEMS)
        self.categories: tuple[str, ...] = tuple(manifest["categories"])
        self.kinds: tuple[str, ...] = tuple(manifest["kinds"])
        self.called: dict[str, tuple[str, ...]] = {kind: tuple(names) for kind, names in manifest["kinds"].items()}
        self.brands: tuple[str, ...] = tuple(manifest["brands"].values())
        self._embedder = embedder
        self._vectors = Vectors(folder / VECTORS)
        self._lexical = Lexical(folder / LEXICAL)
        table = np.load(folder / ROWS, mmap_mode="r")
        columns = ("item_id", "price", "rating", "brand", "kind")
        self._columns = {name: np.ascontiguousarray(table[name]) for name in columns}
        self._ids = self._columns["item_id"]
        self._brand_keys = [brand_key(brand) for brand in self.brands]
        self._favours = Favours(self.items, self._lexical, self._columns, self.called, self.categories)
        ends = np.cumsum([0, *manifest["categories"].values()])
        self._slices = {name: slice(*ends[i : i + 2].tolist()) for i, name in enumerate(self.categories)}

    @classmethod
    def open(cls, folder: Path, embedder: Embedder) -> Catalogue:
        """Opens what ``build_catalogue`` wrote. StoreError: it is absent, unfinished, or of another embedder."""
        path = folder / MANIFEST
        if not path.exists():
            raise StoreError(f"The catalogue {folder} is missing or half built: run the import again, it goes on.")
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if manifest["format"] != FORMAT:
            raise StoreError(
                f"The catalogue {folder} has format {manifest['format']}, not {FORMAT}: run the import again."
            )
        if (manifest["embedder"], manifest["dimension"]) != (embedder.name, embedder.dimension):
            raise StoreError(
                f"The catalogue {folder} was built with the embedder {manifest['embedder']}, not {embedder.name}: "
                "use that one, or run the import again to embed the items anew."
            )
        return cls(folder, manifest, embedder)

    def close(self) -> None:
        """Closes the connections to the items."""
        self.items.close()

    def search(
        self,
        query: str,
        *,
        constraints: Constraints = Constraints(),  # noqa: B008  (frozen)
        k: int = 1000,
        exclude: Collection[str] = (),
    ) -> SearchResult:
        """The best k items for the query that keep to the constraints and are not excluded.

        Where an item's price or rating is unknown it cannot be promised to keep to a limit: it is left out as long as
        at least three of the hundred nearest items are known to. Where fewer than three items keep to everything, the
        softest constraint whose absence gives three is dropped (``relaxed`` names it); of what is then above the
        greatest price, cheaper items are favoured.

        A price limit or a wish for low prices stays within the kinds of product that are nearest the query: what is
        of another kind is not wanted for being cheap. Where a word is avoided, items that say so ("plastic-free") are
        nearer than those that do not mention it.
        """
        wanted = ", ".join([query, *(f"{word}-free" for word in constraints.avoided_words)])
        scores = next(self._scores([wanted], "mix"))
        self._favour(query, scores)
        scores[self._rows_of(exclude)] = -np.inf
        if constraints.cheap or (constraints.price_min, constraints.price_max) != (None, None):
            scores[~self._asked_for(scores)] = -np.inf
        if constraints.cheap:
            self._favours.what_is_cheap(scores)
        return self._relaxing(scores, constraints, k)

    def search_many(
        self, queries: Sequence[str], *, k: int = 1000, method: Method = "mix", weight: float = WEIGHT
    ) -> list[Ranking]:
        """The best k of the whole catalogue for each query, with the numbers of ``search``; batched."""
        rankings = []
        for query, scores in zip(queries, self._scores(queries, method, weight), strict=True):
            if method == "mix":
                self._favour(query, scores)
            rankings.append(self._ranking(scores, best(scores, k)))
        return rankings

    def kinds_near(self, query: str) -> dict[str, float]:
        """The kinds of product among the nearest items, nearest first: the mean score of each one's best three rows.

        Scores are those of the mix, in standard deviations above the catalogue's mean.
        """
        scores = next(self._scores([query], "mix"))
        rows = best(scores, AROUND)
        kinds = self._columns["kind"][rows]
        near = {self.kinds[kind]: float(scores[rows[kinds == kind][:3]].mean()) for kind in np.unique(kinds)}
        return dict(sorted(near.items(), key=lambda found: -found[1]))

    def kind_named(self, query: str) -> str | None:
        """The kind of product that a query names as what it wants: "Board game" of "a co-op board game for two"."""
        return self._favours.kind_named(query)

    def similar(self, item_id: str, k: int = 10) -> list[str]:
        """The k items of the same category that are nearest the item by cosine; none for an unknown id."""
        return self.similar_many([item_id], k).get(item_id, [])

    def similar_many(self, item_ids: Collection[str], k: int = 10) -> dict[str, list[str]]:
        """``similar`` of many items at once, by item id; unknown ids are left out."""
        by_category: dict[str, list[str]] = {}
        for item in self.items.many(list(dict.fromkeys(item_ids))).values():
            by_category.setdefault(item.category, []).append(item.item_id)
        found: dict[str, list[str]] = {}
        for category, wanted in by_category.items():
            rows = self._slices[category]
            size = max(1, _SCORES_AT_ONCE // (rows.stop - rows.start))
            for start in range(0, len(wanted), size):
                found.update(self._neighbours(wanted[start : start + size], rows, k))
        return found

    def _neighbours(self, item_ids: Sequence[str], rows: slice, k: int) -> Iterator[tuple[str, list[str]]]:
        """The k items nearest each of these, all of the category whose rows are given."""
        places = np.searchsorted(self._ids[rows], [item_id.encode() for item_id in item_ids])
        scores = self._vectors.cosines(self._vectors.matrix[rows.start + places].astype(np.float32), rows)
        scores[np.arange(len(places)), places] = -np.inf
        for item_id, row in zip(item_ids, scores, strict=True):
            yield item_id, list(self._ranking(row, best(row, k), rows.start).item_ids)

    def _scores(self, queries: Sequence[str], method: Method, weight: float = WEIGHT) -> Iterator[np.ndarray]:
        """The score of every row, float32 [n], a query at a time."""
        for start in range(0, len(queries), _BATCH):
            batch = queries[start : start + _BATCH]
            dense = (
                [None] * len(batch)
                if method == "bm25"
                else self._vectors.cosines(self._embedder.embed(batch, query=True))
            )
            for query, cosines in zip(batch, dense, strict=True):
                if method == "dense":
                    yield cosines
                elif cosines is None:
                    yield self._lexical.scores(query)
                else:
                    yield standardised(cosines) + np.float32(weight) * standardised(self._lexical.scores(query))

    def _favour(self, query: str, scores: np.ndarray) -> None:
        self._favours.what_is_named(query, scores)
        self._favours.what_measures(query, scores)
        self._favours.what_suits_most(query, scores)

    def _asked_for(self, scores: np.ndarray) -> np.ndarray:
        """Rows of the kinds that recur among the nearest, bool [n]; of all their kinds where none recurs."""
        kinds, counts = np.unique(self._columns["kind"][best(scores, _SAMPLE)], return_counts=True)
        recurring = kinds[counts >= _RECURRING]
        return np.isin(self._columns["kind"], recurring if len(recurring) else kinds)

    def _ranking(self, scores: np.ndarray, rows: np.ndarray, first: int = 0) -> Ranking:
        return Ranking(tuple(item_id.decode() for item_id in self._ids[first + rows].tolist()), scores[rows])

    def _rows_of(self, item_ids: Collection[str]) -> list[int]:
        rows = []
        for item_id, item in self.items.many(list(item_ids)).items():
            within = self._slices[item.category]
            rows.append(within.start + int(np.searchsorted(self._ids[within], item_id.encode())))
        return rows

    def _relaxing(self, scores: np.ndarray, constraints: Constraints, k: int) -> SearchResult:
        rows, relaxed = self._keeping(scores, constraints, k)
        kept = constraints
        if len(rows) < min(ENOUGH, k):
            strict = rows
            if constraints.price_max is not None:
                self._favours.what_is_cheap(scores)
            kept, rows, relaxed = self._dropping(scores, constraints, k)
            rows = np.concatenate([strict, rows[~np.isin(rows, strict)]])[:k]
            relaxed = tuple(text for text in describe(constraints) if text not in describe(kept)) + relaxed
        ranking = self._ranking(scores, rows)
        return SearchResult(ranking.item_ids, ranking.scores, describe(kept), relaxed)

    def _dropping(
        self, scores: np.ndarray, kept: Constraints, k: int
    ) -> tuple[Constraints, np.ndarray, tuple[str, ...]]:
        """Drops the softest constraint whose absence gives enough; else the softest of all, and so on."""
        while variants := looser(kept):
            for candidate in variants:
                rows, unknown = self._keeping(scores, candidate, k)
                if len(rows) >= min(ENOUGH, k):
                    return candidate, rows, unknown
            kept = variants[0]
        return kept, *self._keeping(scores, kept, k)

    def _keeping(self, scores: np.ndarray, constraints: Constraints, k: int) -> tuple[np.ndarray, tuple[str, ...]]:
        """The best k rows that keep to the constraints, and words for the limits that some are not known to keep to."""
        strict = self._allowed(scores, constraints, k)
        limits = [kind for kind in _UNKNOWN_FIRST if kind.bounds(constraints) != (None, None)]
        if not limits:
            return strict, ()
        free = replace(constraints, price_min=None, price_max=None, minimum_rating=None)
        near = self._allowed(scores, free, NEAR)
        sure = rows = strict[np.isin(strict, near)]
        lenient: list[_Limit] = []
        while len(sure) < ENOUGH and len(rows) < ENOUGH and len(lenient) < len(limits):
            lenient.append(limits[len(lenient)])
            rows = self._allowed(scores, constraints, k, unknown=lenient)
            rows = rows[np.isin(rows, near)]
        if not lenient:
            return strict, ()
        found = self._allowed(scores, constraints, k, unknown=lenient)
        found = np.concatenate([sure, found[~np.isin(found, sure)]])[:k]
        return found, tuple(limit.words for limit in lenient if np.isnan(self._columns[limit.column][found]).any())

    def _allowed(
        self, scores: np.ndarray, constraints: Constraints, k: int, *, unknown: Collection[_Limit] = ()
    ) -> np.ndarray:
        """The best k rows that keep to the constraints; a price or rating not known is let through where ``unknown``.

        Columns decide most rows. The text of a row is read only where it is doubtful and may be among the best.
        """
        doubtful = np.zeros(len(self._ids), dtype=bool)
        allowed = self._in_range(constraints, unknown)
        if constraints.brands:
            named = self._naming(constraints.brands) & (self._columns["brand"] < 0)
            allowed &= np.isin(self._columns["brand"], self._numbers(constraints.brands)) | named
            doubtful |= named
        if constraints.excluded_brands:
            allowed &= ~np.isin(self._columns["brand"], self._numbers(constraints.excluded_brands))
            doubtful |= self._naming(constraints.excluded_brands) & (self._columns["brand"] < 0)
        if constraints.avoided_words:
            doubtful |= self._naming(said_alike(constraints.avoided_words))
        if constraints.age is not None or constraints.sex is not None:
            doubtful |= self._naming(SAYING_WHOM)
        scores = np.where(allowed, scores, -np.inf)
        taken: list[np.ndarray] = []
        size = k
        while sum(map(len, taken)) < k and len(rows := best(scores, size)):
            scores[rows] = -np.inf
            size *= 2
            unsure = rows[doubtful[rows]]
            items = self.items.many(self._ranking(scores, unsure).item_ids).values()
            refused = [row for row, item in zip(unsure, items, strict=True) if not keeps_to(item, constraints)]
            taken.append(rows[~np.isin(rows, refused)])
        return np.concatenate([*taken, np.empty(0, dtype=np.int64)])[:k].astype(np.int64)

    def _in_range(self, constraints: Constraints, unknown: Collection[_Limit]) -> np.ndarray:
        """Rows of the category and within the limits, bool [n]."""
        allowed = np.ones(len(self._ids), dtype=bool)
        if constraints.category is not None:
            rows = self._slices.get(constraints.category, slice(0, 0))
            allowed[: rows.start] = allowed[rows.stop :] = False
        for limit in _UNKNOWN_FIRST:
            column = self._columns[limit.column]
            within = np.isnan(column) if limit in unknown else np.zeros(len(column), dtype=bool)
            low, high = limit.bounds(constraints)
            if low is not None or high is not None:
                low, high = -np.inf if low is None else low, np.inf if high is None else high
                allowed &= within | ((column >= low) & (column <= high))
        return allowed

    def _naming(self, phrases: Collection[str]) -> np.ndarray:
        """Rows whose text may hold one of the phrases, bool [n]: all rows where a phrase has no indexed word."""
        found = np.zeros(len(self._ids), dtype=bool)
        for phrase in phrases:
            rows = self._lexical.rows_with(phrase)
            found[slice(None) if rows is None else rows] = True
        return found

    def _numbers(self, brands: Collection[str]) -> list[int]:
        wanted = tuple(brand_key(brand) + " " for brand in brands)
        return [number for number, key in enumerate(self._brand_keys) if f"{key} ".startswith(wanted)]
