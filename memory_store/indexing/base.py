"""The interface of a memory writer: behaviours in, short memory entries out (PAPER, "The method", steps 1 and 2)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from memory_store.types import Behaviour, Level, MemoryEntry, UserRecord


class WriterError(Exception):
    """A writer could not write; the message says for whom, why, and what to do. What was written before is kept."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice a buyer made: what was asked for where known, the item chosen with its review, and the texts of
    similar items that were not chosen (PAPER: the triple of request, chosen item and similar negatives)."""

    request: str | None
    chosen: Behaviour
    alternatives: tuple[str, ...]


class Writer(Protocol):
    """Writes the memory. ``name`` goes into the build's digest: another name means writing again.

    ``samples_per_scenario`` bounds the choices that ``write_scenario`` is given, ``concurrency`` the users or
    scenarios that may be written at the same time.
    """

    @property
    def name(self) -> str: ...

    @property
    def samples_per_scenario(self) -> int: ...

    @property
    def concurrency(self) -> int: ...

    @property
    def spent(self) -> str:
        """What the writing has cost so far, in words; "" for a writer that costs nothing."""

    def fit(self, behaviours: Iterable[Behaviour]) -> None:
        """Learn what is usual from every behaviour of the store, gone through as often as needed.

        A writer that contrasts nobody with others does nothing.
        """

    def write_user(self, user: UserRecord, behaviours: Sequence[Behaviour]) -> list[MemoryEntry]:
        """All local entries of one user: behaviours, patterns per category, profile. Raises WriterError."""

    def write_scenario(self, scenario: str, samples: Sequence[Choice]) -> list[MemoryEntry]:
        """The global entries of one scenario: what its buyers weigh. Raises WriterError."""


def digest(*parts: str) -> str:
    """A hash of texts in order, 32 hexadecimal digits; where one part ends is part of it."""
    state = hashlib.blake2b(digest_size=16)
    for part in parts:
        encoded = part.encode("utf-8", "surrogatepass")
        state.update(len(encoded).to_bytes(8, "big"))
        state.update(encoded)
    return state.hexdigest()


def local_entry(
    user_id: str, level: Level, category: str, aspect: str, text: str, evidence: Sequence[Behaviour]
) -> MemoryEntry:
    """A local entry whose id follows from its content and whose time is that of its newest evidence."""
    behaviour_ids = tuple(dict.fromkeys(behaviour.behaviour_id for behaviour in evidence))
    times = [behaviour.timestamp for behaviour in evidence if behaviour.timestamp is not None]
    entry_id = digest(user_id, level.value, category, aspect, text, *behaviour_ids)
    return MemoryEntry(entry_id, user_id, level, category, aspect, text, max(times, default=None), behaviour_ids)


def global_entry(scenario: str, aspect: str, text: str, timestamp: int | None = None) -> MemoryEntry:
    """A global entry of a scenario. It names no behaviours: it belongs to no one person."""
    entry_id = digest("", Level.GLOBAL.value, scenario, aspect, text)
    return MemoryEntry(entry_id, None, Level.GLOBAL, scenario, aspect, text, timestamp, ())
