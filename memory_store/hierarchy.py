"""The hierarchical memory: local (behaviours -> patterns -> profile) and global (scenario -> aspects).

An entry is written to SQLite first and its vector to the index then; ``indexed`` tells how far it came, so
that whatever dies in between is mended by the next recall or by ``index_pending``. Every read of local memory
takes the user and filters by it in SQL; the index is asked by id only, never searched across users.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Sequence
from enum import StrEnum

import numpy as np

from memory_store.database import Database, dump
from memory_store.embedding import Embedder
from memory_store.encoding import encodable
from memory_store.mirror import PENDING, Mirror
from memory_store.types import LOCAL_LEVELS, Level, MemoryEntry, RecalledEntry
from memory_store.users import ensure_users


class Origin(StrEnum):
    """Where an entry comes from: written by an indexing writer, or kept from what the user clicked."""

    WRITTEN = "written"
    FEEDBACK = "feedback"


class Hierarchy:
    """The memory entries, their recall and their erasure."""

    def __init__(self, database: Database, mirror: Mirror, embedder: Embedder) -> None:
        self._database = database
        self._mirror = mirror
        self._embedder = embedder

    def put(self, entries: Sequence[MemoryEntry], *, origin: Origin = Origin.WRITTEN) -> None:
        """Adds entries, or changes those of the same ids, in SQLite only; the next recall indexes them.

        Raises ValueError if an id is another user's entry already.
        """
        with self._database.atomic() as db:
            ensure_users(self._database, {entry.user_id for entry in entries if entry.user_id is not None})
            for entry in entries:
                if not db.conn.execute(_UPSERT, (*_values(entry), origin)).rowcount:
                    raise ValueError(f"memory entry id {entry.entry_id!r} is another user's already")

    def write(self, entries: Sequence[MemoryEntry]) -> None:
        """``put``, and indexes whatever is not indexed yet, unless another process owns the index."""
        self.put(entries)
        self._mirror.settle(index=True)

    def replace_local(self, user_id: str, entries: Sequence[MemoryEntry], *, digest: str = "") -> None:
        """Makes these a user's written entries, all at once; what the user clicked or had forgotten stays so.

        ``digest`` tells what they were written from; ``digest_of`` gives it back. The index follows later:
        with the next recall, or ``index_pending``. Raises ValueError for an entry that is not this user's.
        """
        strangers = [entry.entry_id for entry in entries if entry.user_id != user_id]
        if strangers:
            raise ValueError(f"entries of another user than {user_id!r}: {', '.join(strangers[:5])}")
        with self._database.atomic():
            ensure_users(self._database, [user_id])
            forgotten = {
                row[0] for row in self._database.rows("SELECT entry_id FROM forgotten WHERE user_id = ?", (user_id,))
            }
            kept = [entry for entry in entries if entry.entry_id not in forgotten]
            self._database.execute(
                "DELETE FROM entries WHERE user_id = ? AND origin = 'written'"
                " AND entry_id NOT IN (SELECT value FROM json_each(?))",
                (user_id, dump([entry.entry_id for entry in kept])),
            )
            self.put(kept)
            self._note_digest("user_id", user_id, digest)

    def replace_scenario(self, scenario: str, entries: Sequence[MemoryEntry], *, digest: str = "") -> None:
        """Makes these the global entries of a scenario, all at once; as ``replace_local``."""
        strangers = [e.entry_id for e in entries if e.level != Level.GLOBAL or e.category != scenario]
        if strangers:
            raise ValueError(f"not global entries of {scenario!r}: {', '.join(strangers[:5])}")
        with self._database.atomic():
            self._database.execute(
                "DELETE FROM entries WHERE user_id IS NULL AND category = ?"
                " AND entry_id NOT IN (SELECT value FROM json_each(?))",
                (scenario, dump([entry.entry_id for entry in entries])),
            )
            self.put(entries)
            self._note_digest("scenario", scenario, digest)

    def digest_of(self, *, user_id: str | None = None, scenario: str | None = None) -> str | None:
        """The digest that a user's or a scenario's entries were last replaced with, None if they never were."""
        digest: str | None = self._database.value(
            "SELECT digest FROM digests WHERE user_id = ? OR scenario = ?", (user_id, scenario)
        )
        return digest

    def index_pending(self, *, of: Collection[str] | None = None, progress: Callable[[int], None] | None = None) -> int:
        """Embeds and indexes what SQLite has and the index lacks; returns how many. Stopped, it goes on later.

        With ``of`` only for these users' entries: others, and global ones, are indexed when they are recalled.
        ``progress`` is called with how many are done. Raises StoreBusy while another process owns the index.
        """
        return self._mirror.index_pending(progress, of=of)

    def count(self) -> int:
        """How many entries there are, of all users and global ones together."""
        return int(self._database.value("SELECT count(*) FROM entries"))

    def pending(self, *, of: Collection[str] | None = None) -> int:
        """How many entries are not indexed yet: all of them, or these users'."""
        return int(self._database.value(PENDING.format("count(*)"), (None if of is None else dump(list(of)),)))

    def rebuild(
        self, user_id: str | None = None, *, reembed: bool = False, progress: Callable[[int], None] | None = None
    ) -> int:
        """Makes the index anew from SQLite and takes everything deleted off the disk, in both of their files.

        The entries of ``user_id``, or with ``reembed`` all entries, are embedded again; other vectors are kept.
        Returns how many entries were embedded. Raises StoreBusy while another process owns the index.
        """
        self._mirror.owned()
        if reembed:
            self._mirror.clear()
        elif user_id is not None:
            self._database.execute("UPDATE entries SET indexed = 0 WHERE user_id = ?", (user_id,))
        done = self._mirror.index_pending(progress=progress)
        self._mirror.rewrite()
        return done

    def recall(
        self, user_id: str, queries: Sequence[str], *, k: int = 3, levels: Collection[Level] = LOCAL_LEVELS
    ) -> list[list[RecalledEntry]]:
        """For each query this user's k entries nearest to it, best first, of these levels, by exact cosine."""
        return self.recall_vectors(user_id, self._embedder.embed(queries, query=True), k=k, levels=levels)

    def recall_vectors(
        self, user_id: str, vectors: np.ndarray, *, k: int = 3, levels: Collection[Level] = LOCAL_LEVELS
    ) -> list[list[RecalledEntry]]:
        """``recall`` for queries that are embedded already: unit rows, float32 [queries, dimension]."""
        rows = self._database.rows(
            "SELECT * FROM entries WHERE user_id = ? AND level IN (SELECT value FROM json_each(?))",
            (user_id, dump(list(levels))),
        )
        return self._nearest(rows, vectors, k)

    def weigh(self, request: str, *, k: int = 6, scenario: str | None = None) -> list[RecalledEntry]:
        """The k global entries (of one scenario) nearest to a request, best first."""
        rows = self._database.rows(
            "SELECT * FROM entries WHERE user_id IS NULL AND (?1 IS NULL OR category = ?1)", (scenario,)
        )
        return self._nearest(rows, self._embedder.embed([request], query=True), k)[0]

    def scenarios(self) -> dict[str, int]:
        """How many global entries each scenario has, in order of name."""
        rows = self._database.rows(
            "SELECT category, count(*) FROM entries WHERE user_id IS NULL GROUP BY category ORDER BY category"
        )
        return {row[0]: row[1] for row in rows}

    def kinds(self, user_id: str, levels: Collection[Level]) -> set[str]:
        """The kinds of product that a user's entries of these levels speak of."""
        rows = self._database.rows(
            "SELECT DISTINCT category FROM entries WHERE user_id = ? AND category <> ''"
            " AND level IN (SELECT value FROM json_each(?))",
            (user_id, dump(sorted(levels))),
        )
        return {row[0] for row in rows}

    def entries(
        self,
        user_id: str | None,
        *,
        level: Level | None = None,
        category: str | None = None,
        query: str = "",
        limit: int = 1000,
        offset: int = 0,
    ) -> list[MemoryEntry]:
        """A user's entries (None: the global ones), profile before patterns before behaviours, newest first.

        ``query`` keeps the entries whose text contains it, in either case.
        """
        rows = self._database.rows(
            "SELECT * FROM entries WHERE user_id IS ?1 AND (?2 IS NULL OR level = ?2)"
            " AND (?3 IS NULL OR category = ?3) AND (?4 = '' OR instr(lower(text), lower(?4)))"
            " ORDER BY CASE level WHEN 'profile' THEN 0 WHEN 'pattern' THEN 1 ELSE 2 END,"
            " timestamp DESC NULLS LAST, rowid LIMIT ?5 OFFSET ?6",
            (user_id, level, category, query, limit, offset),
        )
        return [_entry(row) for row in rows]

    def get(self, user_id: str, entry_ids: Sequence[str]) -> list[MemoryEntry]:
        """This user's entries, and global ones, of those ids, in the order asked for; others are left out."""
        rows = self._database.rows(
            "SELECT * FROM entries WHERE entry_id IN (SELECT value FROM json_each(?))"
            " AND (user_id = ? OR user_id IS NULL)",
            (dump(list(entry_ids)), user_id),
        )
        found = {row["entry_id"]: _entry(row) for row in rows}
        return [found[id_] for id_ in dict.fromkeys(entry_ids) if id_ in found]

    def counts(self, user_id: str | None) -> dict[Level, int]:
        """How many entries a user has (None: the global memory) on each level that has any."""
        rows = self._database.rows("SELECT level, count(*) FROM entries WHERE user_id IS ? GROUP BY level", (user_id,))
        return {Level(row[0]): row[1] for row in rows}

    def forget(self, user_id: str, entry_ids: Sequence[str]) -> int:
        """Deletes these of a user's entries, for good: writing the memory again does not bring them back.

        Returns how many were this user's. ``rebuild`` takes what is left of them off the disk.
        """
        ids = dump(list(entry_ids))
        with self._database.atomic():
            self._database.execute(
                "INSERT OR IGNORE INTO forgotten SELECT user_id, entry_id FROM entries"
                " WHERE user_id = ? AND origin = 'written' AND entry_id IN (SELECT value FROM json_each(?))",
                (user_id, ids),
            )
            deleted = self._database.execute(
                "DELETE FROM entries WHERE user_id = ? AND entry_id IN (SELECT value FROM json_each(?))",
                (user_id, ids),
            )
        self._settle_removal()
        return deleted

    def forget_user(self, user_id: str) -> int:
        """Deletes all entries of a user; returns how many. ``rebuild`` takes what is left of them off the disk."""
        with self._database.atomic():
            deleted = self._database.execute("DELETE FROM entries WHERE user_id = ?", (user_id,))
            self._database.execute("DELETE FROM digests WHERE user_id = ?", (user_id,))
        self._settle_removal()
        return deleted

    def _settle_removal(self) -> None:
        self._mirror.settle()
        self._database.truncate_journal()

    def _note_digest(self, column: str, key: str, digest: str) -> None:
        self._database.execute(
            f"INSERT INTO digests ({column}, digest) VALUES (?, ?)"
            f" ON CONFLICT ({column}) DO UPDATE SET digest = excluded.digest",
            (key, digest),
        )

    def _nearest(self, rows: Sequence[sqlite3.Row], vectors: np.ndarray, k: int) -> list[list[RecalledEntry]]:
        similarities = np.asarray(vectors, dtype=np.float32) @ self._mirror.of(rows).T
        best = np.argsort(-similarities, axis=1, kind="stable")[:, :k]
        return [
            [RecalledEntry(_entry(rows[place]), float(scores[place])) for place in places]
            for places, scores in zip(best, similarities, strict=True)
        ]


_UPSERT = (
    "INSERT INTO entries (entry_id, user_id, level, category, aspect, text, timestamp, behaviour_ids, origin)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (entry_id) DO UPDATE SET"
    " indexed = CASE WHEN text = excluded.text THEN indexed ELSE 0 END, level = excluded.level,"
    " category = excluded.category, aspect = excluded.aspect, text = excluded.text,"
    " timestamp = excluded.timestamp, behaviour_ids = excluded.behaviour_ids, origin = excluded.origin"
    " WHERE user_id IS excluded.user_id"
)


def _values(entry: MemoryEntry) -> tuple[str | int | None, ...]:
    """What is stored of an entry. Raises ValueError if its level and its user do not go together."""
    if (entry.level == Level.GLOBAL) != (entry.user_id is None):
        raise ValueError(f"memory entry {entry.entry_id!r}: a global entry has no user, any other level has one")
    return (
        entry.entry_id,
        entry.user_id,
        entry.level,
        encodable(entry.category),
        encodable(entry.aspect),
        encodable(entry.text),
        entry.timestamp,
        dump(list(entry.behaviour_ids)),
    )


def _entry(row: sqlite3.Row) -> MemoryEntry:
    return MemoryEntry(
        row["entry_id"],
        row["user_id"],
        Level(row["level"]),
        row["category"],
        row["aspect"],
        row["text"],
        row["timestamp"],
        tuple(json.loads(row["behaviour_ids"])),
    )
