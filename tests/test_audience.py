"""Whom an item is for, and whom a request is for: a child's age, men or women."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.catalogue.audience import asked_age, asked_sex, suits_age, suits_sex
from assistant.catalogue.build import build_catalogue
from assistant.catalogue.constraints import describe, read_constraints
from assistant.catalogue.search import Catalogue
from assistant.types import Item
from memory_store.embedding import Embedder


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("a present for a 6 year old who loves dinosaurs", 6),
        ("an outdoor toy for a four year old", 4),
        ("she is turning seven", 7),
        ("my daughter is turning 6 on Saturday", 6),
        ("puzzle for my 10yo", 10),
        ("for 8-year-olds", 8),
        ("a gift for my 45 year old brother", None),
        ("6 pack of socks, size 8", None),
    ],
)
def test_the_age_that_is_asked_for(text: str, age: int | None) -> None:
    assert asked_age(text) == age


@pytest.mark.parametrize(
    ("text", "sex"),
    [
        ("mens merino base layer", "men"),
        ("men's wool socks", "men"),
        ("walking boots womens wide fit", "women"),
        ("perfume for a woman who has everything", "women"),
        ("a book about women in science, easier for her to read", None),
        ("for a boy who loves football", "men"),
        ("men's and women's slippers", None),
        ("a Spider-Man mug", None),
        ("a menswear catalogue", None),
    ],
)
def test_the_sex_that_is_asked_for(text: str, sex: str | None) -> None:
    assert asked_sex(text) == sex


@pytest.mark.parametrize(
    ("title", "suits"),
    [
        ("Blocks, Preschool, 3 4 5 Year Olds", False),
        ("Blocks, 1 and 2 Year Olds", False),
        ("Puzzle, Ages 5-15", True),
        ("Puzzle, Ages 4+", True),
        ("Puzzle, age 8 and up", False),
        ("Car Seat Liner for Children 1 – 4 Years Old", False),
        ("Teether, Ages 3 Months +", True),
        ("Globe, 80 pieces", True),
    ],
)
def test_items_that_state_other_ages_do_not_suit(title: str, suits: bool) -> None:
    assert suits_age(Item("a", title), 6) is suits


@pytest.mark.parametrize(
    ("title", "categories", "suits"),
    [
        ("Base layer for Men", (), True),
        ("Base layer for Women", (), False),
        ("Base layer", ("Clothing", "Women"), False),
        ("Slippers for men and women", (), True),
        ("Base layer", ("Clothing",), True),
    ],
)
def test_items_for_the_others_do_not_suit(title: str, categories: tuple[str, ...], suits: bool) -> None:
    assert suits_sex(Item("a", title, categories=categories), "men") is suits


def test_a_search_leaves_out_what_is_for_others_and_says_so(tmp_path: Path, embedder: Embedder) -> None:
    ages = ("1 and 2 Year Olds", "3 4 5 Year Olds", "6 7 8 Year Olds", "Ages 5+", "all ages")
    build_catalogue(tmp_path, [Item(str(n), f"Dinosaur puzzle, {text}") for n, text in enumerate(ages)], embedder)
    catalogue = Catalogue.open(tmp_path, embedder)
    constraints, rest = read_constraints("a dinosaur puzzle for a 6 year old")
    assert rest == "a dinosaur puzzle for a 6 year old" and describe(constraints) == ("for age 6",)
    found = catalogue.search(rest, constraints=constraints)
    assert set(found.item_ids) == {"2", "3", "4"} and found.filters == ("for age 6",)
    men, _ = read_constraints("a dinosaur puzzle for men")
    assert describe(men) == ("for men",) and len(catalogue.search("puzzle", constraints=men).item_ids) == 5
