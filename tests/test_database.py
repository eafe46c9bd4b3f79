"""The SQLite file: pragmas, transactions, threads, processes, migrations from older files."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import sqlite_utils
from sqlite_utils import Migrations

from memory_store import database as module
from memory_store.database import MIGRATIONS, Database
from memory_store.errors import StoreTooNew


@pytest.fixture
def database(tmp_path: Path):
    opened = Database(tmp_path / "deep" / "memory.sqlite")
    yield opened
    opened.close()


def test_pragmas(database: Database) -> None:
    assert database.value("PRAGMA journal_mode") == "wal"
    assert database.value("PRAGMA foreign_keys") == 1
    assert database.value("PRAGMA secure_delete") == 1


def test_atomic_is_all_or_nothing_and_nests(database: Database) -> None:
    with pytest.raises(RuntimeError), database.atomic():
        database.set_meta("a", "1")
        raise RuntimeError
    with database.atomic():
        database.set_meta("b", "1")
        with pytest.raises(RuntimeError), database.atomic():
            database.set_meta("c", "1")
            raise RuntimeError
    assert [database.meta(key) for key in "abc"] == [None, "1", None]


def test_foreign_keys_hold(database: Database) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        database.execute("INSERT INTO sessions VALUES ('s', 'nobody', '', 0, 0)")


def test_global_entries_and_only_they_have_no_user(database: Database) -> None:
    insert = "INSERT INTO entries VALUES ('e', NULL, ?, '', '', '', NULL, '[]', 'written', 0)"
    with pytest.raises(sqlite3.IntegrityError):
        database.execute(insert, ("pattern",))
    database.execute(insert, ("global",))


def test_a_connection_a_thread(database: Database) -> None:
    connections = {id(database.connection.conn)}
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            connections.add(id(database.connection.conn))
            for step in range(40):
                database.set_meta(f"{number}-{step}", "x")
        except sqlite3.Error as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert database.value("SELECT count(*) FROM meta") == 8 * 40


_WRITER = """
import sys
from pathlib import Path
from memory_store.database import Database
database = Database(Path(sys.argv[1]))
for step in range(150):
    with database.atomic():
        seen = int(database.meta("n") or 0)
        database.set_meta("n", str(seen + 1))
"""


def test_two_processes_write_one_file(tmp_path: Path) -> None:
    path = tmp_path / "memory.sqlite"
    root = Path(__file__).parents[1]
    writers = [subprocess.Popen([sys.executable, "-c", _WRITER, str(path)], cwd=root) for _ in range(2)]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    database = Database(path)
    assert database.meta("n") == "300"
    database.close()


def test_scrub_takes_deleted_text_off_the_disk(database: Database) -> None:
    canary = "canary-7f3a"
    database.set_meta("secret", canary * 500)
    database.execute("DELETE FROM meta")
    database.scrub()
    assert all(canary.encode() not in path.read_bytes() for path in database.path.parent.iterdir())


def test_an_old_file_gains_what_came_later_and_keeps_its_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "memory.sqlite"
    old = Database(path)
    old.execute("INSERT INTO users (user_id, name) VALUES ('ann', 'Ann')")
    old.close()
    _with_later_migration(monkeypatch, lambda db: db.execute("ALTER TABLE users ADD COLUMN mood TEXT DEFAULT 'calm'"))
    new = Database(path)
    assert tuple(new.rows("SELECT name, mood FROM users")[0]) == ("Ann", "calm")
    new.close()


def test_a_migration_that_fails_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "memory.sqlite"
    Database(path).close()

    def fails(db: sqlite_utils.Database) -> None:
        db.execute("CREATE TABLE half (a TEXT)")
        db.execute("CREATE TABLE half (a TEXT)")

    with monkeypatch.context() as patched:
        _with_later_migration(patched, fails)
        with pytest.raises(sqlite3.OperationalError, match="half"):
            Database(path)
    again = Database(path)
    assert not again.connection["half"].exists()
    again.close()


def test_a_newer_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "memory.sqlite"
    with monkeypatch.context() as patched:
        _with_later_migration(patched, lambda db: None)
        Database(path).close()
    with pytest.raises(StoreTooNew, match="9999_later"):
        Database(path)


def test_migrations_are_numbered_in_order() -> None:
    names = [migration.name for migration in MIGRATIONS.pending(sqlite_utils.Database(memory=True))]
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))


def _with_later_migration(monkeypatch: pytest.MonkeyPatch, function) -> None:
    later = Migrations("memory_store")
    for migration in MIGRATIONS.pending(sqlite_utils.Database(memory=True)):
        later(name=migration.name)(migration.fn)
    later(name="9999_later")(function)
    monkeypatch.setattr(module, "MIGRATIONS", later)
