"""Constraints out of words: what people really write, what must not be taken for one, and the words back."""

from __future__ import annotations

import gzip
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.catalogue.constraints import SOFTEST_FIRST, describe, looser, merge, read_constraints
from assistant.types import Constraints

BRANDS = ("Sony", "Bose", "Nike", "Dove", "Always", "Simple", "Tom Ford", "Under Armour", "L'ANGE HAIR", "Apple", "EOS")
CATEGORIES = ("All Beauty", "Beauty and Personal Care", "Electronics", "Toys and Games", "Video Games")
DATA = Path(os.environ.get("MRREC_DATA", Path(__file__).parents[1].parent / "shared" / "data"))


def read(text: str) -> tuple[Constraints, str]:
    return read_constraints(text, brands=BRANDS, categories=CATEGORIES)


@pytest.mark.parametrize(
    ("text", "words", "rest"),
    [
        ("headphones under $40", ["under $40"], "headphones"),
        ("a gift for less than 25 dollars", ["under $25"], "a gift"),
        ("no more than $30 please", ["under $30"], "please"),
        ("it won't cost me over $100", ["under $100"], "it"),
        ("without having to spend more than $15", ["under $15"], ""),
        ("$50 or less", ["under $50"], ""),
        ("mug, $15 max", ["under $15"], "mug"),
        ("my budget is 40", ["under $40"], ""),
        ("I can spend up to 60 bucks", ["under $60"], "I can spend"),
        ("a jacket under $1,200.50", ["under $1200.50"], "a jacket"),
        ("under thirty dollars", ["under $30"], ""),
        ("keep it under 40.", ["under $40"], "keep it."),
        ("price lower than 40.00 dollars", ["under $40"], ""),
        ("speakers priced below £80", ["under $80"], "speakers"),
        ("dog bed $20-$30", ["$20 to $30"], "dog bed"),
        ("toys between 20 and 30", ["$20 to $30"], "toys"),
        ("toys between $30 and $20 for my son", ["$20 to $30"], "toys for my son"),
        ("3-5 dollars", ["$3 to $5"], ""),
        ("a game over $20 but under $40", ["$20 to $40"], "a game"),
        ("speaker, at least $100", ["$100 and up"], "speaker"),
        ("$20 and up", ["$20 and up"], ""),
        ("a blender around $50", ["$37.50 to $62.50"], "a blender"),
        ("keyboard in the $40 price range", ["$30 to $50"], "keyboard"),
        ("headphones by Sony", ["by Sony"], "headphones by Sony"),
        ("shoes from nike", ["by Nike"], "shoes from nike"),
        ("Sony or Bose only", ["by Bose"], "Sony or Bose only"),
        ("made by Sony or Bose", ["by Sony or Bose"], "made by Sony or Bose"),
        ("brand: sony", ["by Sony"], "brand: sony"),
        ("a sony brand radio", ["by Sony"], "a sony brand radio"),
        ("a scent from tom ford.", ["by Tom Ford"], "a scent from tom ford."),
        ("serum by lange hair", ["by L'ANGE HAIR"], "serum by lange hair"),
        ("soap by dove", ["by Dove"], "soap by dove"),
        ("not Sony", ["not by Sony"], ""),
        ("earbuds, not from sony", ["not by Sony"], "earbuds"),
        ("anything but Sony or Bose", ["not by Sony", "not by Bose"], ""),
        ("any brand except Apple", ["not by Apple"], "any brand"),
        ("lotion, 4 stars and up", ["4 stars and up"], "lotion"),
        ("4+ stars", ["4 stars and up"], ""),
        ("at least four stars", ["4 stars and up"], ""),
        ("a case rated at least 4.5", ["4.5 stars and up"], "a case"),
        ("with a rating above 4", ["4 stars and up"], ""),
        ("rated 4.2 or higher", ["4.2 stars and up"], ""),
        ("watch strap, not leather", ["not leather"], "watch strap"),
        ("lotion without fragrance", ["not fragrance"], "lotion"),
        ("no plastic", ["not plastic"], ""),
        ("a present, nothing scented", ["not scented"], "a present"),
        ("a present, $15 limit", ["under $15"], "a present"),
        ("photo software without a monthly subscription", ["not subscription"], "photo software"),
        ("a baby monitor that doesn't need wifi", ["not wifi"], "a baby monitor that"),
        ("isn’t made of plastic", ["not plastic"], ""),
        ("soap without sulfates, dyes or silicones", ["not sulfates", "not dyes", "not silicones"], "soap"),
        ("candy with no artificial colors", ["not artificial colors"], "candy"),
        ("gum that has no added sugar", ["not sugar"], "gum"),
        ("a leather case, not black", ["not black"], "a leather case"),
        ("I'm allergic to wool", ["not wool"], "I'm"),
        ("something in Toys", ["in Toys and Games"], "something"),
        ("cheap bluetooth speaker for the shower", ["lower prices first"], "bluetooth speaker for the shower"),
        ("an affordable and comfortable chair", ["lower prices first"], "comfortable chair"),
        ("a budget laptop for school", ["lower prices first"], "a laptop for school"),
        ("a watch for my boyfriend, not too expensive", ["lower prices first"], "a watch for my boyfriend"),
        ("wine glasses on a tight budget", ["lower prices first"], "wine glasses"),
        ("headphones that won't break the bank", ["lower prices first"], "headphones"),
        ("cheap earbuds under $30", ["under $30", "lower prices first"], "earbuds"),
        ("shampoo from the beauty section", ["in All Beauty"], "shampoo"),
        ("in the beauty & personal care aisle", ["in Beauty and Personal Care"], ""),
        ("less than $30, 4 stars or more, not by Bose", ["under $30", "4 stars and up", "not by Bose"], ""),
    ],
)  # fmt: skip
def test_what_is_demanded_is_read(text: str, words: list[str], rest: str) -> None:
    constraints, left = read(text)
    assert list(describe(constraints)) == words
    assert left == rest


@pytest.mark.parametrize(
    "text",
    [
        "cheap-looking lamp", "no cheap plastic", "budget planner", "the budget",
        "not too big", "I'm not sure what I want", "why not a blender", "no problem",
        "no more tears shampoo", "not in use", "without any issues", "no matter what",
        "desk under 10 inches", "size under 8", "case for iphone 12", "toys for ages 2-4", "for kids under 12",
        "under desk treadmill", "under armour shoes", "under eye cream", "over the ear headphones", "over 50 people",
        "under 20 pounds", "holds up to 5 pounds", "2-4 players", "between 2 and 4", "a 5 star hotel feel",
        "fragrance-free lotion", "free of gluten", "sugar free gum", "not leather-free", "non gmo", "not just leather",
        "up to $30 off", "it cost me at least $50", "I paid over $75", "the Epson brand costs about $100",
        "I usually pay around $25", "worth more than $20", "no. 21 lipstick", "$10 an hour", "highly rated",
        "rated M for mature", "pads that always work", "a simple cream", "made by hand", "by always washing",
        "an apple corer, no apple flavor", "not simple", "games like these", "playing video games in the car",
        "low sodium", "not perfect", "works below 0 degrees", "a dove pendant", "4 star wars figures",
    ],
)  # fmt: skip
def test_what_is_not_demanded_is_left_alone(text: str) -> None:
    assert read(text) == (Constraints(), text)


def test_only_brands_and_categories_of_the_catalogue_count() -> None:
    assert read_constraints("shoes by Sony, in Toys")[0] == Constraints()


_AMOUNTS = st.integers(5, 5000).map(float)
_CONSTRAINTS = st.builds(
    Constraints,
    price_max=st.none() | _AMOUNTS,
    brands=st.lists(st.sampled_from(("Sony", "Nike", "Tom Ford")), max_size=2, unique=True).map(tuple),
    excluded_brands=st.lists(st.sampled_from(("Bose", "EOS")), max_size=2, unique=True).map(tuple),
    category=st.none() | st.sampled_from(CATEGORIES),
    minimum_rating=st.none() | st.sampled_from((3.0, 4.0, 4.5)),
    avoided_words=st.lists(st.sampled_from(("leather", "corn syrup", "pink")), max_size=2, unique=True).map(tuple),
    cheap=st.booleans(),
)


@settings(max_examples=200, deadline=None)
@given(_CONSTRAINTS)
def test_its_own_words_are_read_back(constraints: Constraints) -> None:
    assert read(", ".join(describe(constraints)))[0] == constraints


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200) | st.lists(st.sampled_from(
    ["under", "$", "40", "between", "and", "not", "leather", "no", "by", "Sony", "4", "stars", ",", "-", "+", ".", "or"]
)).map(" ".join))  # fmt: skip
def test_any_text_is_read_without_harm(text: str) -> None:
    constraints, rest = read(text)
    assert len(rest) <= len(text)
    if not constraints:
        assert rest == text
    if constraints.price_min is not None and constraints.price_max is not None:
        assert constraints.price_min <= constraints.price_max


def test_a_huge_message_is_read_at_once() -> None:
    for text in (
        "no " * 40_000,
        "under " * 20_000,
        "$1 " * 40_000,
        "a, " * 40_000,
        "not leather, " * 9_000,
        "x" * 100_000,
    ):
        constraints, rest = read(text)
        assert len(rest) <= len(text)
        assert not constraints or constraints.avoided_words == ("leather",)


@given(_CONSTRAINTS, _CONSTRAINTS)
def test_a_refinement_replaces_its_kind_and_adds_what_is_avoided(old: Constraints, new: Constraints) -> None:
    both = merge(old, new)
    assert merge(both, Constraints()) == both
    assert both.price_max == (old.price_max if new.price_max is None else new.price_max)
    assert set(both.avoided_words) == {*old.avoided_words, *new.avoided_words}
    assert not set(both.brands) & set(both.excluded_brands)


def test_a_brand_newly_refused_is_no_longer_wanted() -> None:
    assert merge(Constraints(brands=("Sony",)), Constraints(excluded_brands=("Sony",))) == Constraints(
        excluded_brands=("Sony",)
    )
    assert merge(Constraints(price_min=5.0, price_max=9.0), Constraints(price_max=3.0)) == Constraints(price_max=3.0)


def test_the_softest_gives_way_first() -> None:
    full = Constraints(1.0, 2.0, ("Sony",), ("Bose",), "Electronics", 4.0, ("leather",), 6, "men")
    variants = looser(full)
    assert len(variants) == len(SOFTEST_FIRST)
    assert variants[0].minimum_rating is None
    assert (variants[1].price_min, variants[1].price_max) == (None, None)
    assert variants[-1].avoided_words == ()
    assert looser(Constraints()) == []


def test_real_requests_seldom_hold_a_constraint() -> None:
    path = DATA / "request_texts.jsonl.gz"
    if not path.exists():
        pytest.skip(f"the real requests are not at {path}: set MRREC_DATA to the folder that holds them")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        texts = [json.loads(line)["text"] for number, line in enumerate(file) if number % 10 == 0]
    held = [text for text in texts if replace(read(text)[0], cheap=False, sex=None)]
    assert 0.001 < len(held) / len(texts) < 0.01
