"""Measures that texts state and how near they are to each other; that a search favours what suits the one who asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.catalogue.build import build_catalogue
from assistant.catalogue.measures import Measure, nearness, read_measures
from assistant.catalogue.search import Catalogue
from assistant.types import Item
from memory_store.embedding import Embedder


@pytest.mark.parametrize(
    ("text", "dimension", "low", "high"),
    [
        ("nonstick frying pan 28cm", "length", 0.28, 0.28),
        ("a really long one, like ten feet, usb c", "length", 3.048, 3.048),
        ("Garden Hose, 15 m", "length", 15.0, 15.0),
        ('sleeve for a 15.6" laptop', "length", 0.396, 0.396),
        ("tv 55 in. cheap", "length", 1.397, 1.397),
        ("Wiper Blades 650-700 mm", "length", 0.65, 0.70),
        ("not more than 3 feet wide", "length", 0.572, 0.914),
        ("at least 50 cm deep", "length", 0.5, 0.8),
        ("kettle, about 1.5 litres", "volume", 1.5, 1.5),
        ("half-gallon? no: 2 gallons", "volume", 7.57, 7.57),
        ("15 lb cat", "weight", 6.804, 6.804),
        ("26,000 mAh", "charge", 26000.0, 26000.0),
        ("size 5 diapers bulk box", "size", 5.0, 5.0),
    ],
)
def test_a_measure_is_read_in_base_units(text: str, dimension: str, low: float, high: float) -> None:
    [measure] = read_measures(text)
    assert measure.dimension == dimension
    assert (measure.low, measure.high) == pytest.approx((low, high), rel=0.01)


@pytest.mark.parametrize(
    "text",
    [
        "3 in 1 charger",
        "I have 2 in my kitchen",
        "for someone 6'3\", lower back pain",
        "size large",
        "a gift for two",
        "0 cm",
        "B12m model",
        "",
    ],
)
def test_what_is_no_measure_is_not_read(text: str) -> None:
    assert read_measures(text) == []


def test_each_side_of_a_rug_is_a_measure() -> None:
    assert [measure.low for measure in read_measures("Rug, 140 x 200 cm")] == pytest.approx([1.4, 2.0])
    assert [measure.low for measure in read_measures("rug 5 x 7 ft")] == pytest.approx([1.524, 2.134], rel=0.01)


def test_nearness_falls_with_the_ratio_in_one_dimension_only() -> None:
    asked = [Measure("length", 0.28, 0.28)]
    assert nearness(asked, read_measures("11 inch pan")) == 1.0
    assert 0.4 < nearness(asked, read_measures("24 cm pan")) < 0.7
    assert nearness(asked, read_measures("60 cm pan")) == 0.0
    assert nearness(asked, read_measures("0.28 litres")) == nearness([], read_measures("1 l")) == 0.0
    assert nearness(read_measures("26 inch"), read_measures("650-700 mm")) == 1.0
    assert nearness(read_measures("size 5"), read_measures("size 4")) == 0.0
    both = read_measures("2 l, 30 cm")
    assert nearness(both, read_measures("30 cm")) == 0.5


def test_a_search_favours_the_measure_asked_for_in_any_unit(tmp_path: Path, embedder: Embedder) -> None:
    lengths = ("5 m", "10 m", "15 m", "25 m", "40 m")
    items = [Item(f"{n}", f"Garden Hose, {length}", None, "Garden", ("Hose",)) for n, length in enumerate(lengths)]
    items.append(Item("5", "Garden Hose, extra long", None, "Garden", ("Hose",), features=("Runs to 50 feet",)))
    items.append(Item("6", "Garden Hose, 40 m", None, "Garden", ("Hose",), features=("Room for 15 m on its reel",)))
    items += [Item(f"9{n:02}", f"Wool blanket no. {n}", None, "Home", ("Blanket",)) for n in range(40)]
    build_catalogue(tmp_path, items, embedder)
    catalogue = Catalogue.open(tmp_path, embedder)
    found = catalogue.search("garden hose 50ft")
    assert set(found.item_ids[:2]) == {"2", "5"}
    [ranking] = catalogue.search_many(["garden hose 50ft"])
    assert ranking.item_ids == found.item_ids


def test_what_is_for_the_left_hand_comes_first_only_when_asked_for(tmp_path: Path, embedder: Embedder) -> None:
    titles = [f"{maker} Scissors, {hand}" for maker in ("Ory", "Hale") for hand in ("Left-Handed", "Right-Handed")]
    titles += [f"Wool blanket no. {number}" for number in range(40)]
    items = [Item(f"{n:02}", title, None, "Office", ("Office",)) for n, title in enumerate(titles)]
    build_catalogue(tmp_path, items, embedder)
    catalogue = Catalogue.open(tmp_path, embedder)
    assert set(catalogue.search("scissors").item_ids[:2]) == {"01", "03"}
    assert set(catalogue.search("scissors, I'm left handed").item_ids[:2]) == {"00", "02"}
