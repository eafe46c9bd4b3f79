"""What the page does when somebody does something, and what it refuses: over a real store, with scripted turns."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.types import AspectsInferred
from assistant.ui.desk import Desk, Screen, Tab
from memory_store.embedding import Embedder
from memory_store.store import MemoryStore
from tests import doubles


@pytest.fixture
def memory(tmp_path: Path, embedder: Embedder) -> Iterator[MemoryStore]:
    store = MemoryStore.open(tmp_path, embedder)
    doubles.fill_store(store)
    yield store
    store.close()


@pytest.fixture
def assistant(memory: MemoryStore) -> doubles.ScriptedAssistant:
    return doubles.ScriptedAssistant(memory)


@pytest.fixture
def desk(assistant: doubles.ScriptedAssistant) -> Desk:
    return Desk(assistant, "test store")  # type: ignore[arg-type]


def say(desk: Desk, tab: Tab, text: str, **rest: object) -> Screen:
    screen: Screen = {}
    for part in desk.say(tab, {"text": text, **rest}):
        screen |= part
    return screen


def turn_of(memory: MemoryStore, tab: Tab) -> str:
    return memory.sessions.turns(tab.session_id, tab.user_id)[-1].turn_id


def test_a_new_tab_greets_the_first_persona(desk: Desk) -> None:
    screen = desk.screen(desk.open("", ""))
    assert "Hello Mara." in screen["live"]
    assert screen["live"].count("data-say") == 3
    assert "No conversations yet" in screen["conversations"]


def test_a_message_starts_a_conversation_that_is_kept(desk: Desk, memory: MemoryStore) -> None:
    tab = desk.open("mara", "")
    screen = say(desk, tab, "trail shoes for wet ground")
    assert "Fellrunner 4" in screen["live"]
    assert 'data-running="false"' in screen["place"]
    assert [session.title for session in memory.sessions.list("mara")] == ["Trail shoes for wet ground"]
    again = desk.open("mara", tab.session_id)
    assert "Fellrunner 4" in desk.screen(again)["live"]


def test_the_first_thing_shown_is_that_it_reads(desk: Desk, assistant: doubles.ScriptedAssistant) -> None:
    assistant.hold_before = AspectsInferred
    tab = desk.open("mara", "")
    shown = desk.say(tab, {"text": "trail shoes"})
    first = next(shown)
    assert "eading the situation…" in first["live"] or "what matters here" in first["live"]
    assert 'data-running="true"' in first["place"]
    assistant.released.set()
    assert "Fellrunner 4" in list(shown)[-1]["live"]


def test_asking_again_takes_the_place_of_the_last_turn(desk: Desk, assistant: doubles.ScriptedAssistant) -> None:
    tab = desk.open("mara", "")
    say(desk, tab, "trail shoes")
    say(desk, tab, "cheaper")
    screen = say(desk, tab, "", again=True)
    assert assistant.asked[-1][2] == "cheaper"
    assert assistant.asked[-1][3].retry
    assert screen["history"].count("<article") == 1
    say(desk, tab, "dearer", again=True)
    turns = assistant.memory.sessions.turns(tab.session_id, "mara")
    assert [turn.request for turn in turns] == ["trail shoes", "dearer"]


def test_a_second_message_waits_for_the_first(desk: Desk, assistant: doubles.ScriptedAssistant) -> None:
    assistant.hold_before = AspectsInferred
    tab = desk.open("mara", "")
    shown = desk.say(tab, {"text": "trail shoes"})
    next(shown)
    assert "still answering" in say(desk, tab, "shampoo")["notice"]
    assistant.released.set()
    list(shown)
    assert len(assistant.asked) == 1


def test_a_reload_finds_the_turn_that_is_under_way(desk: Desk, assistant: doubles.ScriptedAssistant) -> None:
    assistant.hold_before = AspectsInferred
    tab = desk.open("mara", "")
    next(desk.say(tab, {"text": "trail shoes"}))
    other = desk.open("mara", tab.session_id)
    shown = desk.arrive(other)
    assert "running" in next(shown)["live"]
    assistant.released.set()
    assert "Fellrunner 4" in list(shown)[-1]["live"]


def test_leaving_stops_the_stream_into_the_tab(desk: Desk, assistant: doubles.ScriptedAssistant) -> None:
    assistant.hold_before = AspectsInferred
    tab = desk.open("mara", "")
    shown = desk.say(tab, {"text": "trail shoes"})
    next(shown)
    next(shown)
    moved = list(desk.go(tab, {"go": "switch", "user": "theo"}))
    assert "Theo" in moved[0]["person"]
    assistant.released.set()
    assert list(shown) == []
    stored = assistant.memory.sessions.list("mara")
    assert len(stored) == 1


def test_stop_keeps_what_was_seen(desk: Desk, assistant: doubles.ScriptedAssistant, memory: MemoryStore) -> None:
    assistant.hold_before = AspectsInferred
    tab = desk.open("mara", "")
    shown = desk.say(tab, {"text": "trail shoes"})
    next(shown)
    desk.act(tab, {"act": "stop"})
    assistant.released.set()
    assert "Stopped before I had an answer" in list(shown)[-1]["live"]
    assert len(memory.sessions.turns(tab.session_id, "mara")) == 1


def test_another_users_conversation_cannot_be_opened(desk: Desk) -> None:
    maras = desk.open("mara", "")
    say(desk, maras, "trail shoes")
    theo = desk.open("theo", maras.session_id)
    assert theo.session_id == ""
    for payload in (
        {"go": "open", "session": maras.session_id},
        {"go": "visit", "user": "theo", "session": maras.session_id},
        {"go": "delete", "session": maras.session_id},
    ):
        screens = list(desk.go(theo, payload))
        assert "Fellrunner" not in "".join(screens[-1].values())
    desk.act(theo, {"act": "rename", "session": maras.session_id, "title": "mine now"})
    assert "Trail shoes" in desk.screen(maras)["conversations"]


def test_a_switch_in_mid_conversation_shows_nothing_of_the_other(desk: Desk) -> None:
    tab = desk.open("mara", "")
    say(desk, tab, "trail shoes")
    screen = list(desk.go(tab, {"go": "switch", "user": "theo"}))[-1]
    told = "".join(value for name, value in screen.items() if name != "people")
    for secret in ("Mara", "Fellrunner", "toe box", "Trail shoes"):
        assert secret not in told.replace("Trail shoes for wet ground, under $120", "")
    assert "cast iron" in screen["all"]


def test_two_tabs_of_two_people_do_not_mix(desk: Desk) -> None:
    mara, theo = desk.open("mara", ""), desk.open("theo", "")
    shown = desk.say(mara, {"text": "trail shoes"})
    next(shown)
    assert "mara" not in desk.screen(theo)["place"]
    say(desk, theo, "a pan")
    list(shown)
    assert "Trail shoes" not in desk.screen(theo)["conversations"].replace("A pan", "")
    assert mara.user_id == "mara"
    assert mara.session_id != theo.session_id


def test_likes_are_stored_shown_and_taken_back(desk: Desk, memory: MemoryStore) -> None:
    tab = desk.open("mara", "")
    say(desk, tab, "trail shoes")
    press = {"act": "judge", "turn": turn_of(memory, tab), "place": "2", "verdict": "like"}
    screen = desk.act(tab, press)
    assert memory.feedback.of_user("mara") == {"shoe-1": "like"}
    assert screen["live"].count('aria-pressed="true"') == 1
    assert "Mossback" in screen["all"]
    desk.act(tab, {**press, "verdict": "dislike"})
    assert memory.feedback.of_user("mara") == {"shoe-1": "dislike"}
    desk.act(tab, {**press, "verdict": "dislike"})
    assert memory.feedback.of_user("mara") == {}


@pytest.mark.parametrize(
    "forged",
    [{"place": "99"}, {"place": "-1"}, {"place": "x"}, {"turn": "another"}, {"verdict": "love"}, {"verdict": 3}],
)
def test_a_forged_verdict_is_refused(desk: Desk, memory: MemoryStore, forged: dict[str, object]) -> None:
    tab = desk.open("mara", "")
    say(desk, tab, "trail shoes")
    payload = {"act": "judge", "turn": turn_of(memory, tab), "place": "1", "verdict": "like", **forged}
    assert "no longer here" in desk.act(tab, payload)["notice"]
    assert memory.feedback.of_user("mara") == {}


def test_memories_are_searched_filtered_and_forgotten(desk: Desk, memory: MemoryStore) -> None:
    tab = desk.open("mara", "")
    assert "toe box" in desk.act(tab, {"act": "filter", "query": "toe"})["all"]
    assert "toe box" not in desk.act(tab, {"act": "filter", "level": "behaviour"})["all"]
    assert "Plain &amp; Calm" in desk.act(tab, {"act": "filter", "category": "Beauty"})["all"]
    assert "nothing that fits" in desk.act(tab, {"act": "filter", "query": "cast iron"})["all"]
    assert "toe box" not in desk.act(tab, {"act": "forget", "entry": "e2"})["all"]
    assert desk.act(tab, {"act": "forget", "entry": "e6"})["announce"] == "That memory was gone already."
    assert [entry.entry_id for entry in memory.hierarchy.entries("theo")] == ["e6"]


def test_an_earlier_turns_memories_can_be_shown(desk: Desk, memory: MemoryStore, assistant: object) -> None:
    tab = desk.open("mara", "")
    say(desk, tab, "trail shoes")
    first = turn_of(memory, tab)
    assistant.script = doubles.for_somebody  # type: ignore[attr-defined]
    assert "somebody else" in say(desk, tab, "for my sister")["now"]
    assert "toe box" in desk.act(tab, {"act": "show", "turn": first})["now"]
    assert desk.act(tab, {"act": "show", "turn": "not one of mine"}) == {}


def test_a_long_conversation_shows_its_last_turns_first(desk: Desk, memory: MemoryStore) -> None:
    session = memory.sessions.create("mara", "Long")
    for number in range(30):
        memory.sessions.add_turn(session.session_id, "mara", f"request {number}", [])
    tab = desk.open("mara", session.session_id)
    assert "Show 17 earlier messages" in desk.screen(tab)["history"]
    whole = desk.act(tab, {"act": "earlier"})["history"]
    assert whole.count("<article") == 29
    assert "earlier" not in whole


def test_people_are_found_by_name_and_id(desk: Desk) -> None:
    tab = desk.open("mara", "")
    assert "Theo" in desk.act(tab, {"act": "people", "query": "okaf"})["people"]
    assert "Noor" in desk.act(tab, {"act": "people", "query": "noor"})["people"]
    assert "nobody" in desk.act(tab, {"act": "people", "query": "zz%"})["people"]


def test_conversations_are_renamed_and_deleted(desk: Desk, memory: MemoryStore) -> None:
    tab = desk.open("mara", "")
    say(desk, tab, "trail shoes")
    payload = {"act": "rename", "session": tab.session_id, "title": "  Wet   feet "}
    assert "Wet feet" in desk.act(tab, payload)["conversations"]
    screen = list(desk.go(tab, {"go": "delete", "session": tab.session_id}))[-1]
    assert "Hello Mara." in screen["live"]
    assert memory.sessions.list("mara") == []


@pytest.mark.parametrize("payload", [{}, {"act": 3}, {"act": ["judge"]}, {"act": "judge"}, {"act": "rename"}])
def test_nonsense_changes_nothing(desk: Desk, payload: dict[str, object]) -> None:
    tab = desk.open("mara", "")
    desk.act(tab, payload)
    list(desk.go(tab, {**payload, "go": {"x": 1}}))
    assert "first" in say(desk, tab, " \n ")["notice"]
    assert tab.session_id == ""


def test_a_stored_turn_of_another_version_does_not_hide_the_rest(desk: Desk, memory: MemoryStore) -> None:
    session = memory.sessions.create("mara", "Old")
    memory.sessions.add_turn(session.session_id, "mara", "shoes", [{"event": "Unheard"}])
    assert "another version" in desk.screen(desk.open("mara", session.session_id))["live"]
