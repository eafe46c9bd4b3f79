"""The demo world: the same seed gives the same bytes, and what it promises of items, histories and requests holds."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from typer.testing import CliRunner

from assistant.datasets.demo import SEED, build_demo_world
from assistant.datasets.demo.cli import app
from assistant.datasets.demo.describe import describe, draw
from assistant.datasets.demo.folder import write_world
from assistant.datasets.demo.people import NEAR_ALTERNATIVES
from assistant.datasets.demo.wording import capital, listing, sentence, slip, spin
from assistant.datasets.demo.world import World, grow_world
from assistant.datasets.folder import DatasetFolder
from assistant.errors import DatasetError


@pytest.fixture(scope="module")
def world() -> World:
    return grow_world(SEED)


@pytest.fixture(scope="module")
def folder(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demo") / "world"
    write_world(world, out)
    return out


def test_the_same_seed_gives_the_same_bytes_in_another_process(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "again"
    code = f"from pathlib import Path; from assistant.datasets.demo import build_demo_world as b; b(Path({str(out)!r}))"
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONHASHSEED": "123"})
    assert _hashes(out) == _hashes(folder)


def test_the_folder_is_read_without_a_complaint(folder: Path) -> None:
    dataset = DatasetFolder(folder)
    items = {item.item_id for item in dataset.items()}
    assert len(items) >= 8_000
    interactions = list(dataset.interactions())
    assert {row.item_id for row in interactions} <= items
    users = list(dataset.users())
    assert len([user for user in users if not user.persona]) >= 600
    assert len([user for user in users if user.persona]) == 8
    assert {request.split for request in dataset.requests()} == {"train", "dev", "test"}
    assert not dataset.report.problems


def test_an_item_says_all_its_values(world: World) -> None:
    for product in world.products():
        said = " ".join((product.item.title, *product.item.features)).lower()
        for value in product.values.values():
            assert value.name.lower() in said, (product.item_id, value.name)


def test_texts_are_finished(world: World) -> None:
    for product in world.products():
        assert not set(product.item.text()) & set("{}[]|") - {"|"}, product.item
    for life in world.lives:
        for purchase in life.bought:
            assert not set(purchase.review.text + purchase.review.title) & set("{}[]\0"), purchase.review
        for asked in life.asked:
            assert not set(asked.text + asked.oracle_profile) & set("{}[]\0"), asked.text


def test_histories(world: World) -> None:
    for life in world.lives:
        ids = [purchase.product.item_id for purchase in life.bought]
        assert len(ids) == len(set(ids))
        times = [purchase.timestamp for purchase in life.bought]
        assert times == sorted(times)
        if life.persona is None:
            assert 20 <= len(ids) <= 150


def test_requests_come_after_and_ask_for_what_was_never_bought(world: World) -> None:
    for life in world.lives:
        bought = {purchase.product.item_id for purchase in life.bought}
        last = life.bought[-1].timestamp
        for asked in life.asked:
            assert asked.target.item_id not in bought
            assert asked.timestamp > last


def test_a_taste_singles_out_its_target_among_many(world: World) -> None:
    for life in world.lives:
        for taste in life.shopper.tastes.values():
            shelf = world.shelves[taste.kind.name]
            assert life.persona is not None or [product for product in shelf if taste.fits(product)] == [taste.target]
            assert len(shelf) > NEAR_ALTERNATIVES


def test_most_requests_leave_the_taste_unsaid(world: World) -> None:
    asked = [one for life in world.lives for one in life.asked]
    assert sum(one.unsaid for one in asked) > len(asked) / 2
    for one in asked:
        if one.unsaid:
            assert one.target.brand.name not in one.text
    assert {one.manner for one in asked} == {"taste", "specified", "never", "contrary", "present"}


def test_never_means_never(world: World) -> None:
    for life in world.lives:
        kinds = {purchase.product.kind.name for purchase in life.bought}
        for asked in life.asked:
            assert asked.manner != "never" or asked.target.kind.name not in kinds


def test_a_taste_shows_in_the_history(world: World) -> None:
    """Of what is asked for, nearly every wanted value was bought and liked, or missed in words."""
    shown = wanted = 0
    for life in world.lives:
        words = " ".join(purchase.review.text.lower() for purchase in life.bought)
        for asked in life.asked:
            if asked.manner != "taste":
                continue
            for name, value in life.shopper.tastes[asked.target.kind.name].values.items():
                wanted += 1
                shown += value.lower() in words or any(
                    purchase.product.has(name, value) and purchase.review.rating >= 4 for purchase in life.bought
                )
    assert shown / wanted > 0.97


def test_describe_and_draw(world: World, tmp_path: Path) -> None:
    lines = list(describe(world, samples=2))
    assert "28 departments" in lines[0]
    draw(world, tmp_path / "world.svg")
    assert (tmp_path / "world.svg").stat().st_size > 5_000
    with pytest.raises(DatasetError, match=r"\.png or a \.svg"):
        draw(world, tmp_path / "world.txt")


def test_a_world_to_train_in_has_train_shoppers_only_who_ask_as_often_as_wanted(tmp_path: Path) -> None:
    build_demo_world(tmp_path / "once", seed=101, shoppers=3)
    build_demo_world(tmp_path / "thrice", seed=101, shoppers=3, rounds=3)
    once, thrice = (list(DatasetFolder(tmp_path / name).requests()) for name in ("once", "thrice"))
    assert {row.split for row in thrice} == {"train"} and {row.user_id for row in once} == {
        row.user_id for row in thrice
    }
    assert 6 <= len(once) <= 12 and 18 <= len(thrice) <= 36
    assert len({row.request_id for row in thrice}) == len(thrice)


def test_a_folder_in_use_is_not_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    monkeypatch.setattr("assistant.datasets.demo.world.grow_world", lambda seed, progress=None, **more: world)
    with pytest.raises(DatasetError, match="not empty"):
        build_demo_world(tmp_path)


def test_command(monkeypatch: pytest.MonkeyPatch, world: World, tmp_path: Path) -> None:
    monkeypatch.setattr("assistant.datasets.demo.world.grow_world", lambda seed, progress=None, **more: world)
    built = CliRunner().invoke(app, ["build", str(tmp_path / "out")])
    assert built.exit_code == 0, built.output
    assert (tmp_path / "out" / "items.jsonl.gz").exists()
    shown = CliRunner().invoke(app, ["describe", "--samples", "1"])
    assert "requests:" in shown.output


def test_wording() -> None:
    rng = Random(1)
    assert spin("[a|a] b", rng) == "a b"
    assert sentence("it fits") == "It fits."
    assert sentence("it fits!") == "It fits!"
    assert capital("été") == "Été"
    assert listing(["a", "b", "c"]) == "a, b and c"
    assert slip("no", rng) == "no"
    assert slip("remarkable", rng) != "remarkable"


def _hashes(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_what_stands_on_a_small_shelf_is_for_visitors_only(world: World) -> None:
    small = {name: products for name, products in world.shelves.items() if products[0].kind.shelf}
    assert len(small) >= 50
    assert all(len(products) == products[0].kind.shelf for products in small.values())
    for life in world.lives:
        assert not {purchase.product.kind.name for purchase in life.bought} & small.keys()
        assert not {asked.target.kind.name for asked in life.asked} & small.keys()
