"""Text for people: what is untrusted is escaped and bounded, what is a figure reads well."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.ui import format as shown

HOUR = 3600 * 1000


@given(st.text(max_size=3000), st.integers(10, 500))
def test_whatever_comes_in_is_bounded_and_has_no_markup(text: str, limit: int) -> None:
    assert len(shown.clean(text, limit)) <= limit
    for drawn in (shown.esc(text, limit), shown.line(text, limit)):
        assert not set('<>"') & set(drawn)
    assert "\n" not in shown.line(text, limit)


@given(st.text(max_size=800))
def test_paragraphs_hold_only_their_own_tags(text: str) -> None:
    drawn = shown.paragraphs(text)
    for tag in ('<p dir="auto">', "</p>", '<li dir="auto">', "</li>", "<ul>", "</ul>", "<br>"):
        drawn = drawn.replace(tag, "")
    assert "<" not in drawn


def test_characters_that_turn_the_page_round_are_dropped() -> None:
    assert shown.esc("abc\u202ecba\u2066x\u0000\u0007") == "abccbax"


def test_a_long_text_is_cut_at_a_word() -> None:
    assert shown.clean("one two three four five six", 20) == "one two three four…"


def test_paragraphs_lists_and_marks() -> None:
    drawn = shown.paragraphs("First [m1] [m2].\n\n- one\n- two", mark=lambda name: f"({name})")
    first = '<p dir="auto"><span class="held">First(m1)(m2).</span></p>'
    assert drawn == first + '<ul><li dir="auto">one</li><li dir="auto">two</li></ul>'
    assert shown.paragraphs("Roomy [m1].") == '<p dir="auto">Roomy.</p>'


def test_marks_are_split_from_the_words() -> None:
    assert shown.split_marks("Wide fit [m3], as you like [m1] [m3].") == ("Wide fit, as you like.", ("m3", "m1"))


@pytest.mark.parametrize(
    ("value", "words"), [(None, ""), (0.5, "$0.50"), (12.5, "$12.50"), (99.0, "$99"), (1299, "$1,299")]
)
def test_prices(value: float | None, words: str) -> None:
    assert shown.price(value) == words


@pytest.mark.parametrize(("value", "words"), [(0.004, "<0.1 s"), (0.82, "0.8 s"), (12.3, "12 s"), (125, "2 min 5 s")])
def test_seconds(value: float, words: str) -> None:
    assert shown.seconds(value) == words


def test_dates() -> None:
    assert shown.month(1_600_000_000_000) == "September 2020"
    assert shown.full_date(1_600_000_000_000) == "13 September 2020"
    assert shown.month(None) == shown.month(10**20) == ""


def test_days_as_people_say_them() -> None:
    noon = 1_750_248_000_000
    assert shown.day(noon, date(2025, 6, 18)) == "Today"
    assert shown.day(noon, date(2025, 6, 19)) == "Yesterday"
    assert shown.day(noon, date(2025, 8, 1)) == "18 June"
    assert shown.day(noon, date(2026, 1, 1)) == "18 June 2025"


def test_counts_and_lists() -> None:
    assert [shown.plural(n, "memory", "memories") for n in (0, 1, 1200)] == ["0 memories", "1 memory", "1,200 memories"]
    assert shown.listed(("grip", "width", "weight")) == "grip, width and weight"
    assert shown.listed(("grip",)) == "grip"
