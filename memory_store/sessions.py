"""Conversations and their turns. Every call names the user, and another user's session is as good as none."""

from __future__ import annotations

import builtins
import json
import sqlite3
import uuid
from collections.abc import Mapping, Sequence

from memory_store.database import Database, dump, now
from memory_store.encoding import encodable
from memory_store.errors import UnknownSession, UnknownUser
from memory_store.types import SessionRecord, TurnRecord


class Sessions:
    """The sessions and turns tables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, user_id: str, title: str = "") -> SessionRecord:
        """Begins a conversation of a user. Raises UnknownUser."""
        session = SessionRecord(uuid.uuid4().hex, user_id, encodable(title), created := now(), created)
        with self._database.atomic():
            if self._database.value("SELECT 1 FROM users WHERE user_id = ?", (user_id,)) is None:
                raise UnknownUser(f"there is no user {user_id!r} in the store")
            self._database.execute(
                "INSERT INTO sessions VALUES (?, ?, ?, ?, ?)",
                (session.session_id, session.user_id, session.title, session.created_at, session.updated_at),
            )
        return session

    def get(self, session_id: str, user_id: str) -> SessionRecord | None:
        """One conversation of this user, None if this user has none of that id."""
        rows = self._database.rows("SELECT * FROM sessions WHERE session_id = ? AND user_id = ?", (session_id, user_id))
        return SessionRecord(**dict(rows[0])) if rows else None

    def list(self, user_id: str) -> builtins.list[SessionRecord]:
        """All conversations of a user, the one last used first."""
        rows = self._database.rows(
            "SELECT * FROM sessions WHERE user_id = ? ORDER BY updated_at DESC, rowid DESC", (user_id,)
        )
        return [SessionRecord(**dict(row)) for row in rows]

    def rename(self, session_id: str, user_id: str, title: str) -> None:
        """Gives a conversation another title. Raises UnknownSession."""
        changed = self._database.execute(
            "UPDATE sessions SET title = ? WHERE session_id = ? AND user_id = ?",
            (encodable(title), session_id, user_id),
        )
        _require(changed, session_id)

    def delete(self, session_id: str, user_id: str) -> None:
        """Deletes a conversation and its turns. Raises UnknownSession."""
        changed = self._database.execute(
            "DELETE FROM sessions WHERE session_id = ? AND user_id = ?", (session_id, user_id)
        )
        _require(changed, session_id)

    def add_turn(
        self,
        session_id: str,
        user_id: str,
        request: str,
        events: Sequence[Mapping[str, object]],
        *,
        turn_id: str | None = None,
    ) -> TurnRecord:
        """Appends a turn; the events must be JSON values. A turn_id that the session has already is replaced.

        Raises UnknownSession, also when the turn_id is a turn of another session.
        """
        turn_id = turn_id or uuid.uuid4().hex
        with self._database.atomic():
            moment = now()
            _require(
                self._database.execute(
                    "UPDATE sessions SET updated_at = ? WHERE session_id = ? AND user_id = ?",
                    (moment, session_id, user_id),
                ),
                session_id,
            )
            changed = self._database.execute(
                "INSERT INTO turns SELECT ?, ?, coalesce(max(position), -1) + 1, ?, ?, ? FROM turns"
                " WHERE session_id = ? ON CONFLICT (turn_id) DO UPDATE SET request = excluded.request,"
                " events = excluded.events WHERE session_id = excluded.session_id",
                (turn_id, session_id, encodable(request), dump(list(events)), moment, session_id),
            )
            _require(changed, session_id)
            return _turn(self._database.rows("SELECT * FROM turns WHERE turn_id = ?", (turn_id,))[0])

    def turns(self, session_id: str, user_id: str) -> builtins.list[TurnRecord]:
        """A conversation's turns in order. Raises UnknownSession."""
        _require(self.get(session_id, user_id) is not None, session_id)
        rows = self._database.rows("SELECT * FROM turns WHERE session_id = ? ORDER BY position", (session_id,))
        return [_turn(row) for row in rows]

    def drop_turns(self, session_id: str, user_id: str, position: int) -> int:
        """Deletes the turn at a position and those after it (retry, edit); returns how many. Raises UnknownSession."""
        _require(self.get(session_id, user_id) is not None, session_id)
        return self._database.execute(
            "DELETE FROM turns WHERE session_id = ? AND position >= ?", (session_id, position)
        )


def _require(found: int | bool, session_id: str) -> None:
    if not found:
        raise UnknownSession(f"this user has no conversation {session_id!r}: open one of the listed ones or a new one")


def _turn(row: sqlite3.Row) -> TurnRecord:
    return TurnRecord(
        row["turn_id"],
        row["session_id"],
        row["position"],
        row["request"],
        tuple(json.loads(row["events"])),
        row["created_at"],
    )
