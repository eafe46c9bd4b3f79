"""The extractive writer on little hand-written histories: known tastes must be found, and no others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

import pytest

from memory_store.indexing.base import Choice
from memory_store.indexing.extractive import ExtractiveWriter
from memory_store.indexing.extractive_behaviour import behaviour_text
from memory_store.indexing.lexicon import lexicon
from memory_store.indexing.reviews import read_review
from memory_store.indexing.statements import Lead, read_statement
from memory_store.indexing.text import key
from memory_store.types import Behaviour, Level, MemoryEntry, UserRecord

DAY = 86_400_000
_number = count()
ANN = UserRecord("ann", "Ann")

SCENTS = ("Lavender", "Fragrance-Free", "Citrus", "Coconut")
FITS = ("Wide Fit", "Narrow Fit", "Regular Last")
BRANDS = ("Ardel", "Bexley", "Corvo", "Dunmore")


def bought(
    category: str,
    title: str,
    review: str = "",
    rating: float | None = 5.0,
    *,
    user: str = "ann",
    brand: str | None = "Ardel",
    price: float | None = 20.0,
    text: str = "",
    day: int | None = None,
    headline: str = "",
) -> Behaviour:
    number = next(_number)
    moment = None if day is None else day * DAY
    return Behaviour(
        f"b{number}", user, f"i{number}", title, brand, category, price, text, rating, headline, review, moment
    )


def _others() -> Iterator[Behaviour]:
    """Buyers without leanings: every scent, fit and brand alike, prices from 8 to 40."""
    for at in range(96):
        scent, fit, brand = SCENTS[at % 4], FITS[at % 3], BRANDS[at % 4]
        price, user = 8.0 + at % 33, f"other-{at}"
        yield bought("Shampoo", f"{brand} Daily Shampoo, {scent}", "Does its job.", user=user, brand=brand, price=price)
        yield bought("Soap", f"{brand} Hand Soap, {scent}", "Cleans well.", user=user, brand=brand, price=price)
        yield bought("Shoes", f"{brand} Trail Shoes - {fit}", "Fine shoes.", user=user, brand=brand, price=3 * price)


OTHERS = list(_others())


def written(*own: Behaviour, user: UserRecord = ANN) -> list[MemoryEntry]:
    writer = ExtractiveWriter()
    writer.fit([*OTHERS, *own])
    return writer.write_user(user, own)


def texts(entries: Sequence[MemoryEntry], level: Level | None = None) -> list[str]:
    return [entry.text for entry in entries if level in (None, entry.level)]


def said(entries: Sequence[MemoryEntry], lead: Lead, category: str | None = None) -> list[str]:
    statements = [read_statement(entry.text) for entry in entries if entry.level is not Level.BEHAVIOUR]
    return [one.value for one in statements if one and one.lead is lead and category in (None, one.category)]


def test_a_value_bought_again_and_again_is_preferred() -> None:
    own = [
        bought("Shampoo", f"{BRANDS[at]} Daily Shampoo, Fragrance-Free", "No smell, which is what I wanted.", day=at)
        for at in range(4)
    ]
    entries = written(*own)
    assert said(entries, Lead.PREFERS, "Shampoo") == ["fragrance-free"]
    (taste,) = [entry for entry in entries if "prefers" in entry.text]
    assert taste.level is Level.PATTERN
    assert taste.aspect == "Scent"
    assert set(taste.behaviour_ids) == {one.behaviour_id for one in own}
    assert taste.timestamp == 3 * DAY
    assert "4 of 4 purchases" in taste.text


def test_what_everybody_buys_is_no_taste_and_neither_is_the_category() -> None:
    own = [bought("Shampoo", f"{BRANDS[at]} Daily Shampoo, {SCENTS[at]}", "Fine.") for at in range(4)]
    assert said(written(*own), Lead.PREFERS) == []


def test_synonyms_and_slips_of_the_pen_count_as_one_value() -> None:
    own = [
        bought("Shampoo", "Ardel Daily Shampoo, Unscented", "Lovely that it is fragance free."),
        bought("Shampoo", "Corvo Daily Shampoo, Fragrance Free", "Good, no scent at all."),
        bought("Shampoo", "Bexley Daily Shampoo, Scent-Free", "Perfect."),
    ]
    (value,) = said(written(*own), Lead.PREFERS, "Shampoo")
    assert key(value) in {"unscented", "fragrance free", "scent free"}


def test_what_low_ratings_share_is_avoided() -> None:
    own = [
        bought("Soap", "Ardel Hand Soap, Lavender", "The lavender is far too strong, it gave me a headache.", 1.0),
        bought("Soap", "Corvo Hand Soap, Lavender", "Awful lavender smell.", 2.0),
        bought("Soap", "Bexley Hand Soap, Citrus", "Nice."),
    ]
    entries = written(*own)
    assert "lavender" in said(entries, Lead.AVOIDS, "Soap")
    assert "lavender" not in said(entries, Lead.PREFERS)


def test_one_bad_brand_twice_is_avoided() -> None:
    own = [bought("Soap", f"Corvo Hand Soap, {scent}", "Meh.", 1.0, brand="Corvo") for scent in SCENTS[:2]]
    assert "Corvo" in said(written(*own), Lead.AVOIDS)


def test_sarcasm_does_not_praise() -> None:
    own = [
        bought("Soap", "Ardel Hand Soap, Coconut", "Oh wonderful. Just love how coconut it is. Great.", 1.0),
        bought("Soap", "Corvo Hand Soap, Coconut", "Perfect coconut, if you enjoy headaches.", 1.0),
    ]
    assert "coconut" not in said(written(*own), Lead.PREFERS)


@pytest.mark.parametrize(
    "review", ["", "ok", "...", "👍👍", "\x00\u202e", "<br />", "not not not but", "!!!!", "a" * 9000]
)
def test_empty_and_odd_reviews_do_no_harm(review: str) -> None:
    own = [bought("Soap", "", review, None, brand=None, price=None), bought("", "Soap", review, 3.0)]
    entries = written(*own)
    assert len(texts(entries, Level.BEHAVIOUR)) == 2
    assert all(len(entry.text) < 400 for entry in entries)


GIFT_REVIEWS = [
    ("Bought this for my nephew and he is happy.", "nephew"),
    ("Got these for my mom for her birthday.", "mom"),
    ("It was a birthday gift.", ""),
    ("My sister loves it, she always wears lavender.", "sister"),
    ("A present for my boss. Went down well.", "boss"),
]


@pytest.mark.parametrize(("review", "whom"), GIFT_REVIEWS)
def test_gifts_are_not_own_taste_and_say_so(review: str, whom: str) -> None:
    own = [bought("Soap", f"{brand} Hand Soap, Lavender", review) for brand in BRANDS]
    entries = written(*own)
    assert said(entries, Lead.PREFERS) == []
    assert said(entries, Lead.BUYS) == []
    for text in texts(entries, Level.BEHAVIOUR):
        assert text.startswith(f"Bought as a gift for their {whom} " if whom else "Bought as a gift ")


@pytest.mark.parametrize(
    "review", ["Would make a great gift.", "Perfect for gift cards.", "My daughter and I love it.", "For my dry skin."]
)
def test_what_is_no_gift_stays_own_taste(review: str) -> None:
    assert not read_review(bought("Soap", "Soap", review), lexicon()).for_other


def test_brand_loyalty_stands_against_the_brands_share() -> None:
    own = [bought("Shoes", f"Corvo Trail Shoes - {fit}", "Good.", brand="Corvo") for fit in FITS]
    own.append(bought("Shoes", "Ardel Trail Shoes", "Good.", brand="Ardel"))
    entries = written(*own)
    assert said(entries, Lead.BUYS, "Shoes") == ["Corvo"]
    assert "Shoes: usually buys Corvo (3 of 4)." in texts(entries)


def test_a_brand_stood_by_in_words_counts_after_one_purchase() -> None:
    own = [
        bought("Shoes", "Corvo Trail Shoes", "I always come back to Corvo.", brand="Corvo"),
        bought("Shoes", "Ardel Trail Shoes", "Fine.", brand="Ardel"),
        bought("Shoes", "Bexley Trail Shoes", "Fine.", brand="Bexley"),
    ]
    assert said(written(*own), Lead.BUYS) == ["Corvo"]


def test_prices_are_told_against_what_others_pay() -> None:
    cheap = [bought("Shoes", f"{brand} Trail Shoes", "Good.", price=25.0 + at) for at, brand in enumerate(BRANDS)]
    (text,) = [text for text in texts(written(*cheap)) if "usually pays" in text]
    assert text == "Shoes: usually pays $26 to $27; less than most buyers here."


def test_a_changed_taste_is_told_as_changed() -> None:
    old = [
        bought("Soap", f"{brand} Hand Soap, Lavender", "Love the lavender.", day=at) for at, brand in enumerate(BRANDS)
    ]
    new = [
        bought("Soap", f"{brand} Hand Soap, Fragrance-Free", "Glad it has no smell.", day=900 + at)
        for at, brand in enumerate(BRANDS)
    ]
    entries = written(*old, *new)
    (text,) = [text for text in texts(entries, Level.PATTERN) if "lately" in text]
    assert text == "Soap: lately prefers fragrance-free, no longer lavender; the last 4 purchases."
    assert "lavender" not in said(entries, Lead.PREFERS)


def test_a_change_said_in_a_review_is_believed() -> None:
    own = [
        bought("Soap", "Ardel Hand Soap, Lavender", "Real lavender.", day=1),
        bought("Soap", "Corvo Hand Soap, Lavender", "I'm done with lavender, it's citrus for me now.", 2.0, day=2),
        bought("Soap", "Bexley Hand Soap, Citrus", "Bright citrus, love it.", day=3),
    ]
    statements = [read_statement(text) for text in texts(written(*own), Level.PATTERN)]
    assert [(one.value, one.formerly) for one in statements if one and one.lead is Lead.LATELY] == [
        ("citrus", "lavender")
    ]


@pytest.mark.parametrize(
    ("review", "value"),
    [
        ("Next time I'll look for wide fit.", "wide fit"),
        ("I always buy wide fit shoes.", "wide fit"),
        ("As a lefty I have wide feet.", "wide fit"),
        ("Wide fit would have made it perfect.", "wide fit"),
    ],
)
def test_wishes_said_outright_are_believed(review: str, value: str) -> None:
    own = [bought("Shoes", "Ardel Trail Shoes", review), bought("Shoes", "Corvo Trail Shoes", "Fine.")]
    assert any(value in one for one in said(written(*own), Lead.PREFERS, "Shoes"))


def test_an_allergy_is_avoided_wherever_it_is_said() -> None:
    own = [bought("Soap", "Ardel Hand Soap", "I'm allergic to coconut, so this is a relief."), bought("Soap", "Soap")]
    assert said(written(*own), Lead.AVOIDS) == ["coconut"]


def test_what_recurs_across_categories_is_in_the_profile() -> None:
    own = [
        bought(category, f"{brand} Daily {category}, Fragrance-Free", "No smell, perfect.")
        for category in ("Shampoo", "Soap")
        for brand in BRANDS[:2]
    ]
    assert "Across categories: prefers fragrance-free (Shampoo, Soap)." in texts(written(*own), Level.PROFILE)


def test_whom_one_shops_for_is_in_the_profile() -> None:
    own = [
        bought("Soap", "Ardel Hand Soap", "Mild enough for my toddler."),
        bought("Shampoo", "Ardel Daily Shampoo", "No tears for our toddler."),
    ]
    assert any("toddler" in value for value in said(written(*own), Lead.SHOPS_FOR))


def test_complaints_that_recur_are_told_by_aspect() -> None:
    own = [
        bought("Shoes", f"{brand} Trail Shoes", review, 2.0, brand=brand)
        for brand, review in zip(BRANDS, ("The sole broke.", "Broke in a week.", "Fell apart.", "Slow."), strict=True)
    ]
    others = [bought("Shoes", "Corvo Trail Shoes", "Held up well, durable.", user=f"more-{at}") for at in range(20)]
    writer = ExtractiveWriter()
    writer.fit([*OTHERS, *others, *own])
    (text,) = [text for text in texts(writer.write_user(ANN, own)) if "cares about" in text]
    assert text == "Shoes: cares about Durability; complained (broke and fell apart) in 3 of 4 reviews."


def test_a_behaviour_reads_as_a_sentence() -> None:
    writer = ExtractiveWriter()
    writer.fit(OTHERS)
    review = "Arrived on Monday. The grip on wet rock is excellent! I will buy again."
    one = bought("Shoes", "Trail Shoes for Women - Deep Lugs, Blue, Size 8", review, 5.0, brand="Corvo")
    assert behaviour_text(writer.corpus.read(one)) == (
        'Bought "Trail Shoes for Women" (Corvo), 5 stars: The grip on wet rock is excellent.'
    )
    bare = bought("Shoes", "Corvo Trail Shoes", "", None, brand="Corvo")
    assert behaviour_text(writer.corpus.read(bare)) == 'Bought "Corvo Trail Shoes".'
    assert ", 1 star" in behaviour_text(writer.corpus.read(bought("Shoes", "Shoes", "", 1.0)))


def test_entries_are_short_and_every_statement_can_be_read_again() -> None:
    own = [
        bought(
            category, f"{brand} {category}, {scent}", "I love the lavender but hate coconut, it is too strong.", rating
        )
        for category in ("Shampoo", "Soap", "Shoes")
        for brand, scent, rating in zip(BRANDS, SCENTS, (5.0, 4.0, 1.0, 2.0), strict=True)
    ]
    entries = written(*own)
    for entry in entries:
        assert len(entry.text.split()) <= 34
        if entry.level is not Level.BEHAVIOUR:
            statement = read_statement(entry.text)
            assert statement is not None
            assert statement.text() == entry.text


def test_the_same_history_gives_the_same_entries_in_any_order() -> None:
    own = [bought("Soap", f"{b} Hand Soap, {s}", "Nice.", day=3) for b in BRANDS for s in SCENTS]
    writer = ExtractiveWriter()
    writer.fit([*OTHERS, *own])
    forth = writer.write_user(ANN, own)
    writer.fit(list(reversed([*OTHERS, *own])))
    assert writer.write_user(ANN, list(reversed(own))) == forth
    assert len({entry.entry_id for entry in forth}) == len(forth)


def test_a_scenarios_buyers_weigh_what_parts_chosen_from_left() -> None:
    chosen = [
        bought(
            "Dog Shampoo", f"{BRANDS[at % 4]} Dog Shampoo, Fragrance-Free", "Love that it has no smell, he gets itchy."
        )
        for at in range(8)
    ]
    writer = ExtractiveWriter()
    writer.fit([*OTHERS, *chosen])
    left = tuple(f"{brand} Dog Shampoo, {scent}" for brand in BRANDS for scent in ("Lavender", "Citrus"))
    entries = writer.write_scenario("Dog Shampoo", [Choice(None, one, left) for one in chosen])
    assert 0 < len(entries) <= 8
    first = entries[0]
    assert first.text.startswith("Scent: buyers of dog shampoo weigh how it smells: fragrance-free")
    assert (first.level, first.user_id, first.category, first.aspect) == (Level.GLOBAL, None, "Dog Shampoo", "Scent")
    assert not any(brand in entry.text for entry in entries for brand in BRANDS)
    assert writer.write_scenario("Dog Shampoo", []) == []


LEASHES = ("Classic Two-Metre", "Long Five-Metre", "Hands-Free Waist", "Elastic City")


def _leashes(user: str, lengths: Sequence[str], review: str) -> list[Behaviour]:
    return [
        bought(
            "Dog Leash",
            f"{BRANDS[at % 4]} Dog Leash - {length} - Brass Hook",
            review,
            brand=BRANDS[at % 4],
            user=user,
            text=f"{length}, so he stays between you and the road\nNever enough hooks for the price",
            day=at,
        )
        for at, length in enumerate(lengths)
    ]


def test_values_are_whole_phrases_of_listings() -> None:
    others = [one for user in range(8) for one in _leashes(f"walker-{user}", LEASHES, "Fine.")]
    own = _leashes("ann", (LEASHES[0],) * 3, "The classic two-metre one stays close enough, between us two.")
    writer = ExtractiveWriter()
    writer.fit([*OTHERS, *others, *own])
    assert said(writer.write_user(ANN, own), Lead.PREFERS, "Dog Leash") == ["classic two-metre"]


def test_a_brand_bought_once_and_named_in_praise_is_told() -> None:
    own = [
        bought("Shoes", "Corvo Trail Shoes", "My first pair from Corvo and not my last.", brand="Corvo"),
        bought("Shoes", "Ardel Trail Shoes", "Fine.", brand="Ardel"),
        bought("Shoes", "Bexley Trail Shoes", "Fine.", brand="Bexley"),
    ]
    assert said(written(*own), Lead.BUYS) == ["Corvo"]


def test_praise_by_name_counts_whatever_the_phrase_ends_with_or_where_in_the_title_it_stands() -> None:
    """ "Balm" names products here, and the phrase opens each title: bought alone it says nothing, praised it does."""
    forms = ("Solid Balm", "Spray Mist", "Roll Stick")
    shop = [
        bought("Perfume", f"{form} Perfume, {scent}", "Smells fine.", user=f"p{n}{at}", text=f"{form} in a tin")
        for at, form in enumerate(forms)
        for n, scent in enumerate(SCENTS)
    ]
    own = [bought("Perfume", f"Solid Balm Perfume, {scent}", text="Solid balm in a tin") for scent in SCENTS[:2]]
    praised = [
        bought("Perfume", f"Solid Balm Perfume, {scent}", "The solid balm is lovely.", text="Solid balm in a tin")
        for scent in SCENTS[:2]
    ]
    writer = ExtractiveWriter()
    writer.fit([*OTHERS, *shop, *own, *praised])
    assert "solid balm" not in [value.lower() for value in said(writer.write_user(ANN, own), Lead.PREFERS)]
    assert "solid balm" in [value.lower() for value in said(writer.write_user(ANN, praised), Lead.PREFERS)]
