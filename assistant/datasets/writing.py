"""Writing a dataset folder, and the spool that sorts more rows than memory holds."""

from __future__ import annotations

import gzip
import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

from assistant.datasets.rows import InteractionRow, RequestRow
from assistant.errors import DatasetError
from assistant.types import Item
from memory_store.types import UserRecord

Row = Item | InteractionRow | UserRecord | RequestRow
SPOOL_NAME = ".spool.sqlite"


class FolderWriter:
    """Writes ``NAME.jsonl.gz`` files into a new folder; a file has its name only once it is whole.

    Raises:
        DatasetError: the folder exists and holds something, or cannot be made.
    """

    def __init__(self, out: Path) -> None:
        self.out = Path(out)
        try:
            self.out.mkdir(parents=True, exist_ok=True)
            held = [path.name for path in self.out.iterdir() if not path.name.startswith(".")]
        except OSError as error:
            raise DatasetError(f"{self.out} cannot be written to: {error.strerror}.") from error
        if held:
            raise DatasetError(f"{self.out} is not empty (it holds {held[0]}): give a new folder to write to.")

    def write(self, name: str, rows: Iterable[Row]) -> int:
        """Write ``rows`` as file ``name`` ("items", ...); gives how many there were."""
        target = self.out / f"{name}.jsonl.gz"
        partial = self.out / f".{name}.jsonl.gz.partial"
        count = 0
        with partial.open("wb") as raw, gzip.GzipFile("", "wb", compresslevel=6, fileobj=raw, mtime=0) as stream:
            for row in rows:
                stream.write(json.dumps(_plain(row), ensure_ascii=False).encode() + b"\n")
                count += 1
        partial.replace(target)
        return count


def _plain(row: Row) -> dict[str, object]:
    values = asdict(row)
    values.pop("line", None)
    return values


class Spool:
    """A temporary SQLite file that holds interactions, gives them sorted by user and time, and is then removed."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / SPOOL_NAME
        self._path.unlink(missing_ok=True)
        self._db = sqlite3.connect(self._path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=OFF")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute("BEGIN")
        self._db.execute(
            "CREATE TABLE rows (user_id TEXT, item_id TEXT, rating REAL, title TEXT, text TEXT, timestamp INTEGER, "
            "behaviour_id TEXT PRIMARY KEY) WITHOUT ROWID"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()
        self._path.unlink(missing_ok=True)

    def add(self, row: InteractionRow) -> bool:
        """Keep ``row``; False where the same was there already."""
        values = (row.user_id, row.item_id, row.rating, row.title, row.text, row.timestamp, row.behaviour_id)
        return self._db.execute("INSERT OR IGNORE INTO rows VALUES (?,?,?,?,?,?,?)", values).rowcount == 1

    def users(self, at_least: int) -> list[str]:
        """The users with ``at_least`` rows, by id."""
        query = "SELECT user_id FROM rows GROUP BY user_id HAVING COUNT(*) >= ? ORDER BY user_id"
        return [user_id for (user_id,) in self._db.execute(query, (at_least,))]

    def __iter__(self) -> Iterator[InteractionRow]:
        """Every row, by user, then time (unknown first)."""
        query = "SELECT user_id, item_id, rating, title, text, timestamp FROM rows ORDER BY 1, 6, 2, behaviour_id"
        for user_id, item_id, rating, title, text, timestamp in self._db.execute(query):
            yield InteractionRow(user_id, item_id, rating, title, text, timestamp, line=0)
