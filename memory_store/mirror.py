"""Keeps the vector index a mirror of the entries in SQLite, whatever was interrupted in between."""

from __future__ import annotations

import math
import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from memory_store.database import Database, dump
from memory_store.embedding import Embedder
from memory_store.errors import StoreBusy
from memory_store.vectors import BATCH, Vectors

CACHED_VECTORS = 40_000
"""Vectors kept in memory for users recalled lately: 60 MB of 384 dimensions."""
_CACHED_TEXTS = 20_000
PENDING = "SELECT {} FROM entries WHERE indexed = 0 AND (?1 IS NULL OR user_id IN (SELECT value FROM json_each(?1)))"
"""The entries that wait to be indexed, of all users or of those in a JSON list."""


class _Matrices:
    """The matrices of the ids asked for lately, emptied with every change of the index."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._matrices: OrderedDict[tuple[str, ...], np.ndarray] = OrderedDict()
        self._size = 0
        self.changes = 0

    def get(self, ids: tuple[str, ...]) -> np.ndarray | None:
        with self._lock:
            if ids in self._matrices:
                self._matrices.move_to_end(ids)
            return self._matrices.get(ids)

    def put(self, ids: tuple[str, ...], matrix: np.ndarray, changes: int) -> None:
        """Keeps a matrix that was read when there had been so many changes, if there have been none since."""
        with self._lock:
            if changes != self.changes or ids in self._matrices:
                return
            self._matrices[ids] = matrix
            self._size += len(ids)
            while self._size > CACHED_VECTORS:
                self._size -= len(self._matrices.popitem(last=False)[0])

    def clear(self) -> None:
        with self._lock:
            self._matrices.clear()
            self._size = 0
            self.changes += 1


class Mirror:
    """The vectors of the entries. The index is opened, and owned, when it is first needed.

    Where another process owns it, ``of`` embeds the texts it is asked for, so that reading goes on;
    what changes the index waits for its owner, or raises StoreBusy where it cannot wait.
    """

    def __init__(self, database: Database, folder: Path, embedder: Embedder) -> None:
        self._database = database
        self._folder = folder
        self._embedder = embedder
        self._lock = threading.RLock()
        self._owned: Vectors | None = None
        self._matrices = _Matrices()
        self._texts: dict[str, np.ndarray] = {}
        self._asked = -math.inf

    def of(self, rows: Sequence[sqlite3.Row]) -> np.ndarray:
        """The vectors of these entries' rows, float32 [n, dimension]; those not indexed yet are indexed first."""
        if not rows:
            return np.zeros((0, self._embedder.dimension), dtype=np.float32)
        self._asked = time.monotonic()
        try:
            vectors = self.owned()
        except StoreBusy:
            return self._embedded([row["text"] for row in rows])
        changes = self._matrices.changes
        pending = [row for row in rows if not row["indexed"]]
        found = self._index(vectors, pending)
        ids = tuple(row["entry_id"] for row in rows)
        matrix = self._matrices.get(ids) if not pending else None
        if matrix is None:
            found = vectors.get(ids) | found
            found |= self._index(vectors, [row for row in rows if row["entry_id"] not in found])
            matrix = np.stack([found[id_] for id_ in ids])
            self._matrices.put(ids, matrix, changes)
        return matrix

    def settle(self, *, index: bool = False) -> None:
        """Takes out of the index what SQLite no longer has, and with ``index`` adds what it has more.

        Left to the owner of the index, where that is another process.
        """
        with suppress(StoreBusy):
            if index:
                self.index_pending()
            elif self._database.value("SELECT 1 FROM removed_vectors LIMIT 1") is not None:
                self._remove(self.owned())

    def index_pending(self, progress: Callable[[int], None] | None = None, *, of: Collection[str] | None = None) -> int:
        """Brings the index in step with SQLite; returns how many entries it lacked. Raises StoreBusy.

        With ``of`` only for the entries of these users; the others follow when they are recalled.
        """
        vectors = self.owned()
        self._remove(vectors)
        done, sql = 0, PENDING.format("entry_id, text") + " ORDER BY text LIMIT ?2"  # what is alike is embedded once
        users = None if of is None else dump(list(of))
        while rows := self._database.rows(sql, (users, 4 * BATCH)):
            self._index(vectors, rows)
            done += len(rows)
            if progress:
                progress(done)
        return done

    def index_some(self, most: int) -> int:
        """Indexes at most so many of the entries that wait; returns how many, 0 where none waits. Raises StoreBusy."""
        vectors = self.owned()
        rows = self._database.rows(PENDING.format("entry_id, text") + " LIMIT ?2", (None, most))
        self._index(vectors, rows)
        return len(rows)

    def seconds_since_recall(self) -> float:
        """How long ago vectors were last asked for."""
        return time.monotonic() - self._asked

    def rewrite(self) -> None:
        """Moves the index to fresh files that hold what SQLite has and nothing else. Raises StoreBusy."""
        with self._lock:
            vectors = self.owned()
            self._remove(vectors)
            rows = self._database.rows("SELECT entry_id FROM entries WHERE indexed = 1")
            vectors.rewrite([row[0] for row in rows])
            self._database.scrub()

    def clear(self) -> None:
        """Empties the index: every entry is then to be indexed anew. Raises StoreBusy."""
        with self._lock:
            self.owned().rewrite([])
            self._matrices.clear()
            self._database.execute("UPDATE entries SET indexed = 0")

    def owned(self) -> Vectors:
        """The index, opened and checked against SQLite when first asked for. Raises StoreBusy."""
        if self._owned is not None:
            return self._owned
        with self._lock:
            if self._owned is None:
                vectors = Vectors(self._folder)
                self._reconcile(vectors)
                self._owned = vectors
                self._texts.clear()
            return self._owned

    def close(self) -> None:
        """Closes the index if this process owns it."""
        with self._lock:
            if self._owned is not None:
                self._owned.close()
                self._owned = None

    def _index(self, vectors: Vectors, rows: Sequence[sqlite3.Row]) -> dict[str, np.ndarray]:
        """Embeds and indexes entries; what was forgotten since its row was read does not come back."""
        if not rows:
            return {}
        with self._lock:
            texts = list(dict.fromkeys(row["text"] for row in rows))
            embedded = dict(zip(texts, self._embedder.embed(texts), strict=True))
            found = {row["entry_id"]: embedded[row["text"]] for row in rows}
            there = self._database.rows(
                "SELECT entry_id FROM entries WHERE entry_id IN (SELECT value FROM json_each(?))", (dump(list(found)),)
            )
            if there:
                vectors.put([row[0] for row in there], np.stack([found[row[0]] for row in there]))
            self._matrices.clear()
            self._database.execute_many(
                "UPDATE entries SET indexed = 1 WHERE entry_id = ? AND text = ?",
                [(row["entry_id"], row["text"]) for row in rows],
            )
            return found

    def _remove(self, vectors: Vectors) -> None:
        with self._lock:
            ids = [row[0] for row in self._database.rows("SELECT entry_id FROM removed_vectors")]
            vectors.delete(ids)
            self._matrices.clear()
            self._database.execute_many("DELETE FROM removed_vectors WHERE entry_id = ?", [(id_,) for id_ in ids])

    def _reconcile(self, vectors: Vectors) -> None:
        """Where the index was lost or cut short, marks what it lacks as not indexed, and what it has too much."""
        if vectors.count() == self._database.value("SELECT count(*) FROM entries WHERE indexed = 1"):
            return
        there = vectors.ids()
        entries = {row[0]: row[1] for row in self._database.rows("SELECT entry_id, indexed FROM entries")}
        lacking = [(id_,) for id_, indexed in entries.items() if indexed and id_ not in there]
        self._database.execute_many("UPDATE entries SET indexed = 0 WHERE entry_id = ?", lacking)
        surplus = [(id_,) for id_ in there if id_ not in entries]
        self._database.execute_many("INSERT OR IGNORE INTO removed_vectors VALUES (?)", surplus)

    def _embedded(self, texts: Sequence[str]) -> np.ndarray:
        with self._lock:
            new = [text for text in dict.fromkeys(texts) if text not in self._texts]
            if len(self._texts) + len(new) > _CACHED_TEXTS:
                self._texts.clear()
                new = list(dict.fromkeys(texts))
            if new:
                self._texts.update(zip(new, self._embedder.embed(new), strict=True))
            return np.stack([self._texts[text] for text in texts])
