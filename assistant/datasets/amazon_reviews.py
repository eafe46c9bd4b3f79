"""Amazon Reviews 2023 (Hou et al., arXiv:2403.03952): its metadata and review files to a dataset folder."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from assistant.datasets.folder import checked_rows, read_requests
from assistant.datasets.history import HistoryRule
from assistant.datasets.report import Report
from assistant.datasets.rows import InteractionRow, read_interaction, read_item
from assistant.datasets.writing import FolderWriter, Spool
from assistant.errors import DatasetError
from assistant.types import Item

_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>")
_VIDEO = re.compile(r"\[\[(?:VIDEO|ASIN)[^\[\]]{0,300}\]\]")
_PRICE = re.compile(r"\d[\d,]*(?:\.\d+)?")
_NO_DETAIL = re.compile(r"brand|asin|isbn|upc|rank|date|model|number|manufacturer|discontinued|dimensions|weight", re.I)
_DETAILS = 12


def convert_amazon_reviews(
    meta: Sequence[Path],
    reviews: Sequence[Path],
    out: Path,
    *,
    requests: Path | None = None,
    min_reviews: int = 1,
) -> Report:
    """Write the dataset folder ``out`` from metadata and review files (``.jsonl`` or ``.jsonl.gz``).

    Histories follow the leave-in-time rule for the requests of file ``requests``, which are written along with them.
    Users with fewer than ``min_reviews`` reviews are left out. Memory grows with the items, not with the reviews.

    Raises:
        DatasetError: a file is missing or damaged, nothing usable was in them, or ``out`` is not empty.
    """
    check_files([*meta, *reviews, *([requests] if requests else [])])
    writer, report = FolderWriter(out), Report()
    asked = read_requests(requests, report) if requests else []
    written = writer.write("items", amazon_items(meta, report))
    if not written:
        raise DatasetError(f"No item could be read from {meta[0]}: is it a metadata file of Amazon Reviews 2023?")
    if asked:
        writer.write("requests", asked)
    rule = HistoryRule(asked)
    with Spool(writer.out) as spool:
        for row, file in amazon_reviews(reviews, report):
            keep_review(row, file, rule, spool, report)
        writer.write("interactions", _of_users(spool, min_reviews, report))
    return report


def keep_review(row: InteractionRow, file: str, rule: HistoryRule, spool: Spool, report: Report) -> None:
    """Put ``row`` into the spool unless the rule refuses it or it is there already; what is left out is counted."""
    if refusal := rule.refuses(row):
        report.add(file, row.line, refusal)
    elif not spool.add(row):
        report.add(file, row.line, "duplicate")


def _of_users(spool: Spool, min_reviews: int, report: Report) -> Iterator[InteractionRow]:
    users = set(spool.users(min_reviews)) if min_reviews > 1 else None
    for row in spool:
        if users is None or row.user_id in users:
            yield row
        else:
            report.add("interactions", 0, f"user with fewer than {min_reviews} reviews")


def amazon_items(files: Iterable[Path], report: Report) -> Iterator[Item]:
    """The items of metadata files, each ``parent_asin`` once."""
    seen: set[str] = set()
    for file in files:
        for line, item in checked_rows(file, report, lambda fields, _: read_item(fields), rename=_item_fields):
            if item.item_id in seen:
                report.add(file.name, line, "duplicate")
                continue
            seen.add(item.item_id)
            yield item


def amazon_reviews(files: Iterable[Path], report: Report) -> Iterator[tuple[InteractionRow, str]]:
    """The reviews of review files, each with its file's name."""
    for file in files:
        for _, row in checked_rows(file, report, read_interaction, rename=_review_fields):
            yield row, file.name


def check_files(files: Iterable[Path]) -> None:
    """Say at once that a file is missing, before hours are spent on the others.

    Raises:
        DatasetError: one is not there.
    """
    for file in files:
        if not file.is_file():
            raise DatasetError(f"{file} is not a file: give the path of a downloaded .jsonl or .jsonl.gz file.")


def plain_text(text: object) -> object:
    """A review or description without its HTML leftovers; anything but a text is given back as it is."""
    if not isinstance(text, str):
        return text
    text = html.unescape(_VIDEO.sub(" ", _TAG.sub(" ", _BREAK.sub("\n", text))))
    return re.sub(r"[ \t]{2,}", " ", text).strip()


def _item_fields(row: dict[str, object]) -> dict[str, object]:
    details = _details(row.get("details"))
    categories = row.get("categories")
    path = categories if isinstance(categories, list) else []
    features = row.get("features")
    known = [f"{name}: {value}" for name, value in details.items() if not _NO_DETAIL.search(name)]
    description = row.get("description")
    if isinstance(description, list):
        description = "\n".join(part for part in description if isinstance(part, str))
    return {
        "item_id": row.get("parent_asin") or row.get("asin"),
        "title": plain_text(row.get("title")),
        "brand": details.get("Brand") or row.get("store") or details.get("Manufacturer"),
        "category": row.get("main_category") or (path[0] if path else None),
        "categories": categories,
        "price": _price(row.get("price")),
        "average_rating": row.get("average_rating"),
        "rating_number": row.get("rating_number"),
        "features": [plain_text(part) for part in features] + known[:_DETAILS] if isinstance(features, list) else known,
        "description": plain_text(description),
    }


def _review_fields(row: dict[str, object]) -> dict[str, object]:
    return {
        "user_id": row.get("user_id"),
        "item_id": row.get("parent_asin") or row.get("asin"),
        "rating": row.get("rating"),
        "title": plain_text(row.get("title")),
        "text": plain_text(row.get("text")),
        "timestamp": row.get("timestamp", row.get("sort_timestamp")),
    }


def _details(value: object) -> dict[str, str]:
    """``details`` as short texts; it comes as an object or as the JSON of one."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    if not isinstance(value, dict):
        return {}
    return {name: text for name, text in value.items() if isinstance(text, str) and len(name) + len(text) <= 100}


def _price(value: object) -> object:
    """``price`` as a number: 12.99, "12.99", "$1,012.99" and "from 12.99" are; None, "" and dashes are unknown."""
    if not isinstance(value, str):
        return value
    if found := _PRICE.search(value):
        return float(found.group().replace(",", ""))
    return None if value.strip().lower() in ("", "none", "-", "—", "–", "n/a") else value
