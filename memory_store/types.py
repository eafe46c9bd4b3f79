"""The memory's values. They know nothing of how they are stored."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """The levels of the hierarchical memory (PAPER: local memory's three, and the global one)."""

    BEHAVIOUR = "behaviour"
    PATTERN = "pattern"
    PROFILE = "profile"
    GLOBAL = "global"


LOCAL_LEVELS = frozenset({Level.BEHAVIOUR, Level.PATTERN, Level.PROFILE})


@dataclass(frozen=True, slots=True)
class UserRecord:
    """A person that the assistant serves. A persona is one that the page offers in its switch."""

    user_id: str
    name: str
    bio: str = ""
    persona: bool = False
    openers: tuple[str, ...] = ()
    avatar: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One behaviour record: an item bought, perhaps rated and reviewed, with the item as it was then.

    ``timestamp`` is in milliseconds since the epoch (UTC), None where unknown. ``rating`` is 1 to 5.
    ``item_text`` is the item's features and description, bounded; title, brand and price stand apart.
    """

    behaviour_id: str
    user_id: str
    item_id: str
    title: str
    brand: str | None
    category: str
    price: float | None
    item_text: str
    rating: float | None
    review_title: str
    review_text: str
    timestamp: int | None


@dataclass(frozen=True, slots=True)
class MemoryEntry:
    """One entry of the memory: a short text and where it comes from.

    ``user_id`` is None for the global level, and only for it. ``category`` is the category of a behaviour or
    a pattern, the scenario of a global entry, and "" for a profile. ``aspect`` names what the entry is about
    where its writer knows ("Fit", "Brand", ...). ``behaviour_ids`` is the provenance; ``timestamp`` the time
    of its newest evidence in milliseconds, None where unknown.
    """

    entry_id: str
    user_id: str | None
    level: Level
    category: str
    aspect: str
    text: str
    timestamp: int | None
    behaviour_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecalledEntry:
    """An entry that a query recalled, with its cosine similarity to the query."""

    entry: MemoryEntry
    similarity: float


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """One conversation of one user. Times are milliseconds since the epoch."""

    session_id: str
    user_id: str
    title: str
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """One finished or stopped turn of a session, as the page shows it again: the words and the turn's events."""

    turn_id: str
    session_id: str
    position: int
    request: str
    events: tuple[dict[str, object], ...]
    created_at: int
