"""What a request for somebody else is about, and whom it is for."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from assistant.dialogue import recipient
from assistant.policy.rules import RulesPolicy
from assistant.presents import about_what
from assistant.turn import Assistant
from memory_store.embedding import Embedder


@pytest.mark.parametrize(
    ("message", "about", "whom"),
    [
        ("gift for my dad who fishes", "fishes", "dad"),
        ("a present for my mum, she likes tea", "tea", "mum"),
        ("A gift for my sister: coffee maker, compact", "coffee maker, compact", "sister"),
        ("It's my brother's birthday. He would like running shoes, navy.", "running shoes, navy", "brother"),
        ("a birthday present for a 4 year old who loves dinosaurs", "4 year old dinosaurs", "4 year old"),
        ("present for a 10-year-old girl who likes football", "10-year-old girl football", "10-year-old girl"),
        ("running shoes for my wife", "running shoes", "wife"),
        ("stocking stuffer for my teenage nephew", "stocking stuffer for my teenage nephew", "nephew"),
        ("a gift", "a gift", "somebody"),
        ("birthday gift card for a friend", "birthday gift card", "friend"),
    ],
)
def test_a_present_is_about_the_thing_and_not_about_giving(message: str, about: str, whom: str) -> None:
    assert (about_what(message), recipient(message)) == (about, whom)


def test_only_requests_for_others_are_cut(open_assistant: Callable[..., Assistant], embedder: Embedder) -> None:
    dialogue = open_assistant(RulesPolicy(embedder)).dialogue
    own = dialogue.new_request("shampoo that I like, for dry hair")
    given = dialogue.new_request("shampoo for my sister who likes lavender, under $20")
    assert (own.text, own.recipient) == ("shampoo that I like, for dry hair", None)
    assert (given.text, given.recipient, given.constraints.price_max) == ("shampoo lavender", "sister", 20.0)
