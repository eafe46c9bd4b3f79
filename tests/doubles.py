"""A scripted assistant for tests of the page: it plays given events over a real store, and can be held between them."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from assistant import events
from assistant.turn import TurnOptions
from assistant.types import (
    Act,
    Answered,
    AspectsInferred,
    Event,
    GlobalAspect,
    Item,
    ItemProfile,
    MemoryHit,
    MemoryRecalled,
    ProfileWritten,
    Recommendation,
    Request,
    ScenarioRead,
    Searched,
    TextGenerated,
    TurnFailed,
    TurnStarted,
)
from memory_store.store import MemoryStore
from memory_store.types import Behaviour, Level, MemoryEntry, UserRecord

Script = Callable[[str, str, str], Sequence[Event]]
"""User id, turn id and message to the events of the turn."""

WEIGHED = (
    GlobalAspect("g1", "Trail shoes", "grip", "Grip: buyers of trail shoes weigh whether the sole holds on wet rock."),
    GlobalAspect("g2", "Trail shoes", "width", "Width: buyers of trail shoes weigh whether the toe box is roomy."),
    GlobalAspect("g3", "Trail shoes", "weight", "Weight: buyers of trail shoes weigh whether they are light."),
    GlobalAspect("g4", "Trail shoes", "drying", "Drying: buyers of trail shoes weigh how fast they dry."),
)
DAY = 24 * 3600 * 1000
NEW_YEAR_2024 = 1_704_067_200_000


@dataclass(frozen=True)
class NamedPolicy:
    name: str = "scripted"


class PlainDialogue:
    """Takes a message for a request as it stands."""

    def new_request(self, text: str) -> Request:
        return Request(text)


class ScriptedAssistant:
    """Has what the page uses of ``assistant.turn.Assistant``. ``hold_before`` stops each turn before that event."""

    def __init__(self, memory: MemoryStore, script: Script | None = None) -> None:
        self.memory = memory
        self.policy = NamedPolicy()
        self.dialogue = PlainDialogue()
        self.previewed: list[tuple[str, str, TurnOptions]] = []
        self.script: Script = script or answer_well
        self.hold_before: type | None = None
        self.released = threading.Event()
        self.asked: list[tuple[str, str, str, TurnOptions]] = []

    def greeting(self, user_id: str) -> tuple[str, tuple[str, ...]]:
        user = self.memory.users.get(user_id)
        openers = (
            "Trail shoes for wet ground, under $120",
            "A gentle shampoo that does not smell of anything",
            "A present for my sister who runs",
        )
        return f"Hello {user.name.split()[0] if user else ''}. What are you looking for today?", openers

    def reply(self, user_id: str, session_id: str, message: str, options: TurnOptions | None = None) -> Iterator[Event]:
        options = options or TurnOptions()
        self.asked.append((user_id, session_id, message, options))
        turn_id = uuid.uuid4().hex[:12]
        turns = self.memory.sessions.turns(session_id, user_id)
        told: list[Event] = []
        try:
            for event in self.script(user_id, turn_id, message):
                if self.hold_before and isinstance(event, self.hold_before):
                    self.released.wait(timeout=60)
                told.append(event)
                yield event
        finally:
            if options.retry and turns:
                self.memory.sessions.drop_turns(session_id, user_id, turns[-1].position)
            kept = [events.to_dict(event) for event in told if not isinstance(event, TextGenerated)]
            self.memory.sessions.add_turn(session_id, user_id, message, kept, turn_id=turn_id)

    def preview(self, user_id: str, request: Request, options: TurnOptions) -> Iterator[Event]:
        """The script's events; without the tool no memories, and the last product only with it."""
        self.previewed.append((user_id, request.text, options))
        for event in self.script(user_id, "preview", request.text):
            if self.hold_before and isinstance(event, self.hold_before):
                self.released.wait(timeout=60)
            if options.memory != "mrrec" and isinstance(event, MemoryRecalled):
                continue
            if options.memory != "mrrec" and isinstance(event, Answered):
                event = replace(event, recommendations=event.recommendations[1:], memory_tokens=0)
            yield event

    def forget_conversation(self, user_id: str, session_id: str) -> None:
        self.memory.sessions.delete(session_id, user_id)


def fill_store(memory: MemoryStore) -> None:
    """Two personas with purchases and memories of every level, one who bought nothing."""
    memory.users.add_many(
        [
            UserRecord("mara", "Mara Lindqvist", "Trail runner in the wet north, sensitive skin.", True),
            UserRecord("theo", "Theo Okafor", "Cooks for six on Sundays, collects cast iron.", True),
            UserRecord("noor", "Noor Haddad", "New here: nothing bought yet.", True),
        ]
    )
    memory.behaviours.add_many([*_MARAS, *_THEOS])
    memory.hierarchy.write([*_ENTRIES])


def _bought(
    key: str, user: str, title: str, brand: str, category: str, price: float, stars: float, review: tuple[str, str]
) -> Behaviour:
    days = int(key[1:]) * 61
    return Behaviour(
        key, user, f"old-{key}", title, brand, category, price, "", stars, *review, NEW_YEAR_2024 - days * DAY
    )


_MARAS = [
    _bought(
        "b1",
        "mara",
        "Fellrunner 3 Trail Running Shoe, Wide",
        "Northtrail",
        "Shoes",
        109.0,
        5,
        ("Room for my toes at last", "First trail shoe in years that does not squeeze. Held on wet slabs all autumn."),
    ),
    _bought(
        "b2",
        "mara",
        "Scree GTX Waterproof Trail Shoe",
        "Harrow",
        "Shoes",
        139.0,
        2,
        ("Bathtub", "Water gets in over the collar and then stays in. Took two days to dry by the stove."),
    ),
    _bought(
        "b3",
        "mara",
        "Plain & Calm Fragrance-Free Shampoo",
        "Plainwell",
        "Beauty",
        11.5,
        5,
        ("No smell, no itch", "Finally a shampoo that means fragrance-free when it says it."),
    ),
]
_THEOS = [
    _bought(
        "b4",
        "theo",
        "Cast Iron Skillet, 12 inch",
        "Emberline",
        "Kitchen",
        44.0,
        5,
        ("A keeper", "Heavy as sin and worth it."),
    )
]


def _entry(key: str, user: str, level: Level, category: str, text: str, *sources: str) -> MemoryEntry:
    stamp = NEW_YEAR_2024 - 61 * DAY if sources else None
    return MemoryEntry(key, user, level, category, "", text, stamp, sources)


_ENTRIES = [
    _entry(
        "e1",
        "mara",
        Level.PROFILE,
        "",
        "Across categories: avoids strong scent and tight fits (shoes, shampoo).",
        "b1",
        "b3",
    ),
    _entry("e2", "mara", Level.PATTERN, "Shoes", "Shoes: prefers a wide toe box; praised in 1 review.", "b1"),
    _entry("e3", "mara", Level.PATTERN, "Shoes", "Shoes: avoids waterproof linings; they stayed wet for days.", "b2"),
    _entry(
        "e4",
        "mara",
        Level.BEHAVIOUR,
        "Shoes",
        'Bought "Fellrunner 3 Trail Running Shoe", 5 stars: held on wet slabs.',
        "b1",
    ),
    _entry(
        "e5", "mara", Level.BEHAVIOUR, "Beauty", 'Bought "Plain & Calm Shampoo" (Plainwell), 5 stars: no smell.', "b3"
    ),
    _entry("e6", "theo", Level.PATTERN, "Kitchen", "Kitchen: prefers cast iron; owns a 12 inch skillet.", "b4"),
]
_BY_ID = {entry.entry_id: entry for entry in _ENTRIES}

SHOES = tuple(
    Item(
        f"shoe-{number}", title, brand, "Shoes", ("Shoes", "Trail"), price, stars, count,
    )
    for number, (title, brand, price, stars, count) in enumerate(
        [
            ("Fellrunner 4 Trail Running Shoe, Wide Toe Box", "Northtrail", 114.0, 4.6, 1284),
            ("Mossback Mesh Trail Runner", "Harrow", 89.95, 4.3, 312),
            ("Burnside Quick-Dry Trail Shoe", "Burnside", 99.0, 4.1, 87),
            ("Ridgeline Lite", "Northtrail", 74.5, 4.4, 2210),
            ("Peatbog Lugged Trail Shoe", "Fell & Co", 118.0, 3.9, 41),
        ]
    )
)  # fmt: skip


def hit(mark: str, entry_id: str, aspect: str, similarity: float = 0.6) -> MemoryHit:
    entry = _BY_ID[entry_id]
    return MemoryHit(
        mark,
        entry_id,
        entry.level.value,
        entry.category,
        entry.text,
        entry.timestamp,
        entry.behaviour_ids,
        aspect,
        similarity,
    )


REASONS = (
    ("A wide toe box, and the same last as the pair you loved.", ("m1", "m3"), ()),
    ("Mesh without a lining, so it drains instead of holding water.", ("m2",), ("no wide fit listed",)),
    ("Dries overnight, by its maker's word.", ("m2",), ("no wide fit listed",)),
    ("Light, and well under your limit.", (), ("grip on wet rock not mentioned",)),
    ("The deepest lugs of the lot.", (), ("no wide fit listed",)),
)


def answer_well(user_id: str, turn_id: str, message: str) -> list[Event]:
    """A full turn: scenario, aspects, three memory calls, profile, search, answer with five products."""
    profile = ItemProfile(
        "A light trail running shoe with a wide toe box, sticky lugged sole for wet rock, unlined mesh that drains and "
        "dries fast, under 120 dollars.",
        ("m1", "m2"),
    )
    recommendations = tuple(
        Recommendation(item, reason, cites, misses)
        for item, (reason, cites, misses) in zip(SHOES, REASONS, strict=True)
    )
    return [
        TurnStarted(turn_id, Act.REQUEST, Request(message), "scripted"),
        TextGenerated("<scenario>Trail shoes for wet ground</scenario>"),
        ScenarioRead("Trail shoes for wet ground", WEIGHED, 0.21),
        TextGenerated("\n<aspects>grip; width; drying</aspects>"),
        AspectsInferred(("grip", "width", "drying"), 0.12),
        MemoryRecalled("grip", (hit("m3", "e4", "grip"),), 0.004),
        MemoryRecalled("width", (hit("m1", "e2", "width"), hit("m4", "e1", "width")), 0.004),
        MemoryRecalled("drying", (hit("m2", "e3", "drying"),), 0.004),
        ProfileWritten(profile, 0.31),
        Searched(1000, ("under $120",), (), 0.03),
        Answered(
            turn_id,
            "For wet ground I looked for grip first, then room for your toes [m1], and left out linings that hold "
            "water [m2]. The Fellrunner 4 comes closest; the others each give up something, which I note.",
            recommendations,
            ("Cheaper", "Wider fit", "Something different from my usual"),
            ("m1", "m2", "m3"),
            88,
            0.82,
        ),
    ]


def answer_oddly(user_id: str, turn_id: str, message: str) -> list[Event]:
    """Products with hostile, endless and missing fields, and a relaxed condition."""
    long = "The Ultra Deluxe Professional Heavy-Duty All-Weather Extra-Wide Trail Running Shoe For Men And Women " * 4
    items = (
        Item(
            "odd-0", long, "A Brand With A Name That Never Seems To Want To End At All", "Shoes", (), None, None, None
        ),
        Item("odd-1", '<script>alert("x")</script><b>Bold</b> ${1+1} {{value}}', None, "", (), 12345.678, 5.0, 0),
        Item("odd-2", "حذاء للجري خفيف الوزن", "علامة", "Shoes", (), 0.99, 0.0, 3),
    )
    recommendations = tuple(
        Recommendation(item, "It fits [m9] <img src=x onerror=alert(1)>", ("m9",), ()) for item in items
    )
    return [
        TurnStarted(turn_id, Act.REQUEST, Request(message), "scripted"),
        ScenarioRead("Shoes <i>of</i> every kind", (), 0.2),
        AspectsInferred(("fit",), 0.1),
        MemoryRecalled("fit", (), 0.01),
        ProfileWritten(ItemProfile("A shoe."), 0.1),
        Searched(3, ("under $10",), ("price up to $20 instead of $10",), 0.02),
        Answered(turn_id, "Nothing fits under $10, so I looked a little further.", recommendations, (), (), 0, 0.4),
    ]


def answer_failing(user_id: str, turn_id: str, message: str) -> list[Event]:
    """A turn that could not be finished."""
    return [
        TurnStarted(turn_id, Act.REQUEST, Request(message), "scripted"),
        TurnFailed(
            turn_id,
            "The model server at http://127.0.0.1:11434 did not answer within 60 s. Start it, or choose "
            "MRREC_POLICY=rules, then ask again.",
        ),
    ]


def for_somebody(user_id: str, turn_id: str, message: str) -> list[Event]:
    """A request for somebody else: no memory is asked."""
    kept = [event for event in answer_well(user_id, turn_id, message) if not isinstance(event, MemoryRecalled)]
    return [
        replace(event, request=Request(message, recipient="sister")) if isinstance(event, TurnStarted) else event
        for event in kept
    ]
