"""The dataset folder's reader: every wrong row is counted under its reason, with its line."""

from __future__ import annotations

import gzip
import io
import json
import os
from pathlib import Path

import pytest

from assistant.datasets.folder import LINE_BYTES, DatasetFolder
from assistant.datasets.report import Problem
from assistant.errors import DatasetError

ITEM = {"item_id": "i1", "title": "Oat shampoo"}
INTERACTION = {"user_id": "u1", "item_id": "i1", "rating": 5.0, "title": "Good", "text": "Mild.", "timestamp": None}
REQUEST = {"request_id": "r1", "user_id": "u1", "request": "shampoo", "target_item_ids": ["i1"], "split": "dev"}


def lines(*rows: object) -> bytes:
    return b"".join(row if isinstance(row, bytes) else json.dumps(row).encode() + b"\n" for row in rows)


def folder(path: Path, **files: bytes) -> DatasetFolder:
    for name, content in ({"items": lines(ITEM), "interactions": lines(INTERACTION)} | files).items():
        (path / f"{name}.jsonl").write_bytes(content)
    return DatasetFolder(path)


def problem(dataset: DatasetFolder, reason: str) -> Problem:
    found = [problem for problem in dataset.report.problems if problem.reason == reason]
    assert found, [problem.reason for problem in dataset.report.problems]
    return found[0]


def test_good_rows_come_through_whole(tmp_path: Path) -> None:
    item = ITEM | {
        "brand": "Oatly & Co",
        "category": "Hair",
        "categories": ["Beauty", "Hair"],
        "price": 12,
        "average_rating": 4.5,
        "rating_number": 10,
        "features": ["vegan"],
        "description": "Mild.\nFor all hair.",
        "picture": {"shape": "bottle", "colour": "#aabbcc"},
    }
    dataset = folder(tmp_path, items=lines(item), requests=lines(REQUEST | {"memory": "alone"}))
    (read,) = dataset.items()
    assert read.price == 12.0 and read.rating_number == 10 and read.categories == ("Beauty", "Hair")
    assert read.description == "Mild.\nFor all hair." and read.picture == {"shape": "bottle", "colour": "#aabbcc"}
    (interaction,) = dataset.interactions()
    assert (interaction.user_id, interaction.rating, interaction.line) == ("u1", 5.0, 1)
    (request,) = dataset.requests()
    assert request.target_item_ids == ("i1",) and request.memory == "alone" and request.oracle_profile is None
    assert list(dataset.users()) == [] and dataset.report.problems == ()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"{broken\n", "broken JSON"),
        (b"[" * 100_000 + b"\n", "broken JSON"),
        (b'{"item_id": "a", "title": "\xff\xfe"}\n', "not UTF-8"),
        (b"[1, 2]\n", "not a JSON object"),
        (b'{"item_id": "' + b"x" * LINE_BYTES + b'"}\n', "line longer than 4 MiB"),
        ({"title": "no id"}, "item_id: missing"),
        ({"item_id": ["a"], "title": "x"}, "item_id: not a text"),
        ({"item_id": "a\x00b", "title": "x"}, "item_id: not 1 to 200 visible characters"),
        ({"item_id": "x" * 201, "title": "x"}, "item_id: not 1 to 200 visible characters"),
        ({"item_id": "a"}, "title: missing"),
        ({"item_id": "a", "title": 7}, "title: not a text"),
        ({"item_id": "a", "title": " \x00 "}, "title: empty"),
        (ITEM, "duplicate"),
    ],
)
def test_a_bad_item_is_skipped_and_counted(tmp_path: Path, row: object, reason: str) -> None:
    dataset = folder(tmp_path, items=lines(ITEM, row, {"item_id": "i2", "title": "Comb"}))
    assert [item.item_id for item in dataset.items()] == ["i1", "i2"]
    found = problem(dataset, reason)
    assert (found.count, found.lines, found.outcome) == (1, [2], "row skipped")
    assert dataset.report.skipped() == 1 and dataset.report.rows == {"items.jsonl": 3}


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("price", -3, "price: not between 0 and 1e+09"),
        ("price", float("nan"), "price: not a finite number"),
        ("price", float("inf"), "price: not a finite number"),
        ("price", "12.99", "price: not a number"),
        ("price", True, "price: not a number"),
        ("average_rating", 11, "average_rating: not between 1 and 5"),
        ("rating_number", -1, "rating_number: not between 0 and 1e+09"),
        ("features", "vegan", "features: not a list of texts"),
        ("categories", [1], "categories: not a list of texts"),
        ("picture", {"shape": "<script>"}, "picture: not plain words"),
        ("brand", {}, "brand: not a text"),
    ],
)
def test_a_wrong_optional_value_is_dropped_and_counted(tmp_path: Path, field: str, value: object, reason: str) -> None:
    dataset = folder(tmp_path, items=lines(ITEM | {field: value}))
    (item,) = dataset.items()
    assert not getattr(item, field)
    assert problem(dataset, reason).outcome == "value dropped"


def test_overlong_text_and_control_characters_are_cut(tmp_path: Path) -> None:
    surrogate = b'{"item_id": "s", "title": "half \\ud83d pair\\u0000"}\n'
    dataset = folder(tmp_path, items=lines(ITEM | {"description": "x" * 30_000, "title": "a\r\nb"}, surrogate))
    long, odd = dataset.items()
    assert len(long.description) == 20_000 and long.title == "a\nb"
    assert odd.title == "half  pair" and odd.title.encode()
    assert problem(dataset, "description: longer than 20,000 characters").outcome == "text cut"
    assert problem(dataset, "title: control characters").lines == [2]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"rating": 0}, "rating: not between 1 and 5"),
        ({"rating": 6}, "rating: not between 1 and 5"),
        ({"rating": "5"}, "rating: not a number"),
        ({"timestamp": 12}, "timestamp: not between 1990 and tomorrow (milliseconds)"),
        ({"timestamp": 10**18}, "timestamp: not between 1990 and tomorrow (milliseconds)"),
        ({"timestamp": "2020-01-01"}, "timestamp: not a whole number of milliseconds"),
        ({"text": ["a"]}, "text: not a text"),
        ({"user_id": None}, "user_id: missing"),
        ({}, "duplicate"),
    ],
)
def test_a_doubtful_interaction_is_skipped(tmp_path: Path, change: dict[str, object], reason: str) -> None:
    dataset = folder(tmp_path, interactions=lines(INTERACTION, INTERACTION | change))
    assert len(list(dataset.interactions())) == 1
    assert problem(dataset, reason).lines == [2]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"target_item_ids": []}, "target_item_ids: not a list of one id or more"),
        ({"target_item_ids": [3]}, "target_item_ids: not a text"),
        ({"split": "final"}, "split: not one of train, dev, test"),
        ({"memory": "perhaps"}, "memory: not one of helps, alone"),
        ({"request": ""}, "request: empty"),
    ],
)
def test_a_wrong_request_is_skipped(tmp_path: Path, change: dict[str, object], reason: str) -> None:
    dataset = folder(tmp_path, requests=lines(REQUEST | {"request_id": "r2"} | change))
    assert list(dataset.requests()) == [] and problem(dataset, reason).count == 1


def test_users_with_openers_and_avatar(tmp_path: Path) -> None:
    user = {"user_id": "u1", "name": "Ada", "persona": True, "openers": ["tea", ""], "avatar": {"hair": "short"}}
    dataset = folder(tmp_path, users=lines(user, {"user_id": "u2", "name": "Bo", "persona": "yes"}))
    (ada,) = dataset.users()
    assert ada.openers == ("tea",) and ada.persona and ada.avatar == {"hair": "short"}
    assert problem(dataset, "persona: not true or false").lines == [2]


def test_unknown_fields_are_noted_once(tmp_path: Path) -> None:
    dataset = folder(tmp_path, items=lines(ITEM | {"weight": 3}, {"item_id": "i2", "title": "b", "weight": 4}))
    assert len(list(dataset.items())) == 2
    assert problem(dataset, "unknown field 'weight': not read").count == 1 and dataset.report.skipped() == 0


def test_reading_again_counts_anew(tmp_path: Path) -> None:
    dataset = folder(tmp_path, items=lines(ITEM, ITEM))
    assert [len(list(dataset.items())) for _ in range(2)] == [1, 1]
    assert problem(dataset, "duplicate").count == 1 and dataset.report.rows == {"items.jsonl": 2}


def test_the_report_names_five_lines_and_the_count(tmp_path: Path) -> None:
    from rich.console import Console

    dataset = folder(tmp_path, items=lines(ITEM, *[b"{[bold]\n"] * 9))
    list(dataset.items())
    assert problem(dataset, "broken JSON").lines == [2, 3, 4, 5, 6]
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(dataset.report.table())
    assert "2, 3, 4, 5, 6, …" in console.export_text()
    json.dumps(dataset.report.to_dict())


def test_gzip_and_plain_hold_the_same(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    plain = folder(tmp_path / "a")
    for name in ("items", "interactions"):
        (tmp_path / "b" / f"{name}.jsonl.gz").write_bytes(gzip.compress((tmp_path / f"a/{name}.jsonl").read_bytes()))
    packed = DatasetFolder(tmp_path / "b")
    assert list(packed.items()) == list(plain.items())
    assert packed.content_hash() == plain.content_hash()
    (tmp_path / "a/items.jsonl").write_bytes(lines(ITEM | {"title": "Other"}))
    assert packed.content_hash() != plain.content_hash()


def test_a_damaged_gzip_says_where(tmp_path: Path) -> None:
    folder(tmp_path)
    (tmp_path / "items.jsonl").unlink()
    rows = lines(*({"item_id": f"i{n}", "title": os.urandom(40).hex()} for n in range(2_000)))
    (tmp_path / "items.jsonl.gz").write_bytes(gzip.compress(rows)[:-5_000])
    with pytest.raises(DatasetError, match=r"items\.jsonl\.gz is damaged after line 1,\d\d\d"):
        list(DatasetFolder(tmp_path).items())


@pytest.mark.parametrize("kind", ["absent", "file", "empty", "twice"])
def test_what_is_no_dataset_folder_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "data"
    if kind == "file":
        path.write_text("x")
    elif kind != "absent":
        path.mkdir()
    if kind == "twice":
        folder(path)
        (path / "items.jsonl.gz").write_bytes(gzip.compress(lines(ITEM)))
    expected = {"absent": "not a folder", "file": "not a folder", "empty": "not a dataset folder", "twice": "has both"}
    with pytest.raises(DatasetError, match=expected[kind]):
        DatasetFolder(path)


def test_the_real_folder_reads_whole() -> None:
    data = Path(os.environ.get("MRREC_DATA", Path(__file__).parents[2] / "shared" / "data")) / "amazon23"
    if not data.is_dir():
        pytest.skip(f"{data} is absent: set MRREC_DATA to the folder that holds amazon23")
    dataset = DatasetFolder(data)
    counts = [sum(1 for _ in rows) for rows in (dataset.items(), dataset.interactions(), dataset.requests())]
    assert counts == [24_331, 12_429, 986] and dataset.report.skipped() == 0
