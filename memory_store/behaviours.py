"""Behaviour records: what each user bought, rated and reviewed, with the item as it was then."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import astuple, fields
from itertools import islice

from memory_store.database import Database, dump
from memory_store.types import Behaviour
from memory_store.users import ensure_users

_COLUMNS = tuple(field.name for field in fields(Behaviour))
_UPSERT = (
    f"INSERT INTO behaviours ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' for _ in _COLUMNS)})"
    f" ON CONFLICT (behaviour_id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _COLUMNS[2:])}"
    " WHERE user_id = excluded.user_id"
)
_BATCH = 2000


class Behaviours:
    """The behaviours table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_many(self, behaviours: Iterable[Behaviour]) -> int:
        """Adds records, streaming; one that is there already is updated. Returns how many were new.

        A user who is not in the store yet is added, under their id as name. Raises ValueError for a
        ``behaviour_id`` that another user's record has already.
        """
        before = self.count()
        stream = iter(behaviours)
        while batch := list(islice(stream, _BATCH)):
            with self._database.atomic() as db:
                ensure_users(self._database, {behaviour.user_id for behaviour in batch})
                for behaviour in batch:
                    if not db.conn.execute(_UPSERT, astuple(behaviour)).rowcount:
                        raise ValueError(f"behaviour id {behaviour.behaviour_id!r} is another user's already")
        return self.count() - before

    def of_user(self, user_id: str, category: str | None = None) -> list[Behaviour]:
        """A user's records (of one category), oldest first, those of unknown time before all."""
        rows = self._database.rows(
            f"SELECT {', '.join(_COLUMNS)} FROM behaviours WHERE user_id = ?1 AND (?2 IS NULL OR category = ?2)"
            " ORDER BY timestamp NULLS FIRST, behaviour_id",
            (user_id, category),
        )
        return [_record(row) for row in rows]

    def get(self, user_id: str, behaviour_ids: Sequence[str]) -> list[Behaviour]:
        """This user's records of those ids, in the order asked for; ids that are not theirs are left out."""
        rows = self._database.rows(
            f"SELECT {', '.join(_COLUMNS)} FROM behaviours"
            " WHERE user_id = ? AND behaviour_id IN (SELECT value FROM json_each(?))",
            (user_id, dump(list(behaviour_ids))),
        )
        found = {row["behaviour_id"]: _record(row) for row in rows}
        return [found[id_] for id_ in dict.fromkeys(behaviour_ids) if id_ in found]

    def categories(self, user_id: str) -> dict[str, int]:
        """How many records a user has in each category, the most first."""
        rows = self._database.rows(
            "SELECT category, count(*) FROM behaviours WHERE user_id = ? GROUP BY category ORDER BY 2 DESC, 1",
            (user_id,),
        )
        return {row[0]: row[1] for row in rows}

    def user_ids(self) -> list[str]:
        """The users who have records, in order of id."""
        return [row[0] for row in self._database.rows("SELECT DISTINCT user_id FROM behaviours ORDER BY user_id")]

    def count(self) -> int:
        """How many records there are."""
        return int(self._database.value("SELECT count(*) FROM behaviours"))


def _record(row: sqlite3.Row) -> Behaviour:
    return Behaviour(**dict(row))
