"""Converters: small files in each foreign format become dataset folders that read back without a skipped row."""

from __future__ import annotations

import csv
import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from assistant.datasets.amazon_c4 import convert_amazon_c4
from assistant.datasets.amazon_reviews import convert_amazon_reviews
from assistant.datasets.folder import DatasetFolder
from assistant.datasets.history import HistoryRule, text_key
from assistant.datasets.orders_csv import convert_orders_csv
from assistant.datasets.rows import InteractionRow, RequestRow
from assistant.errors import DatasetError

DAY = 86_400_000
START = 1_600_000_000_000


def meta(item_id: str, **fields: object) -> dict[str, object]:
    row = {
        "main_category": "All Beauty",
        "title": f"Product {item_id}",
        "average_rating": 4.2,
        "rating_number": 17,
        "features": ["<b>Soft</b> bristles"],
        "description": ["First part.", "Second &amp; last."],
        "price": 9.5,
        "images": [],
        "videos": [],
        "store": "Brushworks",
        "categories": ["Beauty", "Brushes"],
        "details": {"Color": "Red", "Best Sellers Rank": "5", "Package Dimensions": "3 x 2"},
        "parent_asin": item_id,
        "bought_together": None,
    }
    return row | fields


def review(user: str, item: str, day: int, text: str = "", **fields: object) -> dict[str, object]:
    row: dict[str, object] = {
        "rating": 5.0,
        "title": "Nice",
        "text": text or f"{user} on {item}<br />second line",
        "images": [],
        "asin": item + "V",
        "parent_asin": item,
        "user_id": user,
        "timestamp": START + day * DAY,
        "helpful_vote": 0,
        "verified_purchase": True,
    }
    return row | fields


def write_lines(path: Path, rows: list[dict[str, object]]) -> Path:
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def request(user: str | None, target: str, day: int | None) -> RequestRow:
    time = None if day is None else START + day * DAY
    return RequestRow(f"r-{user}-{target}", user, "a brush", "sentence", (target,), time, "", "train")


def test_amazon_reviews(tmp_path: Path) -> None:
    items = [meta("A"), meta("B", price="from 12.99", details='{"Brand": "Ox"}'), meta("C", price="—", store=None)]
    metas = write_lines(tmp_path / "meta.jsonl.gz", [*items, meta("A"), meta("D", title="")])
    rows = [review("u1", "A", 1), review("u1", "A", 1), review("u2", "B", 2, rating=9)]
    report = convert_amazon_reviews([metas], [write_lines(tmp_path / "reviews.jsonl", rows)], tmp_path / "out")
    dataset = DatasetFolder(tmp_path / "out")
    a, b, c = dataset.items()
    assert (a.brand, a.category, a.price, a.rating_number) == ("Brushworks", "All Beauty", 9.5, 17)
    assert a.features == ("Soft bristles", "Color: Red") and a.description == "First part.\nSecond & last."
    assert (b.brand, b.price, c.brand, c.price) == ("Ox", 12.99, None, None)
    (kept,) = dataset.interactions()
    assert (kept.user_id, kept.item_id, kept.text) == ("u1", "A", "u1 on A\nsecond line")
    assert dataset.report.problems == ()
    reasons = {(p.file, p.reason) for p in report.problems}
    assert ("reviews.jsonl", "duplicate") in reasons and ("reviews.jsonl", "rating: not between 1 and 5") in reasons
    assert ("meta.jsonl.gz", "duplicate") in reasons and ("meta.jsonl.gz", "title: empty") in reasons
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["interactions.jsonl.gz", "items.jsonl.gz"]


def test_amazon_reviews_leave_in_time(tmp_path: Path) -> None:
    metas = write_lines(tmp_path / "meta.jsonl", [meta("A"), meta("B"), meta("C")])
    rows = [review("u1", "A", 1), review("u1", "B", 5), review("u1", "C", 9), review("u2", "B", 9)]
    reviews = write_lines(tmp_path / "reviews.jsonl", rows)
    row = {
        "request_id": "r1",
        "user_id": "u1",
        "request": "brush",
        "target_item_ids": ["B"],
        "timestamp": START + 5 * DAY,
    }
    requests = write_lines(tmp_path / "requests.jsonl", [row])
    convert_amazon_reviews([metas], [reviews], tmp_path / "out", requests=requests)
    dataset = DatasetFolder(tmp_path / "out")
    assert [(row.user_id, row.item_id) for row in dataset.interactions()] == [("u1", "A"), ("u2", "B")]
    assert [row.request_id for row in dataset.requests()] == ["r1"]


def test_amazon_reviews_keeps_users_with_enough_reviews(tmp_path: Path) -> None:
    metas = write_lines(tmp_path / "meta.jsonl", [meta("A"), meta("B")])
    rows = [review("u1", "A", 2), review("u2", "A", 1), review("u1", "B", 1)]
    reviews = write_lines(tmp_path / "reviews.jsonl", rows)
    report = convert_amazon_reviews([metas], [reviews], tmp_path / "out", min_reviews=2)
    kept = list(DatasetFolder(tmp_path / "out").interactions())
    assert [(row.user_id, row.item_id) for row in kept] == [("u1", "B"), ("u1", "A")]
    assert report.skipped("interactions") == 1


def test_the_history_rule() -> None:
    rule = HistoryRule(
        [request("u1", "B", 5), request("u1", "C", 8), request("u2", "B", None)], ["The REVIEW, itself!"]
    )

    def refused(user: str, item: str, day: int | None, text: str = "") -> bool:
        row = InteractionRow(user, item, 5.0, "", text, None if day is None else START + day * DAY, 1)
        return rule.refuses(row) is not None

    assert not refused("u1", "A", 4) and refused("u1", "A", 5) and refused("u1", "A", 7)
    assert not refused("u1", "B", 1), "an earlier purchase of the same item is history"
    assert refused("u1", "C", None) and not refused("u1", "A", None)
    assert refused("u2", "B", 1) and not refused("u2", "A", 100)
    assert refused("u3", "A", 1, "the review itself") and not refused("u3", "A", 1)
    strict = HistoryRule([request("u2", "B", None)], strict=True)
    assert strict.refuses(InteractionRow("u2", "A", None, "", "", START, 1))
    assert text_key(" ... ") == b""


C4 = {"qid": 1, "query": "soft brush", "item_id": "B", "user_id": "u1", "ori_rating": 5, "ori_review": "It is so soft."}


def c4_files(path: Path, *queries: dict[str, object]) -> tuple[Path, Path]:
    with (path / "test.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(C4))
        writer.writeheader()
        writer.writerows(queries)
    text = "Brush 2.0, wide. Product Description It has <b>bristles</b>. Soft."
    pool: list[dict[str, object]] = [
        {"item_id": name, "category": "Care", "metadata": text} for name in ("A", "B", "C")
    ]
    pool += [{"item_id": "D", "category": "Care", "metadata": "word " * 60}, {"item_id": "E", "metadata": None}]
    return path / "test.csv", write_lines(path / "pool.jsonl", pool)


def test_amazon_c4_without_reviews(tmp_path: Path) -> None:
    queries, pool = c4_files(tmp_path, C4, C4 | {"qid": 2, "item_id": "Z"}, C4 | {"qid": 3, "query": ""})
    report = convert_amazon_c4(queries, pool, tmp_path / "out")
    dataset = DatasetFolder(tmp_path / "out")
    items = list(dataset.items())
    assert [item.item_id for item in items] == ["A", "B", "C", "D"]
    assert items[0].title == "Brush 2.0, wide" and items[0].description.startswith("Product Description It has")
    assert len(items[3].title) <= 140 and items[3].text().count("word") == 60
    (asked,) = dataset.requests()
    assert (asked.request_id, asked.user_id, asked.category, asked.timestamp) == ("c4-1", "u1", "Care", None)
    assert list(dataset.interactions()) == []
    reasons = {p.reason: p.count for p in report.problems}
    assert reasons["target item not in the item pool"] == 1 and reasons["request: empty"] == 1
    assert "no --reviews given: requests have no time and users no history" in reasons


def test_amazon_c4_with_reviews(tmp_path: Path) -> None:
    queries, pool = c4_files(tmp_path, C4, C4 | {"qid": 2, "user_id": "u2", "ori_review": "Never found, this one."})
    rows = [
        review("u1", "A", 1),
        review("u1", "B", 2, "Another review of it."),
        review("u1", "B", 5, "It is so<br />soft."),
        review("u1", "C", 6),
        review("u1", "C", 3, "it is so soft"),
        review("u2", "A", 1),
        review("u9", "A", 1),
    ]
    report = convert_amazon_c4(
        queries, pool, tmp_path / "out", reviews=[write_lines(tmp_path / "reviews.jsonl.gz", rows)]
    )
    dataset = DatasetFolder(tmp_path / "out")
    assert {row.user_id: row.timestamp for row in dataset.requests()} == {"u1": START + 5 * DAY, "u2": None}
    assert [(row.user_id, row.item_id, row.timestamp) for row in dataset.interactions()] == [
        ("u1", "A", START + DAY),
        ("u1", "B", START + 2 * DAY),
    ]
    counts = {p.reason: p.count for p in report.problems}
    assert counts["the review behind a request"] == 2 and counts["at or after a request of this user"] == 1
    assert counts["history of a user whose request has no known time"] == 1


def test_amazon_c4_refuses_another_csv(tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DatasetError, match="no column qid"):
        convert_amazon_c4(tmp_path / "other.csv", c4_files(tmp_path)[1], tmp_path / "out")


NEW_HEADER = (
    "Website,Order ID,Order Date,Currency,Unit Price,ASIN,Quantity,Order Status,Shipping Address,Product Name\n"
)


def orders(path: Path, content: str, encoding: str = "utf-8", **options: Path) -> DatasetFolder:
    (path / "orders.csv").write_bytes(content.encode(encoding))
    convert_orders_csv(path / "orders.csv", path / "out", **options)
    return DatasetFolder(path / "out")


def test_orders_of_the_new_export(tmp_path: Path) -> None:
    rows = (
        'Amazon.com,1,2023-04-05T10:00:00Z,USD,"$1,234.50",B01,1,Closed,"Jane Roe 1 Main St","Kettle, steel"\n'
        'Amazon.com,2,2024-04-05T10:00:00Z,USD,\'19.99\',B01,2,Closed,"Jane Roe 1 Main St","Kettle, steel"\n'
        "Amazon.com,3,2023-04-06T10:00:00Z,USD,5,B02,1,Cancelled,Jane,Mug\n"
        "Amazon.com,4,Not Available,USD,5,B03,1,Closed,Jane,Pan\n"
        "Amazon.com,5,2023-04-06T10:00:00Z,USD,5,B04,1,Closed,Jane,Not Available\n"
    )
    dataset = orders(tmp_path, NEW_HEADER + rows, "utf-8-sig")
    (kettle,) = dataset.items()
    assert (kettle.item_id, kettle.title, kettle.price) == ("B01", "Kettle, steel", 19.99)
    first, second = dataset.interactions()
    assert first.timestamp == int(datetime(2023, 4, 5, 10, tzinfo=UTC).timestamp() * 1000)
    assert first.user_id == second.user_id == "you" and first.rating is None
    (you,) = dataset.users()
    assert you.name == "You" and you.persona and you.bio.startswith("2 purchases since 2023")
    written = b"".join(gzip.decompress(path.read_bytes()) for path in (tmp_path / "out").iterdir())
    assert b"Jane" not in written and b"Main St" not in written and b"Closed" not in written


@pytest.mark.parametrize(
    ("content", "encoding", "price", "day"),
    [
        (
            "Order Date,Title,Category,Purchase Price Per Unit\n03/04/21,Pan,KITCHEN_TOOLS,$9.99\n",
            "utf-8",
            9.99,
            (3, 4),
        ),
        ("Order Date;Title;Website;Unit Price\n03/04/2021;Pan;Amazon.co.uk;£9,99\n", "utf-8", 9.99, (4, 3)),
        ("Order Date\tTitle\tUnit Price\n4 Mar 2021\tPan\t1.234,50 €\n", "utf-16", 1234.5, (3, 4)),
        ("Order Date,Title,Unit Price\n04.03.2021,Pan,Not Available\n", "utf-8", None, (3, 4)),
        ('Order Date,Title,Unit Price\n25/03/2021,Pan,"1,234"\n', "utf-8", 1234.0, (3, 25)),
        ("Order Date,Title,Unit Price\n2021-03-04,Pän,9\n", "cp1252", 9.0, (3, 4)),
    ],
)
def test_orders_of_other_exports(
    tmp_path: Path, content: str, encoding: str, price: float | None, day: tuple[int, int]
) -> None:
    dataset = orders(tmp_path, content, encoding)
    (item,) = dataset.items()
    assert item.price == price and item.item_id.startswith("own-")
    assert item.category in ("Kitchen tools", "Orders")
    (bought,) = dataset.interactions()
    assert bought.timestamp is not None
    moment = datetime.fromtimestamp(bought.timestamp / 1000, UTC)
    assert (moment.month, moment.day) == day


def test_orders_with_a_shop_to_choose_from(tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    shop.mkdir()
    (shop / "items.jsonl").write_text('{"item_id": "B01", "title": "Pan, iron", "brand": "Ox"}\n{bad\n')
    (shop / "interactions.jsonl").write_text("")
    content = "Order Date,Title,ASIN\n2021-03-04,Pan,B01\n2021-03-05,Mug,B09\n"
    dataset = orders(tmp_path, content, catalogue=shop)
    assert [(item.item_id, item.title) for item in dataset.items()] == [("B01", "Pan, iron"), ("B09", "Mug")]


def test_orders_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no column for the title"):
        orders(tmp_path, "Order Date,Amount\n2021-03-04,3\n")
    with pytest.raises(DatasetError, match="no usable order"):
        orders(tmp_path, "Order Date,Title\n")
    with pytest.raises(DatasetError, match="cannot be read"):
        convert_orders_csv(tmp_path, tmp_path / "out")


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    with pytest.raises(DatasetError, match="not empty"):
        orders(tmp_path, "Order Date,Title\n2021-03-04,Pan\n")
    with pytest.raises(DatasetError, match="is not a file"):
        convert_amazon_reviews([tmp_path / "absent"], [], tmp_path / "new")
