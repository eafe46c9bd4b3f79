"""Amazon-C4 (Hou et al., arXiv:2403.03952): its queries, item pool and, where given, reviews to a dataset folder.

The queries carry no time. A request takes the time of the review it was written from, found in the review files by
user, item and text; a user one of whose requests stays without a time gets no history, since nothing tells what came
before. Without review files there is no history at all.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from assistant.datasets.amazon_reviews import amazon_reviews, check_files, keep_review, plain_text
from assistant.datasets.folder import checked_rows
from assistant.datasets.history import HistoryRule, text_key
from assistant.datasets.report import Report
from assistant.datasets.rows import Fields, InteractionRow, RequestRow, RowError, read_item, read_request
from assistant.datasets.writing import FolderWriter, Spool
from assistant.errors import DatasetError
from assistant.types import Item

COLUMNS = ("qid", "query", "item_id", "user_id", "ori_rating", "ori_review")
TITLE = 140
_SENTENCE_END = re.compile(r"[.!?]\s+(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class _Query:
    request: RequestRow
    review: str


def convert_amazon_c4(queries: Path, meta: Path, out: Path, *, reviews: Sequence[Path] = ()) -> Report:
    """Write the dataset folder ``out`` from ``test.csv``, the item pool and review files.

    Splits go by user: 60% train, 20% dev, 20% test, by a hash of the user's id.

    Raises:
        DatasetError: a file is missing, damaged or of another format, or ``out`` is not empty.
    """
    check_files([queries, meta, *reviews])
    writer, report = FolderWriter(out), Report()
    asked = list(_queries(queries, report))
    categories: dict[str, str] = {query.request.target_item_ids[0]: "" for query in asked}
    if not writer.write("items", _items(meta, categories, report)):
        raise DatasetError(f"No item could be read from {meta}: is it sampled_item_metadata_1M.jsonl of Amazon-C4?")
    asked = [query for query in asked if _has_target(query, categories, queries.name, report)]
    times = _times(asked, reviews, report)
    requests = [
        replace(query.request, timestamp=times.get(index), category=categories[query.request.target_item_ids[0]])
        for index, query in enumerate(asked)
    ]
    writer.write("requests", requests)
    rule = HistoryRule(requests, (query.review for query in asked), strict=True)
    users = {request.user_id for request in requests}
    with Spool(writer.out) as spool:
        for row, file in amazon_reviews(reviews, report):
            if row.user_id in users:
                keep_review(row, file, rule, spool, report)
        writer.write("interactions", spool)
    if not reviews:
        report.add("interactions", 0, "no --reviews given: requests have no time and users no history", "noted")
    elif untimed := len(asked) - len(times):
        report.add(
            queries.name, 0, "review behind the request not in --reviews: no time, no history", "noted", count=untimed
        )
    return report


def _queries(file: Path, report: Report) -> Iterator[_Query]:
    report.start(file.name)
    csv.field_size_limit(1 << 24)
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise DatasetError(f"{file} has no column {', '.join(missing)}: is it test.csv of Amazon-C4?")
            for row in reader:
                report.read(file.name)
                try:
                    yield _Query(_request(row, reader.line_num), row["ori_review"] or "")
                except RowError as error:
                    report.add(file.name, reader.line_num, str(error))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{file} cannot be read as a UTF-8 csv file: {error}.") from error


def _request(row: dict[str, str], line: int) -> RequestRow:
    share = int(hashlib.blake2b((row["user_id"] or "").encode(), digest_size=4).hexdigest(), 16) / 2**32
    fields = {
        "request_id": f"c4-{row['qid']}",
        "user_id": row["user_id"] or None,
        "request": row["query"],
        "style": "amazon-c4",
        "target_item_ids": [row["item_id"]],
        "split": "train" if share < 0.6 else "dev" if share < 0.8 else "test",
    }
    return read_request(Fields(fields), line)


def _items(file: Path, categories: dict[str, str], report: Report) -> Iterator[Item]:
    """The item pool; ``categories`` is filled in for the items it names, and keeps only those that exist."""
    seen: set[str] = set()
    for line, item in checked_rows(file, report, lambda fields, _: read_item(fields), rename=_item_fields):
        if item.item_id in seen:
            report.add(file.name, line, "duplicate")
            continue
        seen.add(item.item_id)
        if item.item_id in categories:
            categories[item.item_id] = item.category
        yield item
    for absent in categories.keys() - seen:
        del categories[absent]


def _item_fields(row: dict[str, object]) -> dict[str, object]:
    title, description = _split_title(row.get("metadata"))
    return {**row, "title": title, "description": description}


def _split_title(metadata: object) -> tuple[object, object]:
    """The pool's one text as a title (its first sentence, 140 characters at most) and the rest."""
    text = plain_text(metadata)
    if not isinstance(text, str):
        return text, None
    end = _SENTENCE_END.search(text)
    cut = end.start() + 1 if end else len(text)
    if cut > TITLE:
        cut = text.rfind(" ", 0, TITLE)
        cut = cut if cut > 0 else TITLE
    return text[:cut].rstrip(" .").strip() or text[:TITLE], text[cut:].strip()


def _has_target(query: _Query, categories: dict[str, str], file: str, report: Report) -> bool:
    if query.request.target_item_ids[0] in categories:
        return True
    report.add(file, query.request.line, "target item not in the item pool")
    return False


def _times(asked: Sequence[_Query], reviews: Sequence[Path], report: Report) -> dict[int, int]:
    """The time of the review behind each request (by position): by user, item and text, else by user and item."""
    wanted: dict[tuple[str | None, str], list[int]] = defaultdict(list)
    for index, query in enumerate(asked):
        wanted[query.request.user_id, query.request.target_item_ids[0]].append(index)
    exact: dict[int, int] = {}
    near: dict[int, int] = {}
    for row, _ in amazon_reviews(reviews, report):
        for index in wanted.get((row.user_id, row.item_id), ()):
            _earliest(exact if _same(row, asked[index].review) else near, index, row.timestamp)
    return near | exact


def _same(row: InteractionRow, review: str) -> bool:
    return text_key(row.text) == text_key(str(plain_text(review)))


def _earliest(times: dict[int, int], index: int, time: int | None) -> None:
    if time is not None:
        times[index] = min(time, times.get(index, time))
