"""The assistant's values: frozen, made of plain parts, and ignorant of storage, models and the page."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal


@dataclass(frozen=True, slots=True)
class Item:
    """One product of the catalogue. None and empty mean "not known". ``price`` is in the shop's currency."""

    item_id: str
    title: str
    brand: str | None = None
    category: str = ""
    categories: tuple[str, ...] = ()
    price: float | None = None
    average_rating: float | None = None
    rating_number: int | None = None
    features: tuple[str, ...] = ()
    description: str = ""
    picture: dict[str, str] | None = None

    def text(self) -> str:
        """The metadata as one text: what the ranking indexes (title, brand, categories, features, description)."""
        parts = (self.title, self.brand or "", *self.categories, *self.features, self.description)
        return " ".join(part for part in parts if part)

    def kind(self) -> str:
        """The finest name that the catalogue has for what the item is: its last category."""
        return (self.categories or (self.category,))[-1]


@dataclass(frozen=True, slots=True)
class KindsNear:
    """The kinds of product that a request may be about, nearest first, and of the kinds that the shopper has bought
    those that come nearest."""

    near: tuple[str, ...] = ()
    bought: tuple[str, ...] = ()


Sex = Literal["men", "women"]


@dataclass(frozen=True, slots=True)
class Constraints:
    """What a request demands outright. Applied as filters; an empty one filters nothing.

    ``age`` (years, of a child) and ``sex`` rule out what is said to be for others. ``cheap`` is a leaning and no
    filter: among what was asked for, lower prices first.
    """

    price_min: float | None = None
    price_max: float | None = None
    brands: tuple[str, ...] = ()
    excluded_brands: tuple[str, ...] = ()
    category: str | None = None
    minimum_rating: float | None = None
    avoided_words: tuple[str, ...] = ()
    age: int | None = None
    sex: Sex | None = None
    cheap: bool = False

    def __bool__(self) -> bool:
        return self != Constraints()


class Act(StrEnum):
    """What a message does in the conversation."""

    REQUEST = "request"
    REFINE = "refine"
    MORE = "more"
    FOR_OTHER = "for_other"
    WHY = "why"
    COMPARE = "compare"
    ABOUT_ME = "about_me"
    SMALL_TALK = "small_talk"
    OFF_TOPIC = "off_topic"


@dataclass(frozen=True, slots=True)
class Request:
    """The standing request: what is wanted, in words, after every follow-up so far.

    ``recipient`` is who it is for when it is not the user ("sister"): then the user's own tastes stay shut.
    """

    text: str
    constraints: Constraints = field(default_factory=Constraints)
    recipient: str | None = None
    excluded_item_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GlobalAspect:
    """One aspect that buyers weigh in a scenario, from the global memory."""

    entry_id: str
    scenario: str
    aspect: str
    text: str


@dataclass(frozen=True, slots=True)
class MemoryHit:
    """A memory that a tool call recalled. ``mark`` ("m3") is its name within the turn; the policy cites it."""

    mark: str
    entry_id: str
    level: str
    category: str
    text: str
    timestamp: int | None
    behaviour_ids: tuple[str, ...]
    aspect: str
    similarity: float


@dataclass(frozen=True, slots=True)
class ItemProfile:
    """The ideal item profile and the marks of the memories that it rests on."""

    text: str
    useful_memory_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recommendation:
    """An item recommended: its reason in words, the marks it cites, and the wishes it does not meet."""

    item: Item
    reason: str
    cites: tuple[str, ...] = ()
    misses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TurnStarted:
    turn_id: str
    act: Act
    request: Request
    policy: str


@dataclass(frozen=True, slots=True)
class ScenarioRead:
    """The scenario that the policy read, and the global aspects that it was shown."""

    scenario: str
    weighed: tuple[GlobalAspect, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class AspectsInferred:
    aspects: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class MemoryRecalled:
    """One call of the memory tool: the aspect asked for and what came back."""

    aspect: str
    hits: tuple[MemoryHit, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class ProfileWritten:
    profile: ItemProfile
    seconds: float


@dataclass(frozen=True, slots=True)
class Searched:
    """The catalogue was searched. ``filters`` and ``relaxed`` are in words, for the person to read."""

    found: int
    filters: tuple[str, ...]
    relaxed: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class PolicyFellBack:
    """The policy's writing could not be read twice, or did not come: the rules policy wrote this message."""

    policy: str
    stage: str
    reason: str


@dataclass(frozen=True, slots=True)
class TextGenerated:
    """A piece of what the policy is writing, as it comes. Shown in the expanded view only."""

    text: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The turn's answer. ``recommendations`` are best first; ``chips`` are follow-ups that make sense here."""

    turn_id: str
    text: str
    recommendations: tuple[Recommendation, ...] = ()
    chips: tuple[str, ...] = ()
    used: tuple[str, ...] = ()
    memory_tokens: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class TurnFailed:
    """The turn could not be finished. ``message`` says what happened and what to do."""

    turn_id: str
    message: str


Event = (
    TurnStarted
    | ScenarioRead
    | AspectsInferred
    | MemoryRecalled
    | ProfileWritten
    | Searched
    | PolicyFellBack
    | TextGenerated
    | Answered
    | TurnFailed
)
