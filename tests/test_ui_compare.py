"""The compare view: which columns are drawn, what is marked, and whom it refuses to show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant.policy.rules import RulesPolicy
from assistant.types import TurnFailed
from assistant.ui.compare import SETTINGS, Comparison
from assistant.ui.desk import Desk
from memory_store.embedding import Embedder
from memory_store.store import MemoryStore
from memory_store.types import UserRecord
from tests import doubles
from tests.small_world import ADA


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
def comparison(assistant: doubles.ScriptedAssistant) -> Comparison:
    return Comparison(assistant)  # type: ignore[arg-type]


def columns(comparison: Comparison, **payload: object) -> list[str]:
    return [screen["columns"] for screen in comparison.run(payload)]


def test_four_settings_are_filled_one_after_the_other(
    comparison: Comparison, assistant: doubles.ScriptedAssistant
) -> None:
    drawn = columns(comparison, request="trail shoes", by="memory", person="theo")
    assert [one.count("Next…") for one in drawn] == [3, 2, 1, 0, 0]
    assert [one.count("Thinking…") for one in drawn] == [1, 1, 1, 1, 0]
    assert [options.memory for _, _, options in assistant.previewed] == [name for name, _, _ in SETTINGS]
    assert {user for user, _, _ in assistant.previewed} == {"theo"}


def test_what_one_column_alone_shows_is_marked_when_all_are_there(comparison: Comparison) -> None:
    *before, last = columns(comparison, request="trail shoes")
    assert not any('class="note"' in drawn for drawn in before)
    assert last.count('<span class="note">Only here</span>') == 1
    assert "<b>No</b> memory read" in last and "<b>88</b> memory tokens read" in last
    assert "4 memories recalled" in last and "0.8 s" in last
    assert "A light trail running shoe" in last


def test_people_are_compared_in_the_order_chosen(comparison: Comparison, assistant: doubles.ScriptedAssistant) -> None:
    drawn = columns(comparison, request="shoes", by="people", people=["theo", "mara", "theo"])[-1]
    assert drawn.index("Theo Okafor") < drawn.index("Mara Lindqvist")
    assert [user for user, _, _ in assistant.previewed] == ["theo", "mara"]
    assert all(options.memory == "mrrec" for _, _, options in assistant.previewed)


@pytest.mark.parametrize("people", [None, "mara", [], ["mara"], ["mara", "nobody"], ["mara", {"x": 1}], ["mara"] * 3])
def test_too_few_people_are_refused_in_words(comparison: Comparison, people: object) -> None:
    (drawn,) = columns(comparison, request="shoes", by="people", people=people)
    assert "Choose 2 to 4 people to compare." in drawn


@pytest.mark.parametrize("request_", [None, "", " \n ", 7, "\x00"])
def test_an_empty_request_is_refused_in_words(comparison: Comparison, request_: object) -> None:
    (drawn,) = columns(comparison, request=request_)
    assert "Write what is being looked for first." in drawn


def test_who_is_no_persona_is_never_shown(memory: MemoryStore, assistant: doubles.ScriptedAssistant) -> None:
    memory.users.add_many([UserRecord("eve", "Eve Private")])
    comparison = Comparison(assistant)  # type: ignore[arg-type]
    assert "Eve" not in comparison.form("eve")["contest"]
    columns(comparison, request="shoes", person="eve")
    assert "Choose 2" in columns(comparison, request="shoes", by="people", people=["eve", "mara"])[0]
    assert all(user != "eve" for user, _, _ in assistant.previewed)


def test_a_column_that_fails_says_so_and_the_text_stays_text(
    comparison: Comparison, assistant: doubles.ScriptedAssistant
) -> None:
    assistant.script = lambda user, turn, text: [TurnFailed(turn, "<b>The server is away.</b>")]
    drawn = columns(comparison, request="<script>x</script>")[-1]
    assert drawn.count("&lt;b&gt;The server is away.") == 4
    assert "<script>" not in drawn


def test_a_newer_comparison_ends_the_older(assistant: doubles.ScriptedAssistant) -> None:
    desk = Desk(assistant, "test store")  # type: ignore[arg-type]
    tab = desk.open("mara", "")
    older = desk.compare(tab, {"request": "shoes"})
    next(older)
    assert "contest-form" in next(desk.compare(tab, {}))["contest"]
    assert list(older) == []


def test_nothing_of_a_comparison_is_stored(open_assistant: Callable[..., Any], embedder: Embedder) -> None:
    assistant = open_assistant(RulesPolicy(embedder))
    drawn = columns(Comparison(assistant), request="shampoo", person=ADA)[-1]
    assert drawn.count('class="contestant"') == 4 and drawn.count('<li class="card">') == 16
    assert "Fragrance-Free" in drawn
    assert assistant.memory.sessions.list(ADA) == []
