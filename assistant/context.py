"""What a trajectory is opened with: what buyers weigh, and what is told of the shopper where there is no tool."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Literal

from assistant.kinds import Kinds
from assistant.protocol import one_line
from assistant.types import GlobalAspect
from memory_store.store import MemoryStore
from memory_store.types import Level, MemoryEntry

MemorySetting = Literal["none", "naive", "static", "mrrec"]

NAIVE_INTERACTIONS = 10
STATIC_TOKENS = 493
"""The written summary is as long as the paper's (492.7 tokens on average)."""
WEIGHED_ASPECTS = 6


def weighed_in_scenario(memory: MemoryStore, kinds: Kinds, request: str) -> tuple[GlobalAspect, ...]:
    """The aspects of the scenario that the request is about, nearest first (PAPER: M_global for the request)."""
    nearness, named, written = kinds.nearness(request, ()), kinds.named(request), memory.hierarchy.scenarios()
    scenarios = [kind for kind in nearness if kind in written]
    if not scenarios:
        return ()
    scenario = max(scenarios, key=lambda kind: (kind == named, nearness[kind]))
    entries = [found.entry for found in memory.hierarchy.weigh(request, k=WEIGHED_ASPECTS, scenario=scenario)]
    return tuple(GlobalAspect(entry.entry_id, entry.category, entry.aspect, entry.text) for entry in entries)


def known_of_shopper(setting: MemorySetting, memory: MemoryStore, user_id: str) -> str:
    """The shopper's lines in the system prompt under the settings without the tool (PAPER, "The setting"):
    naive = the last 10 interactions, static = the written summary, none else."""
    if setting == "naive":
        entries = memory.hierarchy.entries(user_id, level=Level.BEHAVIOUR, limit=NAIVE_INTERACTIONS)
    elif setting == "static":
        entries = _within(STATIC_TOKENS, memory, memory.hierarchy.entries(user_id, level=Level.PROFILE))
        spent = sum(memory.embedder.count_tokens(_line(entry)) for entry in entries)
        entries += _within(STATIC_TOKENS - spent, memory, memory.hierarchy.entries(user_id, level=Level.PATTERN))
    else:
        return ""
    return "\n".join(_line(entry) for entry in entries)


def _within(tokens: int, memory: MemoryStore, entries: Sequence[MemoryEntry]) -> list[MemoryEntry]:
    """The first entries, newest first as they come, whose lines fit the budget."""
    spent = accumulate(memory.embedder.count_tokens(_line(entry)) for entry in entries)
    return [entry for entry, total in zip(entries, spent, strict=True) if total <= tokens]


def _line(entry: MemoryEntry) -> str:
    return f"- [{entry.level.value}] {one_line(entry.text)}"
