"""The memory panel, the people, the conversations, the closed door: pure functions from records to HTML."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from assistant.types import Act, Answered, Request, TurnStarted
from assistant.ui import conversations, memory_panel, people
from assistant.ui.answer import fold
from assistant.ui.door import Door
from assistant.ui.memory_panel import Shelf
from memory_store.types import Behaviour, Level, MemoryEntry, SessionRecord, UserRecord
from tests import doubles

HOSTILE = '<script>alert("x")</script>'
BOUGHT = Behaviour(
    "b1", "mara", "i1", "Fellrunner 3", "Northtrail", "Shoes", 109.0, "", 5.0, "Room at last", "It held.", None
)
ENTRY = MemoryEntry("e1", "mara", Level.PATTERN, "Shoes", "Fit", "Shoes: prefers a wide fit.", None, ("b1", "b2", "b3"))


def test_memories_of_an_answer_by_level_used_first() -> None:
    view = fold("Trail shoes", doubles.answer_well("mara", "t1", "Trail shoes"))
    drawn = memory_panel.this_answer(view, {"b1": BOUGHT})
    places = [drawn.index(heading) for heading in memory_panel.HEADINGS.values()]
    assert places == sorted(places)
    assert "4 memories recalled, 3 used · 88 tokens to read." in drawn
    assert drawn.count("not used") == 1
    assert "asked for width" in drawn
    assert "November 2023" in drawn
    assert "It held." in drawn


def test_nothing_is_called_unused_before_the_answer() -> None:
    view = fold("x", doubles.answer_well("mara", "t1", "x")[:7], running=True)
    assert "used" not in memory_panel.this_answer(view, {})


def test_why_there_is_no_memory() -> None:
    def said(act: Act, recipient: str | None = None) -> str:
        started = TurnStarted("t", act, Request("x", recipient=recipient), "rules")
        return memory_panel.this_answer(fold("x", [started, Answered("t", "y")]), {})

    assert "appear here" in memory_panel.this_answer(None, {})
    assert "somebody else" in said(Act.FOR_OTHER, "sister")
    assert "All I remember" in said(Act.ABOUT_ME)
    assert "looked nothing up" in said(Act.SMALL_TALK)


def shelf(*entries: MemoryEntry, more: bool = False, counts: dict[Level, int] | None = None) -> Shelf:
    return Shelf(entries, {Level.PATTERN: 1} if counts is None else counts, {"Shoes": 2, HOSTILE: 1}, more=more)


def test_all_memories_with_source_and_a_way_to_forget() -> None:
    drawn = memory_panel.all_memories(shelf(ENTRY, more=True), {"b1": BOUGHT})
    for part in ("prefers a wide fit", "no date", "From 3 purchases", "and 2 earlier purchases", "Room at last"):
        assert part in drawn
    assert 'data-entry="e1"' in drawn
    assert "Show more" in drawn


def test_an_empty_memory_and_an_empty_search_differ() -> None:
    assert "nothing about you yet" in memory_panel.all_memories(shelf(counts={}), {})
    assert "nothing that fits" in memory_panel.all_memories(shelf(), {})


def test_hostile_records_stay_text() -> None:
    entry = MemoryEntry(f'"{HOSTILE}', "u", Level.PATTERN, HOSTILE, "", HOSTILE, None, ("b",))
    bought = Behaviour("b", "u", "i", HOSTILE, HOSTILE, HOSTILE, None, "", 3.0, HOSTILE, HOSTILE, None)
    user = UserRecord(f'"{HOSTILE}', HOSTILE, HOSTILE)
    session = SessionRecord(f'"{HOSTILE}', "u", HOSTILE, 0, 0)
    drawn = (
        memory_panel.all_memories(shelf(entry), {"b": bought})
        + memory_panel.controls(shelf(entry))
        + people.header(user, 1)
        + people.choices([user], {}, "")
        + people.welcome(HOSTILE, [HOSTILE])
        + people.foot(HOSTILE, HOSTILE, HOSTILE)
        + conversations.conversations([session], "", date(2025, 1, 1))
    )
    assert "<script" not in drawn
    assert '=""' not in drawn.replace('value=""', "")


def test_people_without_names_and_with_bios() -> None:
    assert people.name(UserRecord("A1B2C3D4E5", "A1B2C3D4E5")) == "Shopper C3D4E5"
    drawn = people.choices([UserRecord("u", "Ada Fenn", "Wide feet.")], {"u": 3}, "u")
    assert "3 purchases remembered" in drawn
    assert 'aria-current="true"' in drawn
    assert "nobody by that name" in people.choices([], {}, "")
    assert "Search" in people.dialog(3000, 8)
    assert "Search" not in people.dialog(3, 3)


def test_a_hundred_conversations_by_day() -> None:
    day = 24 * 3600 * 1000
    now = 1_750_248_000_000
    sessions = [SessionRecord(f"s{n}", "u", f"Talk {n}", now - n * day, now - n * day) for n in range(100)]
    drawn = conversations.conversations(sessions, "s1", date(2025, 6, 18))
    assert drawn.index("Today") < drawn.index("Yesterday") < drawn.index("16 June")
    assert "60 older conversations" in drawn
    assert drawn.count('aria-current="page"') == 1
    assert drawn.count('data-go="delete"') == 100


def test_a_title_is_cut_from_the_request() -> None:
    assert conversations.title_of("trail shoes\nfor wet ground") == "Trail shoes for wet ground"
    assert len(conversations.title_of("word " * 100)) <= conversations.TITLE


def test_the_door_tells_how_far_the_store_is() -> None:
    door = Door()
    assert "Opening up" in door.screen()["live"]
    door.tell("items", 10, 10)
    door.tell("vectors", 5, 20)
    drawn = door.screen()["live"]
    assert "Reading the products<span>done" in drawn
    assert "5 of 20" in drawn
    assert 'data-running="building"' in door.screen()["place"]


def test_the_page_names_no_other_host() -> None:
    folder = Path(memory_panel.__file__).parent
    for name in ("page.css", "page.js", "page.py"):
        text = (folder / name).read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "http" not in text
