"""Likes and dislikes, kept a user and item, and as memory entries that the next turn can recall."""

from __future__ import annotations

import hashlib
from typing import Literal

from memory_store.database import Database, now
from memory_store.encoding import encodable
from memory_store.hierarchy import Hierarchy, Origin
from memory_store.types import Level, MemoryEntry
from memory_store.users import ensure_users

Verdict = Literal["like", "dislike"]
TITLE_CHARACTERS = 80
"""More of a title is not repeated in the memory."""


class Feedback:
    """The feedback table and the entries of the behaviour level that mirror it."""

    def __init__(self, database: Database, hierarchy: Hierarchy) -> None:
        self._database = database
        self._hierarchy = hierarchy

    def set(
        self,
        user_id: str,
        item_id: str,
        verdict: Verdict | None,
        title: str,
        turn_id: str | None = None,
        *,
        category: str = "",
    ) -> None:
        """Notes what a user thinks of a suggested item: the last word counts, None takes it back.

        Recallable at once. Raises ValueError for another verdict.
        """
        if verdict not in ("like", "dislike", None):
            raise ValueError(f"a verdict is 'like', 'dislike' or None, not {verdict!r}")
        entry_id = "feedback-" + hashlib.sha256(f"{user_id}\0{item_id}".encode()).hexdigest()[:24]
        if verdict is None:
            self._database.execute("DELETE FROM feedback WHERE user_id = ? AND item_id = ?", (user_id, item_id))
            self._hierarchy.forget(user_id, [entry_id])
            return
        moment = now()
        text = f'{verdict.capitalize()}d "{_shortened(title)}" when it was suggested.'
        with self._database.atomic():
            ensure_users(self._database, [user_id])
            self._database.execute(
                "INSERT INTO feedback VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (user_id, item_id) DO UPDATE SET"
                " verdict = excluded.verdict, title = excluded.title, turn_id = excluded.turn_id,"
                " timestamp = excluded.timestamp",
                (user_id, item_id, verdict, encodable(title), turn_id, moment),
            )
            entry = MemoryEntry(entry_id, user_id, Level.BEHAVIOUR, category, "Feedback", text, moment, ())
            self._hierarchy.put([entry], origin=Origin.FEEDBACK)

    def of_user(self, user_id: str) -> dict[str, Verdict]:
        """A user's verdicts by item id, the newest first."""
        rows = self._database.rows(
            "SELECT item_id, verdict FROM feedback WHERE user_id = ? ORDER BY timestamp DESC, rowid DESC", (user_id,)
        )
        return {row[0]: row[1] for row in rows}


def _shortened(title: str) -> str:
    title = " ".join(title.split())
    return title if len(title) <= TITLE_CHARACTERS else title[:TITLE_CHARACTERS].rsplit(" ", 1)[0] + "…"
