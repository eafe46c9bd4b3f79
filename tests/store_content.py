"""What a store holds, as plain values: two imports of one dataset must give the same, however they came about."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import Path

QUERIES = {
    "users": "SELECT * FROM users ORDER BY user_id",
    "behaviours": "SELECT * FROM behaviours ORDER BY behaviour_id",
    "entries": "SELECT entry_id, user_id, level, category, aspect, text, timestamp, behaviour_ids, origin, indexed"
    " FROM entries ORDER BY entry_id",
    "digests": "SELECT * FROM digests ORDER BY user_id, scenario",
}


def store_content(store: Path) -> dict[str, object]:
    """Rows of every table, the catalogue's rows and vectors, the ids in the index, and what the import wrote of itself.

    Vectors are compared by their bytes in the catalogue, and by their ids in Chroma.
    """
    from memory_store.vectors import Vectors

    content: dict[str, object] = {}
    for name, query in QUERIES.items():
        content[name] = _rows(store / "memory.sqlite", query)
    content["items"] = _rows(store / "catalogue" / "items.sqlite", "SELECT * FROM items ORDER BY category, item_id")
    for name in ("vectors.npy", "rows.npy"):
        content[name] = hashlib.sha256((store / "catalogue" / name).read_bytes()).hexdigest()
    index = Vectors(store / "chroma")
    content["index"] = sorted(index.ids())
    index.close()
    for name in ("store.json", "import_report.json", "catalogue/catalogue.json"):
        content[name] = json.loads((store / name).read_text())
    return content


def differences(one: dict[str, object], other: dict[str, object]) -> list[str]:
    """The parts in which two contents differ."""
    return [name for name in one if one[name] != other[name]]


def _rows(path: Path, query: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    rows = connection.execute(query).fetchall()
    connection.close()
    return rows
