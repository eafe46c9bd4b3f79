"""``memory.sqlite``, the record of truth: a connection a thread, transactions, and numbered migrations.

WAL, so that readers and one writer do not wait for each other, in one process or several; foreign keys on;
``secure_delete`` on, so that what is deleted is overwritten.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlite_utils
from sqlite_utils import Migrations

from memory_store.encoding import encodable
from memory_store.errors import StoreTooNew

MIGRATIONS = Migrations("memory_store")
BUSY_SECONDS = 30.0
"""How long a writer waits for another one, of this process or another, before sqlite3.OperationalError."""


@MIGRATIONS(name="0001_initial")
def _initial(db: sqlite_utils.Database) -> None:
    for statement in _SCHEMA.split(";;"):
        db.execute(statement)


_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;;
CREATE TABLE users (
    user_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    bio TEXT NOT NULL DEFAULT '',
    persona INTEGER NOT NULL DEFAULT 0,
    openers TEXT NOT NULL DEFAULT '[]',
    avatar TEXT
) STRICT;;
CREATE TABLE sessions (
    session_id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users(user_id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;;
CREATE INDEX sessions_user ON sessions(user_id, updated_at);;
CREATE TABLE turns (
    turn_id TEXT PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions(session_id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    request TEXT NOT NULL,
    events TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (session_id, position)
) STRICT;;
CREATE TABLE behaviours (
    behaviour_id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users(user_id) ON DELETE CASCADE,
    item_id TEXT NOT NULL,
    title TEXT NOT NULL,
    brand TEXT,
    category TEXT NOT NULL,
    price REAL,
    item_text TEXT NOT NULL,
    rating REAL,
    review_title TEXT NOT NULL,
    review_text TEXT NOT NULL,
    timestamp INTEGER
) STRICT;;
CREATE INDEX behaviours_user ON behaviours(user_id, timestamp);;
CREATE TABLE entries (
    entry_id TEXT PRIMARY KEY,
    user_id TEXT REFERENCES users(user_id) ON DELETE CASCADE,
    level TEXT NOT NULL,
    category TEXT NOT NULL,
    aspect TEXT NOT NULL,
    text TEXT NOT NULL,
    timestamp INTEGER,
    behaviour_ids TEXT NOT NULL,
    origin TEXT NOT NULL DEFAULT 'written',
    indexed INTEGER NOT NULL DEFAULT 0,
    CHECK ((level = 'global') = (user_id IS NULL))
) STRICT;;
CREATE INDEX entries_user ON entries(user_id, level, indexed);;
CREATE INDEX entries_scenario ON entries(category) WHERE user_id IS NULL;;
CREATE INDEX entries_pending ON entries(entry_id) WHERE indexed = 0;;
CREATE TABLE removed_vectors (entry_id TEXT PRIMARY KEY) STRICT;;
CREATE TRIGGER entry_removed AFTER DELETE ON entries BEGIN
    INSERT OR IGNORE INTO removed_vectors VALUES (OLD.entry_id);
END;;
CREATE TRIGGER entry_added AFTER INSERT ON entries BEGIN
    DELETE FROM removed_vectors WHERE entry_id = NEW.entry_id;
END;;
CREATE TABLE forgotten (
    user_id TEXT NOT NULL REFERENCES users(user_id) ON DELETE CASCADE,
    entry_id TEXT NOT NULL,
    PRIMARY KEY (user_id, entry_id)
) STRICT;;
CREATE TABLE digests (
    user_id TEXT REFERENCES users(user_id) ON DELETE CASCADE,
    scenario TEXT,
    digest TEXT NOT NULL,
    UNIQUE (user_id),
    UNIQUE (scenario),
    CHECK ((user_id IS NULL) <> (scenario IS NULL))
) STRICT;;
CREATE TABLE feedback (
    user_id TEXT NOT NULL REFERENCES users(user_id) ON DELETE CASCADE,
    item_id TEXT NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('like', 'dislike')),
    title TEXT NOT NULL,
    turn_id TEXT,
    timestamp INTEGER NOT NULL,
    PRIMARY KEY (user_id, item_id)
) STRICT
"""


class Database:
    """The store's SQLite file, safe to share between threads; several processes may hold it open at once.

    Opening creates the file and its folder, and applies the migrations that it lacks, all or none.
    Raises StoreTooNew if the file carries migrations that this version does not know.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._open: weakref.WeakSet[sqlite_utils.Database] = weakref.WeakSet()
        self._open_lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._migrate()

    @property
    def connection(self) -> sqlite_utils.Database:
        """This thread's connection."""
        connection: sqlite_utils.Database | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect()
        return connection

    @contextmanager
    def atomic(self) -> Iterator[sqlite_utils.Database]:
        """A transaction that takes the write lock at once; nested in another one it is a savepoint of it."""
        db = self.connection
        if not db.conn.in_transaction:
            db.conn.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.rollback()
                raise
            db.commit()
        else:
            with db.atomic():
                yield db

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """The rows of a SELECT, each read by column name or position."""
        cursor = self.connection.conn.cursor()
        cursor.row_factory = sqlite3.Row
        return cursor.execute(sql, parameters).fetchall()

    def value(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """The first column of a SELECT's first row, None if there is no row."""
        row = self.connection.conn.execute(sql, parameters).fetchone()
        return None if row is None else row[0]

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Runs one writing statement (its own transaction outside of ``atomic``); returns the rows it changed."""
        with self.atomic() as db:
            return db.conn.execute(sql, parameters).rowcount

    def execute_many(self, sql: str, parameters: Iterable[Sequence[Any]]) -> None:
        """Runs one writing statement for every row of parameters, in one transaction."""
        with self.atomic() as db:
            db.conn.executemany(sql, parameters)

    def meta(self, key: str) -> str | None:
        """What is noted under a key about the store as a whole."""
        value: str | None = self.value("SELECT value FROM meta WHERE key = ?", (key,))
        return value

    def set_meta(self, key: str, value: str) -> None:
        """Notes something about the store as a whole."""
        self.execute(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", (key, value)
        )

    def scrub(self) -> None:
        """Rewrites the file and empties its journal, so that nothing deleted is left on the disk."""
        self.connection.conn.execute("VACUUM")
        self.truncate_journal()

    def truncate_journal(self) -> None:
        """Moves the journal into the file and empties it, as far as no reader still needs it."""
        self.connection.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Closes every thread's connection; the object cannot be used afterwards."""
        with self._open_lock:
            for connection in list(self._open):
                connection.close()

    def _connect(self) -> sqlite_utils.Database:
        raw = sqlite3.connect(self.path, timeout=BUSY_SECONDS, check_same_thread=False)
        raw.execute("PRAGMA journal_mode = WAL")
        raw.execute("PRAGMA synchronous = NORMAL")
        raw.execute("PRAGMA foreign_keys = ON")
        raw.execute("PRAGMA secure_delete = ON")
        connection = sqlite_utils.Database(raw, execute_plugins=False)
        with self._open_lock:
            self._open.add(connection)
        return connection

    def _migrate(self) -> None:
        known = {migration.name for migration in Migrations.pending(MIGRATIONS, sqlite_utils.Database(memory=True))}
        unknown = {migration.name for migration in MIGRATIONS.applied(self.connection)} - known
        if unknown:
            raise StoreTooNew(
                f"{self.path} was written by a newer version (it has {', '.join(sorted(unknown))}): "
                "update this software, or choose another store folder with MRREC_STORE"
            )
        if MIGRATIONS.pending(self.connection):
            with self.atomic() as db:
                MIGRATIONS.apply(db)


def now() -> int:
    """The time in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def dump(value: object) -> str:
    """A value as the JSON text that is stored of it."""
    return encodable(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
