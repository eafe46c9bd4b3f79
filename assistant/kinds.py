"""Which kinds of product a request is about."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

import numpy as np

from assistant.catalogue.search import Catalogue
from assistant.protocol import can_be_told
from assistant.types import KindsNear
from assistant.words import clauses_of
from memory_store.embedding import Embedder

BY_ITEMS = 0.15
"""What a standard deviation of the nearest items' scores counts, beside the cosine to the kind's name."""
NEAR, WITHIN = 8, 0.5
"""So many kinds are told as near a request at most, none of them further than that behind the nearest."""
BOUGHT = 4
"""So many of the kinds that the shopper has bought are told."""
KEPT = 4
"""Of so many texts it is remembered what they find: of a turn, its request and its scenario."""


class Kinds:
    """Which kinds of product a request is about, by its nearness to what they are called and to their items in the
    catalogue."""

    def __init__(self, catalogue: Catalogue, embedder: Embedder) -> None:
        self._catalogue = catalogue
        self._embedder = embedder
        self._vectors: dict[str, np.ndarray] = {}
        self._found = lru_cache(maxsize=KEPT)(catalogue.kinds_near)

    def is_broad(self, kind: str) -> bool:
        """Whether this is a whole department and no kind of product."""
        return kind in self._catalogue.categories

    def named(self, request: str) -> str | None:
        """The kind of product that a request names outright, where nothing else is nearer; None where it does not."""
        kind = self._catalogue.kind_named(request)
        return kind if kind and kind == next(iter(self._found(request)), None) else None

    def near(self, request: str, bought: Collection[str]) -> KindsNear:
        """The kinds that a request may be about, of all and of those ``bought``. None where a whole department is
        nearest (the shop has no kinds there), one where the request names it outright."""
        if (named := self.named(request)) is not None and can_be_told(named):
            return KindsNear((named,), (named,) if named in bought else ())
        nearness = self.nearness(request, bought)
        nearest = sorted(nearness, key=lambda kind: (-nearness[kind], kind))
        if not nearest or self.is_broad(nearest[0]):
            return KindsNear()
        kinds = [kind for kind in nearest if not self.is_broad(kind) and can_be_told(kind)]
        near = [kind for kind in kinds[:NEAR] if nearness[kind] >= nearness[nearest[0]] - WITHIN]
        return KindsNear(tuple(near), tuple([kind for kind in kinds if kind in bought][:BOUGHT]))

    def nearness(self, request: str, kinds: Collection[str]) -> dict[str, float]:
        """How near the request is to each of these kinds, and to the kinds of the items that it would find.

        "Something for smoothies" is nearer to blenders than to anything that is called smooth: their items know.
        """
        found = self._found(request)
        kinds = sorted({*filter(None, kinds), *found})
        clauses = [request, *clauses_of(request)]
        names = {kind: (kind, *self._catalogue.called.get(kind, ())) for kind in kinds}
        unknown = [name for called in names.values() for name in called if name not in self._vectors]
        vectors = self._embedder.embed([*clauses, *unknown])
        self._vectors.update(zip(unknown, vectors[len(clauses) :], strict=True))
        return {
            kind: float((vectors[: len(clauses)] @ np.stack([self._vectors[name] for name in called]).T).max())
            + BY_ITEMS * found.get(kind, 0.0)
            for kind, called in names.items()
        }
