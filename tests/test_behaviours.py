"""Behaviour records."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from memory_store.behaviours import Behaviours
from memory_store.database import Database
from memory_store.types import Behaviour
from memory_store.users import Users

SHOE = Behaviour("b1", "ann", "i1", "Shoe", "Acme", "Shoes", 19.5, "Light.", 4.0, "Good", "Fits.", 2000)


@pytest.fixture
def database(tmp_path: Path):
    opened = Database(tmp_path / "memory.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def behaviours(database: Database) -> Behaviours:
    return Behaviours(database)


def test_records_come_back_oldest_first_and_unknown_time_before(behaviours: Behaviours) -> None:
    older = replace(SHOE, behaviour_id="b2", timestamp=1000)
    timeless = replace(SHOE, behaviour_id="b3", timestamp=None, brand=None, price=None, rating=None)
    assert behaviours.add_many(iter([SHOE, older, timeless])) == 3
    assert behaviours.of_user("ann") == [timeless, older, SHOE]


def test_adding_again_changes_nothing_but_what_changed(behaviours: Behaviours) -> None:
    assert behaviours.add_many([SHOE]) == 1
    assert behaviours.add_many([SHOE, replace(SHOE, title="Shoe 2")]) == 0
    assert behaviours.of_user("ann") == [replace(SHOE, title="Shoe 2")]


def test_an_unknown_user_is_added_and_a_known_one_kept(database: Database, behaviours: Behaviours) -> None:
    behaviours.add_many([SHOE])
    user = Users(database).get("ann")
    assert user is not None and user.name == "ann"


def test_by_category(behaviours: Behaviours) -> None:
    hat = replace(SHOE, behaviour_id="b2", category="Hats")
    behaviours.add_many([SHOE, replace(SHOE, behaviour_id="b3"), hat])
    assert behaviours.categories("ann") == {"Shoes": 2, "Hats": 1}
    assert behaviours.of_user("ann", "Hats") == [hat]
    assert behaviours.user_ids() == ["ann"]
    assert behaviours.count() == 3


def test_another_users_records_are_out_of_reach(behaviours: Behaviours) -> None:
    other = replace(SHOE, behaviour_id="b9", user_id="bob")
    behaviours.add_many([SHOE, other])
    assert behaviours.get("bob", ["b1", "b9", "b9", "none"]) == [other]
    assert behaviours.of_user("bob") == [other]
    with pytest.raises(ValueError, match="b1"):
        behaviours.add_many([replace(other, behaviour_id="b1")])
    assert behaviours.of_user("ann") == [SHOE]
