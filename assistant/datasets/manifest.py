"""``store.json``: what a store was built from and with, and how far its building came."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from assistant.errors import StoreError

FORMAT = 1
FILE, LOCK = "store.json", "build.lock"
STEPS = ("catalogue", "people", "memories", "index")


@dataclass(frozen=True, slots=True)
class Manifest:
    """The store's own description. ``source`` is the dataset folder it is built from, to go on after an interruption.

    ``steps`` are those of ``STEPS`` that are done; ``dimension`` is that of the embedder's vectors.
    """

    dataset: str
    content_hash: str
    source: str
    embedder: str
    dimension: int
    writer: str
    steps: tuple[str, ...] = ()
    format: int = FORMAT

    @property
    def finished(self) -> bool:
        """Whether every step is done."""
        return set(STEPS) <= set(self.steps)

    def done(self, step: str) -> Manifest:
        """This manifest with ``step`` done."""
        return replace(self, steps=tuple(name for name in STEPS if name == step or name in self.steps))

    def without(self, *steps: str) -> Manifest:
        """This manifest with ``steps`` to be done again."""
        return replace(self, steps=tuple(step for step in self.steps if step not in steps))

    @classmethod
    def read(cls, store: Path) -> Manifest | None:
        """The manifest of folder ``store``, None where there is none.

        Raises:
            StoreError: it cannot be read, or comes from another version of the format.
        """
        path = store / FILE
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            if values.get("format") != FORMAT:
                raise StoreError(
                    f"{path} has format {values.get('format')}, this version reads {FORMAT}: import into another "
                    "--store, or delete this one and import again."
                )
            return cls(**values | {"steps": tuple(values["steps"])})
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise StoreError(f"{path} cannot be read ({error}): import into another --store.") from error

    def write(self, store: Path) -> None:
        """Put it into folder ``store``, whole or not at all."""
        write_json(store / FILE, asdict(self))


@contextmanager
def building(store: Path) -> Iterator[None]:
    """Hold the right to build ``store``; the system frees it when the process ends, however it ends.

    Raises:
        StoreError: another process has it, or ``store`` is a folder of something else.
    """
    if store.exists() and any(store.iterdir()) and not any((store / name).exists() for name in (LOCK, FILE)):
        raise StoreError(f"{store} holds something that is no store: name a new folder with --store.")
    store.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(store / LOCK, timeout=0, isolation_level=None)) as lock:
        try:
            lock.execute("PRAGMA journal_mode = MEMORY")
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise StoreError(f"Another process is building {store}: wait until it is done.") from error
        yield


def write_json(path: Path, value: object) -> None:
    """Write ``value`` as JSON so that a reader sees the old file or the whole new one, whatever happens."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.new")
    with draft.open("w", encoding="utf-8") as stream:
        json.dump(value, stream, ensure_ascii=False, indent=1)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)
