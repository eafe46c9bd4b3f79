"""The words of an answer: true to listing and memory, and readable."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assistant.catalogue.search import SearchResult
from assistant.dialogue import Conversation
from assistant.reply import compose_answer
from assistant.talk import given_name, talk
from assistant.types import Act, Answered, Item, ItemProfile, MemoryHit, Request
from memory_store.types import Level, MemoryEntry, UserRecord

SHOE = Item(
    "s1", "Trail Shoe, Wide Fit, Barefoot Feel", "Vossel", "Shoes", ("Shoes", "Running shoes"), 90.0, 4.5, 120,
    ("Waterproof liner that breathes", "Pull tab at the heel"),
)  # fmt: skip
BOOT = Item("s2", "Leather Boot", None, "Shoes", ("Shoes", "Running shoes"), 120.0, 4.0, 8, ("MADE TO LAST FOR EVER!",))


def hit(mark: str, text: str) -> MemoryHit:
    return MemoryHit(mark, mark, "pattern", "Running shoes", text, None, (), "Fit", 0.8)


def answer(*hits: MemoryHit, text: str = "running shoes", used: bool = True, **result: tuple[str, ...]) -> Answered:
    profile = ItemProfile(text, tuple(one.mark for one in hits) if used else ())
    found = SearchResult(("s1", "s2"), np.zeros(2, np.float32), **result)
    return compose_answer(Request(text), profile, [SHOE, BOOT], hits, found)


def test_tastes_are_told_together_and_each_cites_its_memory() -> None:
    said = answer(
        hit("m1", "Running shoes: prefers wide fit; praised in 3 reviews."),
        hit("m2", "Running shoes: usually buys Vossel (2 of 3)."),
        hit("m3", "Running shoes: prefers barefoot; praised in 2 reviews."),
        hit("m4", "Running shoes: avoids wool; blamed in 1 review."),
    )
    assert said.recommendations[0].reason == (
        "Wide fit and barefoot, as you prefer [m1] [m3]; by Vossel, your usual brand [m2]."
    )
    assert said.recommendations[0].cites == ("m1", "m3", "m2")
    assert said.recommendations[1].cites == ()
    assert said.text.startswith("My first pick: Trail Shoe, Wide Fit, Barefoot Feel ($90). Wide fit and barefoot")
    assert said.text.endswith("No mention of wool, which you avoid [m4].")


@pytest.mark.parametrize(
    ("memory", "reason"),
    [
        (
            "Running shoes: lately prefers wide fit, no longer narrow fit; the last 2 purchases.",
            "Wide fit, as you late",
        ),
        ("Running shoes: usually pays $80 to $100; about what others pay.", "Within what you usually pay [m1]."),
        ('Bought "Vossel One" (Vossel), 5 stars: lovely.', "By Vossel, like the Vossel One you liked [m1]."),
        ('Bought "Vossel One" (Vossel), 2 stars: no.', "By Vossel, like the Vossel One you bought [m1]."),
        ("Running shoes: prefers velvet; praised in 1 review.", "Waterproof liner that breathes."),
    ],
)
def test_a_memory_as_a_reason(memory: str, reason: str) -> None:
    assert answer(hit("m1", memory)).recommendations[0].reason.startswith(reason)


def test_a_taste_is_told_once_in_its_newest_wording() -> None:
    said = answer(
        hit("m1", "Running shoes: lately prefers wide fit, no longer narrow fit; the last 2 purchases."),
        hit("m2", "Running shoes: prefers fit; praised in 1 review."),
        hit("m3", "Running shoes: prefers barefoot feel; praised in 1 review."),
    )
    assert said.recommendations[0].reason == "Wide fit, as you lately prefer [m1]; barefoot feel, as you prefer [m3]."


def test_what_the_person_avoids_is_held_against_an_item() -> None:
    said = answer(
        hit("m1", "Running shoes: avoids leather; blamed in 1 review."),
        hit("m2", "Running shoes: lately prefers wool, no longer barefoot; the last 2 purchases."),
    )
    assert [found.misses for found in said.recommendations] == [
        ("barefoot, which you no longer choose",),
        ("leather, which you avoid",),
    ]


def test_without_memory_the_listing_speaks() -> None:
    said = answer(text="waterproof running shoes for hiking")
    assert said.recommendations[0].reason == "Waterproof liner that breathes."
    assert said.recommendations[1].reason == "Rated 4.0 by 8 buyers."
    assert said.recommendations[1].misses == ("waterproof not mentioned",)
    assert "I remember nothing of you that bears on this" in said.text


def test_a_colour_that_nothing_has_is_admitted() -> None:
    assert "I found none that is listed as blue." in answer(text="running shoes, blue").text
    assert "listed as" not in answer(text="running shoes").text


def test_conditions_kept_dropped_and_unknown_are_told_apart() -> None:
    said = answer(filters=("under $100",), relaxed=("by Acme", "price unknown for some")).text
    assert "so I let go of: by Acme." in said and "I kept to: under $100 (price unknown for some)." in said


def test_a_price_that_nothing_lists_is_not_promised() -> None:
    items = [replace(SHOE, price=None), replace(BOOT, price=None)]
    found = SearchResult(("s1", "s2"), np.zeros(2, np.float32), ("under $1",), ("price unknown for some",))
    said = compose_answer(Request("shoes"), ItemProfile("shoes"), items, (), found).text
    assert "None of these lists a price, so I cannot promise under $1." in said and "I kept to" not in said


def test_what_was_recalled_and_left_out_is_said() -> None:
    said = answer(hit("m1", "Running shoes: prefers wide fit; praised in 3 reviews."), used=False)
    assert "I left what I remember of you out of it" in said.text


@pytest.mark.parametrize(
    ("user_id", "name", "called"),
    [
        ("u1", "Mara Lindqvist", "Mara"),
        ("u1", "u1", ""),
        ("u1", "Shopper AFQX", ""),
        ("u1", "Shopper 17", ""),
        ("u1", "AEX12", ""),
        ("u1", " ", ""),
    ],
)
def test_who_has_no_name_is_called_by_none(user_id: str, name: str, called: str) -> None:
    assert given_name(UserRecord(user_id, name)) == called


def test_two_products_are_compared_by_the_numbers_that_were_asked_for() -> None:
    shown = answer().recommendations
    said = talk(Act.COMPARE, "compare 1 and 2", Conversation(Request("shoes"), shown), None, ()).text
    assert "Number 1, Trail Shoe, Wide Fit, Barefoot Feel: costs $30 less, is rated higher (4.5 against 4.0)" in said
    assert "Number 2, Leather Boot: alone lists “MADE TO LAST FOR EVER!”." in said


def test_why_without_memory_says_so() -> None:
    shown = answer().recommendations
    said = talk(Act.WHY, "why 2?", Conversation(Request("running shoes"), shown), None, ()).text
    assert said.startswith("Leather Boot: rated 4.0 by 8 buyers.") and "among the closest to “running shoes”" in said


def test_what_is_remembered_is_said_to_the_person() -> None:
    texts = [
        (Level.PATTERN, "Shoes", "Shoes: prefers wide fit; praised in 3 reviews."),
        (Level.PROFILE, "", "Across categories: avoids wool (Hats, Sweaters)."),
        (Level.PATTERN, "Shoes", "Shoes: lately prefers barefoot, no longer wide fit; the last 2 purchases."),
    ]
    entries = [MemoryEntry(str(n), "u", *of, "", text, None, ()) for n, (*of, text) in enumerate(texts)]  # type: ignore[call-arg, arg-type]
    said = talk(Act.ABOUT_ME, "", Conversation(), UserRecord("u", "Mara L"), entries).text
    assert "This is what stands out, Mara:\n- In general: you avoid wool (hats, sweaters).\n- Shoes: lately you" in said
