"""The items in SQLite: what goes in comes out, in order, from every thread."""

from __future__ import annotations

import threading
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.catalogue.items import Items
from assistant.types import Item

_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
_ITEM = st.builds(
    Item,
    item_id=_TEXT.filter(bool),
    title=_TEXT,
    brand=st.none() | _TEXT,
    category=_TEXT,
    categories=st.lists(_TEXT, max_size=3).map(tuple),
    price=st.none() | st.floats(0, 1e6),
    average_rating=st.none() | st.floats(1, 5),
    rating_number=st.none() | st.integers(0, 10**9),
    features=st.lists(_TEXT, max_size=3).map(tuple),
    description=_TEXT,
    picture=st.none() | st.dictionaries(st.sampled_from(("shape", "colour")), _TEXT, max_size=2),
)


def test_an_item_comes_back_as_it_went_in(tmp_path: Path) -> None:
    items = Items(tmp_path / "items.sqlite")

    @settings(max_examples=60, deadline=None)
    @given(_ITEM)
    def check(item: Item) -> None:
        items.add_many([item])
        assert items.get(item.item_id) == item

    check()


def test_many_keeps_the_order_asked_for_and_leaves_out_the_unknown(tmp_path: Path) -> None:
    items = Items(tmp_path / "items.sqlite")
    items.add_many(Item(f"i{number}", f"Title {number}") for number in range(1500))
    wanted = [f"i{number}" for number in range(1400, 2, -1)]
    assert list(items.many([*wanted, "nowhere", "' OR 1=1 --"])) == wanted
    assert items.get("nowhere") is None
    assert items.count() == 1500


def test_adding_again_changes_nothing_and_the_last_of_an_id_wins(tmp_path: Path) -> None:
    items = Items(tmp_path / "items.sqlite")
    rows = [Item("a", "Old"), Item("b", "Other"), Item("a", "New")]
    assert items.add_many(iter(rows)) == 3
    items.add_many(iter(rows))
    assert [item.title for item in items.in_order()] == ["New", "Other"]


def test_the_order_is_by_category_and_then_by_code_points(tmp_path: Path) -> None:
    items = Items(tmp_path / "items.sqlite")
    ids = ["Z", "a", "é", "B0", "\U0001f600", "b"]
    items.add_many(Item(item_id, "", category=category) for category in ("Toys", "", "Books") for item_id in ids[:2])
    items.add_many(Item(item_id, "", category="Toys") for item_id in ids)
    order = [(item.category, item.item_id) for item in items.in_order()]
    assert order == sorted(order)
    assert list(items.categories()) == sorted(items.categories())


def test_threads_read_at_once(tmp_path: Path) -> None:
    items = Items(tmp_path / "items.sqlite")
    items.add_many(Item(f"i{number}", "") for number in range(100))
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(len(list(items.in_order())))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [100] * 6
    items.close()
    assert items.count() == 100
