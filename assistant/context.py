"""What is told of the shopper in the prompt under the memory settings that do without the tool (PAPER, the setting)."""

from __future__ import annotations

from typing import Literal

from memory_store.store import MemoryStore

from assistant.protocol import one_line
from memory_store.types import Level, MemoryEntry

MemorySetting = Literal["none", "naive", "static", "mrrec"]

NAIVE_INTERACTIONS = 10
STATIC_ENTRIES = 40


def known_of_shopper(setting: MemorySetting, memory: MemoryStore, user_id: str) -> str:
    """The lines for the system prompt: naive = the last 10 interactions, static = the written summary, else none."""
    if setting == "naive":
        entries = memory.hierarchy.entries(user_id, level=Level.BEHAVIOUR, limit=NAIVE_INTERACTIONS)
    elif setting == "static":
        profile = memory.hierarchy.entries(user_id, level=Level.PROFILE, limit=STATIC_ENTRIES)
        patterns = memory.hierarchy.entries(user_id, level=Level.PATTERN, limit=STATIC_ENTRIES)
        entries = [*profile, *patterns][:STATIC_ENTRIES]
    else:
        return ""
    return "\n".join(_line(entry) for entry in entries)


def _line(entry: MemoryEntry) -> str:
    return f"- [{entry.level.value}] {one_line(entry.text)}"
