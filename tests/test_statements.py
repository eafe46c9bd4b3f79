"""What the writer reads texts with: statements both ways, phrases of listings, kinds of product, clean text."""

from __future__ import annotations

import pytest

from memory_store.indexing.items import Kinds, phrase_keys, title_heads
from memory_store.indexing.lexicon import lexicon
from memory_store.indexing.statements import Lead, Statement, read_statement
from memory_store.indexing.text import clean, compounds, key, short_title, stem, surface, words


@pytest.mark.parametrize(
    "statement",
    [
        Statement(Lead.PREFERS, "wide fit", "Shoes", evidence="praised in 3 reviews, 4 of 5 purchases"),
        Statement(Lead.BUYS, "Fenwick & Rue", "Soap", evidence="4 of 6"),
        Statement(Lead.PAYS, "$12 to $20", "Tents", evidence="about what others pay"),
        Statement(Lead.LATELY, "oat milk", "Milk", "whole milk", "the last 3 purchases"),
        Statement(Lead.PREFERS, "fragrance-free", places=("Lotion", "Detergent")),
        Statement(Lead.LATELY, "vegan", formerly="leather", places=("Bags", "Shoes")),
        Statement(Lead.AVOIDS, "wool", "Hats"),
    ],
)
def test_statements_go_both_ways(statement: Statement) -> None:
    assert read_statement(statement.text()) == statement


@pytest.mark.parametrize("text", ["", "Hello.", 'Bought "X" (Y), 5 stars: prefers.', "Shoes: likes wool."])
def test_other_texts_are_no_statements(text: str) -> None:
    assert read_statement(text) is None


def test_the_vocabulary_is_well_formed() -> None:
    aspects = lexicon().aspects
    assert 50 <= len(aspects) <= 70
    for aspect in aspects.values():
        assert aspect.name[0].isupper()
        assert aspect.question.split()[0] in {"how", "what", "whether", "which", "where"}
        assert aspect.cues


def test_phrases_are_attributes_not_scraps() -> None:
    stems = [stem(word) for word in words("Stainless steel bottle with a leak-proof lid for 32 oz of 500 water")]
    keys = phrase_keys(stems, lexicon(), longest=3)
    assert {"stainless steel", "leakproof", "32 oz"} <= keys
    assert not keys & {"stainless", "steel", "with", "500", "500 water", "for 32"}


def test_words_joined_by_hyphens_are_one_phrase() -> None:
    found = [
        phrase_keys([stem(word) for word in words(text)], lexicon(), longest=4, joined=compounds(text))
        for text in ("classic two-metre leash", "late-night jazz", "a pour-over brewer", "small hands")
    ]
    assert "classic two metre" in found[0]
    assert "two metre" in found[0]
    assert "late night" in found[1]
    assert "pour over" in found[2]
    assert "small hand" in found[3]
    assert not set().union(*found) & {"metre", "classic two", "two", "late", "night", "pour", "over", "small"}


def test_titles_tell_the_kind_of_product() -> None:
    vocabulary = lexicon()
    assert title_heads("Maya Mari Hydrating Argan Oil Shampoo – Rich, 32 oz", vocabulary)[-1] == "shampoo"
    heads = [title_heads(f"Soft {word} Nail Polish for Girls", vocabulary) for word in "abcdefgh"]
    assert Kinds(heads).of(heads[0]) == "nail polish"
    assert Kinds(heads).of(()) == ""


def test_text_is_cleaned_and_shortened() -> None:
    assert clean("Great<br />stuff &amp; more\u202e [[VIDEOID:abc]]http://x.y").split() == [
        "Great.",
        "stuff",
        "&",
        "more",
        ".",
        ".",
    ]
    assert short_title("Ardel Trail Shoes, Wide Fit, Blue") == "Ardel Trail Shoes"
    assert surface(key("usb c"), "Fast USB-C charging") == "USB-C"
    assert surface(key("wool"), "no such thing") is None
