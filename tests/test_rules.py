"""The rules policy: when it takes what memory says into the profile, and when it leaves it out."""

from __future__ import annotations

import pytest

from assistant.policy.base import Message
from assistant.policy.rules import RulesPolicy
from assistant.protocol import open_trajectory, read_message, write_result
from assistant.types import KindsNear, MemoryHit
from memory_store.embedding import Embedder

TENT = ("Tent: prefers two-berth; praised in 3 reviews.", "Tent: usually buys Torvik Saddle (2 of 4).")


def profile(embedder: Embedder, request: str, *memories: str, kinds: KindsNear | None = None) -> str:
    """What the rules write for a request, once these memories are recalled."""
    policy = RulesPolicy(embedder)
    messages = open_trajectory(request, weighed=[], kinds=kinds, tools=True)
    messages.append(Message("assistant", "".join(policy.write(messages, tools=True))))
    hits = [
        MemoryHit(f"m{number}", "", "pattern", "", text, None, (), "", 0.0) for number, text in enumerate(memories, 1)
    ]
    messages.append(Message("tool", write_result("size", hits)))
    marks = [hit.mark for hit in hits]
    written = read_message("".join(policy.write(messages, tools=True)), first=False, tools=True, marks=marks).profile
    assert written is not None
    return written.text


@pytest.mark.parametrize(
    "request_text",
    [
        "a tent",
        "Hello again. Ours went mouldy in the cellar, time for a new tent. It's for use at festivals. Thanks!",
        "I need a tent before Friday.",
        "any ideas for a tent at the Christmas market?",
    ],
)
def test_tastes_are_taken_in(embedder: Embedder, request_text: str) -> None:
    said = profile(embedder, request_text, *TENT)
    assert "two-berth" in said and "Torvik Saddle" in said


@pytest.mark.parametrize(
    "request_text",
    [
        "I usually go for two-berth, but this time I want a tent with standing height.",
        "Please find me the Fernloop tent with standing height.",
        "A tent, tunnel shape, standing height, blackout bedroom, steel pegs and a porch",
    ],
)
def test_a_request_that_knows_what_it_wants_is_left_alone(embedder: Embedder, request_text: str) -> None:
    assert profile(embedder, request_text, *TENT) == request_text


def test_what_was_recalled_counts_where_no_word_is_shared(embedder: Embedder) -> None:
    told = profile(embedder, "my feet sweat, what can I get?", "Insoles: prefers terry cotton; praised in 2 reviews.")
    assert told == "my feet sweat, what can I get, terry cotton"


@pytest.mark.parametrize(
    ("kinds", "wanted"),
    [
        (KindsNear(("Insoles", "Socks"), ("Insoles",)), "insoles, my feet sweat, terry cotton"),
        (KindsNear(("Deodorant", "Insoles"), ("Insoles",)), "my feet sweat, terry cotton"),
        (KindsNear(("Deodorant", "Insoles")), "my feet sweat"),
        (KindsNear(("Deodorant", "Socks"), ("Insoles",)), "my feet sweat"),
    ],
)
def test_a_kind_that_the_shopper_has_bought_is_meant_and_named_where_it_is_nearest(
    embedder: Embedder, kinds: KindsNear, wanted: str
) -> None:
    told = "Insoles: prefers terry cotton; praised in 2 reviews."
    assert profile(embedder, "my feet sweat", told, kinds=kinds) == wanted


def test_what_was_given_up_is_not_wanted_by_another_name(embedder: Embedder) -> None:
    told = profile(
        embedder,
        "cat litter",
        "Cat litter: prefers calming lavender; praised in 1 review, 2 of 6 purchases.",
        "Cat litter: lately prefers fragrance-free, no longer lavender; the last 3 purchases.",
        "Cat litter: prefers clumping clay; praised in 1 review.",
        "Cat litter: avoids tofu; said so in a review.",
    )
    assert told == "cat litter, fragrance-free, clumping clay"
