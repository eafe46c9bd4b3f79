"""The memory tool that the policy may call. User and store are bound here: the policy never names a user."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from assistant.types import MemoryHit
from assistant.words import clauses_of
from memory_store.embedding import Embedder
from memory_store.store import MemoryStore
from memory_store.types import LOCAL_LEVELS, Level, RecalledEntry

ENTRIES_PER_ASPECT = 3
NEAREST = 150
KIND = 0.7
"""Weight of how near an entry's kind of product is to the request, beside how near its text is to the aspect."""
ACROSS_KINDS = 0.35
"""What stands for that nearness where an entry speaks of no one kind."""
RELEVANT = 0.3
MARGIN = 0.15
"""An entry is told when its text is at least RELEVANT near, and its score within MARGIN of the best: else it costs
tokens and says nothing."""
SUMMARIES = frozenset({Level.PATTERN, Level.PROFILE})


class Kinds:
    """The vectors of the names that kinds of product have in the memory, each embedded once."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._vectors: dict[str, np.ndarray] = {}

    def nearness(self, request: str, kinds: Collection[str]) -> dict[str, float]:
        """The cosine of each kind to the request, or to the clause of it that is nearest."""
        unknown = [kind for kind in kinds if kind and kind not in self._vectors]
        clauses = [request, *clauses_of(request)]
        vectors = self._embedder.embed([*clauses, *unknown])
        self._vectors.update(zip(unknown, vectors[len(clauses) :], strict=True))
        asked = vectors[: len(clauses)]
        return {kind: float((asked @ self._vectors[kind]).max()) if kind else ACROSS_KINDS for kind in kinds}


class MemoryTool:
    """``memory_retrieval_tool`` for one turn of one user (PAPER, eq. for M̂_u(q): one retrieval an aspect, k = 3).

    Retrieval goes from coarse to fine, as the memory is built: an entry counts by how near its kind of product is to
    the request and how near its text is to the aspect; what was written of the person (patterns, profile) comes
    before single purchases, which fill the places that are left. An entry is told once a turn, under one mark.
    ``by_request`` ignores the aspect (an ablation).
    """

    def __init__(
        self,
        memory: MemoryStore,
        kinds: Kinds,
        user_id: str,
        request: str,
        *,
        levels: frozenset[Level] = LOCAL_LEVELS,
        by_request: bool = False,
    ) -> None:
        self._memory = memory
        self._kinds = kinds
        self._user_id = user_id
        self._request = request
        self._levels = levels
        self._by_request = by_request
        self._marks: dict[str, str] = {}
        self._nearness: dict[str, float] = {}

    def call(self, aspects: Sequence[str]) -> list[tuple[MemoryHit, ...]]:
        """What each aspect recalls that was not told before in this turn, at most three entries each."""
        queries = [self._request if self._by_request else f"{aspect}: {self._request}" for aspect in aspects]
        vectors = self._memory.embedder.embed(queries, query=True)
        tiers = [self._ranked(vectors, self._levels & SUMMARIES), self._ranked(vectors, self._levels - SUMMARIES)]
        return [self._tell(aspect, [*written, *done]) for aspect, written, done in zip(aspects, *tiers, strict=True)]

    def _ranked(self, vectors: np.ndarray, levels: frozenset[Level]) -> list[list[tuple[float, RecalledEntry]]]:
        """The user's entries of these levels for each query (float32 [n, dimension]), with their scores, best first."""
        if not levels:
            return [[] for _ in vectors]
        recalled = self._memory.hierarchy.recall_vectors(self._user_id, vectors, k=NEAREST, levels=levels)
        found = {one.entry.category for query in recalled for one in query} - self._nearness.keys()
        if found:
            self._nearness.update(self._kinds.nearness(self._request, sorted(found)))
        return [sorted(((self._score(one), one) for one in query), key=lambda scored: -scored[0]) for query in recalled]

    def _score(self, recalled: RecalledEntry) -> float:
        return recalled.similarity + KIND * self._nearness[recalled.entry.category]

    def _tell(self, aspect: str, ranked: Sequence[tuple[float, RecalledEntry]]) -> tuple[MemoryHit, ...]:
        enough = max((score for score, _ in ranked), default=0.0) - MARGIN
        fresh = [
            recalled
            for score, recalled in ranked
            if score >= enough and recalled.similarity >= RELEVANT and recalled.entry.entry_id not in self._marks
        ][:ENTRIES_PER_ASPECT]
        for recalled in fresh:
            self._marks[recalled.entry.entry_id] = f"m{len(self._marks) + 1}"
        return tuple(self._hit(aspect, recalled) for recalled in fresh)

    def _hit(self, aspect: str, recalled: RecalledEntry) -> MemoryHit:
        entry = recalled.entry
        return MemoryHit(
            mark=self._marks[entry.entry_id],
            entry_id=entry.entry_id,
            level=entry.level.value,
            category=entry.category,
            text=entry.text,
            timestamp=entry.timestamp,
            behaviour_ids=entry.behaviour_ids,
            aspect=aspect,
            similarity=recalled.similarity,
        )
