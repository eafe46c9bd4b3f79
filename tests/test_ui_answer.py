"""Events to HTML: the line that fills step by step, the steps, the answer, the cards."""

from __future__ import annotations

import pytest

from assistant.types import (
    Act,
    Answered,
    AspectsInferred,
    Event,
    Item,
    MemoryRecalled,
    PolicyFellBack,
    ProfileWritten,
    Recommendation,
    Request,
    ScenarioRead,
    Searched,
    TurnStarted,
)
from assistant.ui import cards
from assistant.ui.answer import announcement, doing, fold, summary, turn
from tests import doubles


def until(kind: type | None) -> list[Event]:
    events = doubles.answer_well("mara", "t1", "Trail shoes")
    if kind is None:
        return events
    return events[: next(place for place, event in enumerate(events) if isinstance(event, kind))]


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (TurnStarted, "reading the situation"),
        (ScenarioRead, "reading the situation"),
        (AspectsInferred, "thinking about what matters here"),
        (MemoryRecalled, "asking my memory about grip"),
        (ProfileWritten, "picturing what would suit you"),
        (Searched, "looking through the shop"),
        (Answered, "putting the answer together"),
    ],
)
def test_it_says_what_it_is_doing(before: type, words: str) -> None:
    view = fold("Trail shoes", until(before), running=True)
    assert doing(view) == words
    assert summary(view).lower().endswith(words + "…")


def test_no_memory_is_said_to_be_asked_for_somebody_else() -> None:
    events = doubles.for_somebody("mara", "t1", "shoes for my sister")
    view = fold("shoes for my sister", events[:4], running=True)
    assert "memory" not in doing(view)
    assert "without what I know of you" in summary(fold("shoes for my sister", events))


def test_the_line_sums_up_the_reasoning() -> None:
    line = "Trail shoes for wet ground · weighed grip, width and drying · recalled 4 memories · 0.8 s"
    assert summary(fold("Trail shoes", until(None))) == line


def test_talk_has_no_reasoning_to_sum_up() -> None:
    events = [TurnStarted("t1", Act.SMALL_TALK, Request("hi"), "rules"), Answered("t1", "Hello.")]
    drawn = turn(fold("hi", events), {}, last=True)
    assert "reasoning" not in drawn
    assert "Hello." in drawn


def test_a_turn_shows_its_steps_in_order() -> None:
    drawn = turn(fold("Trail shoes", until(None)), {}, last=True)
    steps = [
        "The situation",
        "What matters",
        "My memory of “grip”",
        "“width”",
        "“drying”",
        "What would suit you",
        "shop",
    ]
    assert [drawn.index(step) for step in steps] == sorted(drawn.index(step) for step in steps)
    assert "Buyers of trail shoes weigh whether the sole holds on wet rock." in drawn
    assert "A light trail running shoe" in drawn
    assert "1,000 products ranked. Kept to: under $120." in drawn


def test_a_fall_back_is_a_quiet_step() -> None:
    events = [*until(ProfileWritten), PolicyFellBack("checkpoint", "item profile", "no JSON at character 3")]
    drawn = turn(fold("Trail shoes", events), {}, last=True)
    assert "The checkpoint policy could not write the item profile" in drawn
    assert "no JSON at character 3" in drawn


def test_what_the_policy_writes_is_in_the_steps_only() -> None:
    drawn = turn(fold("Trail shoes", until(AspectsInferred), running=True), {}, last=True)
    assert "&lt;scenario&gt;" in drawn
    assert "<scenario>" not in drawn


def test_three_cards_are_seen_and_the_rest_asked_for() -> None:
    drawn = turn(fold("Trail shoes", until(None)), {}, last=True)
    first, rest = drawn.split('<details class="more"')
    assert first.count('class="card"') == 3
    assert rest.count('class="card"') == 2
    assert "Show 2 more" in rest


def test_a_stopped_and_a_failed_turn_say_so() -> None:
    assert "Stopped before I had an answer" in turn(fold("x", until(ProfileWritten)), {}, last=True)
    failed = turn(fold("x", doubles.answer_failing("mara", "t1", "x")), {}, last=True)
    assert 'role="alert"' in failed
    assert "did not answer within 60 s" in failed
    assert "Ask again" in failed


def test_only_the_last_search_can_be_asked_about_by_number() -> None:
    earlier = turn(fold("Trail shoes", until(None)), {}, last=False)
    talk = turn(fold("why 1?", [event for event in until(None) if not isinstance(event, Searched)]), {}, last=True)
    for drawn in (earlier, talk):
        assert "More like" not in drawn
        assert "Why?" not in drawn
        assert 'aria-label="Like product 2"' in drawn
    assert "Cheaper" in talk
    assert "Cheaper" not in earlier


def test_hostile_text_stays_text() -> None:
    asked = '<img src=x onerror="alert(1)">'
    drawn = turn(fold(asked, doubles.answer_oddly("mara", '"><b>', asked)), {}, last=True)
    for markup in ("<script", "<img", "<i>", "<b>Bold"):
        assert markup not in drawn
    assert "price not listed" in drawn
    assert "price up to $20 instead of $10" in drawn


def test_only_what_was_recalled_can_be_lit_up() -> None:
    drawn = turn(fold("x", doubles.answer_oddly("mara", "t1", "x")), {}, last=True)
    assert "data-mark" not in drawn


def test_the_answer_is_announced_without_marks() -> None:
    view = fold("Trail shoes", until(None))
    assert "[m1]" not in announcement(view)
    assert announcement(view).endswith("5 products below.")


ITEM = Item("i1", "A mug", "Claybird", "Kitchen", (), 12.0, 4.26, 1200)


def test_a_card_has_the_facts_that_are_known() -> None:
    drawn = cards.card(Recommendation(ITEM, "Blue, as you like.", ("m1",)), 2, "t1", "like", {"m1"})
    for part in ("A mug", "Claybird", "$12<", "4.3", "(1,200)", "--filled:85%", "Blue, as you", 'data-mark="t1-m1"'):
        assert part in drawn
    assert drawn.count('aria-pressed="true"') == 1
    assert 'data-place="2"' in drawn


def test_a_bare_item_has_a_card_too() -> None:
    drawn = cards.card(Recommendation(Item("i", ""), ""), 1, "t1", None, ())
    assert "Untitled product" in drawn
    assert "price not listed" in drawn
    assert "stars" not in drawn
    assert "<svg" in drawn
