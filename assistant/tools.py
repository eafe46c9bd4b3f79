"""The memory tool that the policy may call. User and store are bound here: the policy never names a user."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from assistant.kinds import Kinds
from assistant.protocol import CHOOSING
from assistant.types import KindsNear, MemoryHit, Request
from assistant.words import name_of
from memory_store.indexing.extractive_behaviour import given_to
from memory_store.indexing.statements import Lead, read_statement
from memory_store.store import MemoryStore
from memory_store.types import LOCAL_LEVELS, Level, RecalledEntry

ENTRIES_PER_ASPECT = 3
NEAREST = 150
ASKED_FOR = 0.3
SAME_KIND = 0.03
"""Kinds of product that a request is about: within ASKED_FOR of the nearest that the shop or the shopper knows, and
within SAME_KIND of the nearest that the shopper knows."""
RELEVANT = 0.3
MARGIN = 0.15
"""Other entries are told when their text is at least RELEVANT near to the aspect and within MARGIN of the nearest."""
NEAR_BROAD = 0.5
"""Those of a whole department, which say little of any one product in it, when they are so near to the aspect."""
FEW = 3
"""With so many entries told, single purchases add tokens and little else."""
HABITS = (Lead.PAYS, Lead.CARES, Lead.SHOPS_FOR)


class MemoryTool:
    """``memory_retrieval_tool`` for one turn of one user (PAPER, eq. for M̂_u(q): one retrieval an aspect, k = 3).

    Retrieval goes from coarse to fine, as the memory is built. First the kinds of product that the request is about;
    of those, and of what holds across kinds, the entries nearest the aspect: tastes before habits (what is paid, what
    is cared about), and single purchases where little was written. An entry is told once a turn, under one mark.
    Where the scenario or the request names a kind, other kinds are left alone, however alike: "a coffee maker" is no
    coffee beans. ``near``: the kinds that the policy was told of, which its scenario may name.
    Where the request is for a ``recipient``, the shopper's own tastes stay shut: earlier presents for that person are
    told, and nothing else. ``by_request`` ignores the aspect (an ablation).
    """

    def __init__(
        self,
        memory: MemoryStore,
        kinds: Kinds,
        user_id: str,
        request: Request,
        near: KindsNear,
        *,
        levels: frozenset[Level] = LOCAL_LEVELS,
        by_request: bool = False,
    ) -> None:
        self._memory = memory
        self._kinds = kinds
        self._user_id = user_id
        self._request = request.text
        self._recipient = request.recipient
        self._near = {name_of(kind): kind for kind in (*near.near, *near.bought)}
        self._levels = levels
        self._by_request = by_request
        self._named: str | None = None
        self._marks: dict[str, str] = {}

    def call(self, aspects: Sequence[str], scenario: str) -> list[tuple[MemoryHit, ...]]:
        """What each aspect recalls that was not told before in this turn, at most three entries each."""
        told = self._near.get(scenario.removeprefix(CHOOSING))
        self._named = told or self._kinds.named(scenario) or self._kinds.named(self._request)
        queries = [self._request if self._by_request else f"{aspect}: {self._request}" for aspect in aspects]
        vectors = self._memory.embedder.embed(queries, query=True)
        found = self._memory.hierarchy.recall_vectors(self._user_id, vectors, k=NEAREST, levels=self._levels)
        asked_for = self._asked_for({recalled.entry.category for each in found for recalled in each})
        return [
            self._tell(aspect, self._eligible(query, asked_for)) for aspect, query in zip(aspects, found, strict=True)
        ]

    def _asked_for(self, remembered: Collection[str]) -> set[str]:
        """The kinds of product remembered that the request is about. None: it is about others, or no kind is
        remembered; then nearness to the aspect alone decides."""
        own = {kind for kind in remembered if kind and self._may_be(kind) and not self._kinds.is_broad(kind)}
        if not own or self._named in own:
            return own
        near = self._kinds.nearness(self._request, own)
        best = max(near[kind] for kind in own)
        return {kind for kind in own if near[kind] >= best - SAME_KIND and best >= max(near.values()) - ASKED_FOR}

    def _eligible(self, found: Sequence[RecalledEntry], asked_for: Collection[str]) -> list[RecalledEntry]:
        """The entries that bear on the request, tastes first, then habits, then purchases, each nearest first."""
        if self._recipient is not None:
            return [one for one in found if given_to(one.entry.text) == self._recipient and one.similarity >= RELEVANT]
        enough = max(RELEVANT, max((one.similarity for one in found), default=0.0) - MARGIN)

        def bears(one: RecalledEntry) -> bool:
            kind = one.entry.category
            if not self._may_be(kind):
                return False
            if self._kinds.is_broad(kind):
                return one.similarity >= NEAR_BROAD
            return kind in asked_for if kind and asked_for else one.similarity >= enough

        return sorted(filter(bears, found), key=_tier)

    def _may_be(self, kind: str) -> bool:
        """Whether the request may be about this kind of product; "" stands for what holds across kinds."""
        return not kind or not self._named or kind == self._named or self._kinds.is_broad(kind)

    def _tell(self, aspect: str, eligible: Sequence[RecalledEntry]) -> tuple[MemoryHit, ...]:
        told: list[MemoryHit] = []
        for recalled in eligible:
            purchase = recalled.entry.level is Level.BEHAVIOUR
            if recalled.entry.entry_id in self._marks or (purchase and len(self._marks) >= FEW):
                continue
            self._marks[recalled.entry.entry_id] = f"m{len(self._marks) + 1}"
            told.append(self._hit(aspect, recalled))
            if len(told) == ENTRIES_PER_ASPECT:
                break
        return tuple(told)

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


def _tier(recalled: RecalledEntry) -> int:
    if recalled.entry.level is Level.BEHAVIOUR:
        return 2
    statement = read_statement(recalled.entry.text)
    return 1 if statement and statement.lead in HABITS else 0
