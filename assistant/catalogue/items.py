"""The catalogue's items, kept in SQLite: the record that every product, price and reason is read from."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from assistant.types import Item

_SCHEMA = """
CREATE TABLE IF NOT EXISTS items (
    item_id TEXT PRIMARY KEY, category TEXT NOT NULL, title TEXT NOT NULL, brand TEXT, price REAL,
    average_rating REAL, rating_number INTEGER, categories TEXT NOT NULL, features TEXT NOT NULL,
    description TEXT NOT NULL, picture TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS items_in_order ON items (category, item_id);
"""
_COLUMNS = (
    "item_id, category, title, brand, price, average_rating, rating_number, categories, features, description, picture"
)
_WRITE = f"INSERT OR REPLACE INTO items ({_COLUMNS}) VALUES ({', '.join('?' * 11)})"
_BATCH = 2000
_VARIABLES = 500


class Items:
    """The items of one catalogue folder. Safe to use from several threads: each has its own connection."""

    def __init__(self, path: Path) -> None:
        """Opens ``path`` and creates it where it is absent."""
        self._path = path
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        with self._connection() as connection:
            connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Closes the connections of every thread."""
        while self._connections:
            self._connections.pop().close()
        self._local = threading.local()

    def get(self, item_id: str) -> Item | None:
        """The item, or None where the catalogue has no such id."""
        return self.many([item_id]).get(item_id)

    def many(self, item_ids: Sequence[str]) -> dict[str, Item]:
        """The items of these ids, in their order; ids that the catalogue lacks are left out."""
        found: dict[str, Item] = {}
        for start in range(0, len(item_ids), _VARIABLES):
            wanted = item_ids[start : start + _VARIABLES]
            places = ", ".join("?" * len(wanted))
            rows = self._connection().execute(f"SELECT {_COLUMNS} FROM items WHERE item_id IN ({places})", wanted)
            found.update((row[0], _item(row)) for row in rows)
        return {item_id: found[item_id] for item_id in item_ids if item_id in found}

    def in_order(self) -> Iterator[Item]:
        """Every item, sorted by category and then by item id (code points): the order of the vectors' rows."""
        for row in self._connection().execute(f"SELECT {_COLUMNS} FROM items ORDER BY category, item_id"):
            yield _item(row)

    def add_many(self, items: Iterable[Item]) -> int:
        """Adds the items as they stream by, the last one of an id winning; returns how many passed."""
        added = 0
        stream = iter(items)
        while batch := list(islice(stream, _BATCH)):
            with self._connection() as connection:
                connection.executemany(_WRITE, map(as_row, batch))
            added += len(batch)
        return added

    def categories(self) -> dict[str, int]:
        """The categories in order, each with its number of items."""
        return dict(self._connection().execute("SELECT category, COUNT(*) FROM items GROUP BY category ORDER BY 1"))

    def count(self) -> int:
        """How many items there are."""
        return int(self._connection().execute("SELECT COUNT(*) FROM items").fetchone()[0])

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self._path, timeout=30, check_same_thread=False)
            self._local.connection = connection
            self._connections.append(connection)
        return connection


def as_row(item: Item) -> tuple[object, ...]:
    """The item as the plain values of its row; equal items give equal rows."""
    return (
        item.item_id,
        item.category,
        item.title,
        item.brand,
        item.price,
        item.average_rating,
        item.rating_number,
        json.dumps(item.categories, ensure_ascii=False),
        json.dumps(item.features, ensure_ascii=False),
        item.description,
        None if item.picture is None else json.dumps(item.picture, ensure_ascii=False, sort_keys=True),
    )


def _item(row: tuple) -> Item:
    item_id, category, title, brand, price, average_rating, rating_number, categories, features, description, pic = row
    return Item(
        item_id=item_id,
        title=title,
        brand=brand,
        category=category,
        categories=tuple(json.loads(categories)),
        price=price,
        average_rating=average_rating,
        rating_number=rating_number,
        features=tuple(json.loads(features)),
        description=description,
        picture=None if pic is None else json.loads(pic),
    )
