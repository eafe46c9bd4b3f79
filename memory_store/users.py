"""The people that the assistant serves."""

from __future__ import annotations

import builtins
import json
import sqlite3
from collections.abc import Iterable

from memory_store.database import Database, dump
from memory_store.types import UserRecord


def ensure_users(database: Database, user_ids: Iterable[str]) -> None:
    """Adds the users that are not there yet, under their ids as names; the others stay as they are."""
    database.execute_many(
        "INSERT INTO users (user_id, name) VALUES (?, ?) ON CONFLICT DO NOTHING", ((id_, id_) for id_ in user_ids)
    )


class Users:
    """The users table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_many(self, users: Iterable[UserRecord]) -> None:
        """Adds users; one that is there already is updated, and what is stored of them stays."""
        self._database.execute_many(
            "INSERT INTO users (user_id, name, bio, persona, openers, avatar) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (user_id) DO UPDATE SET name = excluded.name, bio = excluded.bio,"
            " persona = excluded.persona, openers = excluded.openers, avatar = excluded.avatar",
            (
                (
                    u.user_id,
                    u.name,
                    u.bio,
                    int(u.persona),
                    dump(u.openers),
                    None if u.avatar is None else dump(u.avatar),
                )
                for u in users
            ),
        )

    def get(self, user_id: str) -> UserRecord | None:
        """One user, None if there is none of that id."""
        rows = self._database.rows("SELECT * FROM users WHERE user_id = ?", (user_id,))
        return _record(rows[0]) if rows else None

    def personas(self) -> builtins.list[UserRecord]:
        """The users that the page offers in its switch, in the order they were added."""
        return [_record(row) for row in self._database.rows("SELECT * FROM users WHERE persona ORDER BY rowid")]

    def list(self, limit: int = 100, offset: int = 0) -> builtins.list[UserRecord]:
        """A stretch of all users, in the order they were added."""
        rows = self._database.rows("SELECT * FROM users ORDER BY rowid LIMIT ? OFFSET ?", (limit, offset))
        return [_record(row) for row in rows]

    def search(self, text: str, limit: int = 24) -> builtins.list[UserRecord]:
        """Users whose name or id holds the text, upper and lower case alike; ids and names that begin with it first."""
        rows = self._database.rows(
            "SELECT * FROM users WHERE instr(lower(name), ?1) OR instr(lower(user_id), ?1)"
            " ORDER BY min(instr(lower(name) || ?1, ?1), instr(lower(user_id) || ?1, ?1)) > 1, rowid LIMIT ?2",
            (text.strip().lower(), limit),
        )
        return [_record(row) for row in rows]

    def most_remembered(self, limit: int = 24) -> builtins.list[UserRecord]:
        """The users with the most behaviour records, the most first; those without any after them."""
        rows = self._database.rows(
            "SELECT users.* FROM users LEFT JOIN (SELECT user_id, count(*) AS records FROM behaviours GROUP BY user_id)"
            " AS counted USING (user_id) ORDER BY coalesce(records, 0) DESC, users.rowid LIMIT ?",
            (limit,),
        )
        return [_record(row) for row in rows]

    def count(self) -> int:
        """How many users there are."""
        return int(self._database.value("SELECT count(*) FROM users"))


def _record(row: sqlite3.Row) -> UserRecord:
    avatar = None if row["avatar"] is None else json.loads(row["avatar"])
    return UserRecord(
        row["user_id"], row["name"], row["bio"], bool(row["persona"]), tuple(json.loads(row["openers"])), avatar
    )
