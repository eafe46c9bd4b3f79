"""The extractive writer on real reviews: everything it writes is short and can be read again."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

from memory_store.indexing.extractive import ExtractiveWriter
from memory_store.indexing.statements import read_statement
from memory_store.types import Behaviour, Level, UserRecord


def _real_behaviours() -> list[Behaviour]:
    folder = Path(os.environ.get("MRREC_DATA", Path(__file__).parents[1] / ".." / "shared" / "data")) / "amazon23"
    if not (folder / "items.jsonl.gz").exists():
        pytest.skip(f"no research data at {folder}: set MRREC_DATA to the folder that holds amazon23/")
    with gzip.open(folder / "items.jsonl.gz", "rt", encoding="utf-8") as lines:
        items = {row["item_id"]: row for row in map(json.loads, lines)}
    with gzip.open(folder / "interactions.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [row for row in map(json.loads, lines) if row["item_id"] in items]
    return [
        Behaviour(
            f"b{at}", row["user_id"], row["item_id"], item["title"], item["brand"], item["category"], item["price"],
            "\n".join([*(item["features"] or []), item["description"] or ""]), row["rating"], row["title"] or "",
            row["text"] or "", row["timestamp"],
        )
        for at, row in enumerate(rows[:4000])
        for item in [items[row["item_id"]]]
    ]  # fmt: skip


def test_real_reviews_give_short_readable_entries() -> None:
    behaviours = _real_behaviours()
    writer = ExtractiveWriter()
    writer.fit(behaviours)
    by_user: dict[str, list[Behaviour]] = {}
    for one in behaviours:
        by_user.setdefault(one.user_id, []).append(one)
    entries = [entry for user, own in by_user.items() for entry in writer.write_user(UserRecord(user, user), own)]
    assert sum(entry.level is Level.BEHAVIOUR for entry in entries) == len(behaviours)
    assert sum(entry.level is Level.PATTERN for entry in entries) > 200
    for entry in entries:
        assert entry.text == " ".join(entry.text.split())
        assert len(entry.text.split()) <= 40
        assert entry.level is Level.BEHAVIOUR or read_statement(entry.text) is not None
