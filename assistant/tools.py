"""The memory tool that the policy may call. User and store are bound here: the policy never names a user."""

from __future__ import annotations

from collections.abc import Sequence

from memory_store.store import MemoryStore

from assistant.types import MemoryHit
from memory_store.types import LOCAL_LEVELS, Level, RecalledEntry

ENTRIES_PER_ASPECT = 3


class MemoryTool:
    """``memory_retrieval_tool`` for one turn of one user (PAPER, eq. for M̂_u(q): one retrieval an aspect, k = 3).

    An aspect is looked up together with the request that it serves, so that "scent" asked for a shampoo finds the
    shampoo's. ``by_request`` ignores the aspect (an ablation). An entry is told once a turn, under one mark.
    """

    def __init__(
        self,
        memory: MemoryStore,
        user_id: str,
        request: str,
        *,
        levels: frozenset[Level] = LOCAL_LEVELS,
        by_request: bool = False,
    ) -> None:
        self._memory = memory
        self._user_id = user_id
        self._request = request
        self._levels = levels
        self._by_request = by_request
        self._marks: dict[str, str] = {}

    def call(self, aspects: Sequence[str]) -> list[tuple[MemoryHit, ...]]:
        """What each aspect recalls that was not told before in this turn, best first."""
        queries = [self._request if self._by_request else f"{aspect}: {self._request}" for aspect in aspects]
        recalled = self._memory.hierarchy.recall(self._user_id, queries, k=ENTRIES_PER_ASPECT, levels=self._levels)
        return [self._hits(aspect, found) for aspect, found in zip(aspects, recalled, strict=True)]

    def _hits(self, aspect: str, found: Sequence[RecalledEntry]) -> tuple[MemoryHit, ...]:
        fresh = [recalled for recalled in found if recalled.entry.entry_id not in self._marks]
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
