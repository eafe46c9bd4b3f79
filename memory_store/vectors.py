"""The vector index in Chroma, and nothing else imports chromadb. It can always be built again from SQLite.

Only ids and vectors are kept in it, never texts. What is deleted from a Chroma index stays in its files, so
the index lives in a numbered folder, which ``rewrite`` replaces by a fresh one. One process owns it at a time.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import sqlite3
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from memory_store.errors import StoreBusy

BATCH = 1000
"""Vectors added or read at once; Chroma takes 5,461 at most, and a reader waits for no more than this."""
_CURRENT = "current"
_M_PERTURB = -6
_ALLOCATING = threading.RLock()
_COLLECTION = "memories"
_CONFIGURATION: Any = {"hnsw": {"space": "cosine", "ef_construction": 2, "max_neighbors": 2}}
"""Recall reads vectors by id and compares them exactly, so Chroma's own graph is kept as cheap as can be."""


class Vectors:
    """Ids and their unit vectors, float32, in ``folder``; safe to share between threads.

    Raises StoreBusy while another process (or another Vectors of this one) owns the folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.RLock()
        folder.mkdir(parents=True, exist_ok=True)
        self._owner = _own(folder)
        self._generation = self._read_generation()
        self._remove_others()
        self._client, self._collection = _open(self._path(self._generation))

    def put(self, ids: Sequence[str], vectors: np.ndarray) -> None:
        """Adds vectors [n, dimension] or replaces those of the same ids."""
        for start in range(0, len(ids), BATCH):
            part = slice(start, start + BATCH)
            with self._lock, _clean_memory():
                self._collection.upsert(ids=list(ids[part]), embeddings=vectors[part])

    def get(self, ids: Sequence[str]) -> dict[str, np.ndarray]:
        """The vectors of those of the ids that the index has."""
        found: dict[str, np.ndarray] = {}
        for chunk in _chunks(ids):
            with self._lock:
                answer = self._collection.get(ids=list(chunk), include=["embeddings"])
            found.update(zip(answer["ids"], np.asarray(answer["embeddings"], dtype=np.float32), strict=True))
        return found

    def delete(self, ids: Sequence[str]) -> None:
        """Takes vectors out of the index; their bytes stay in the files until ``rewrite``."""
        for chunk in _chunks(ids):
            with self._lock:
                self._collection.delete(ids=list(chunk))

    def count(self) -> int:
        """How many vectors the index has."""
        with self._lock:
            return int(self._collection.count())

    def ids(self) -> set[str]:
        """The ids of all vectors."""
        with self._lock:
            return set(self._collection.get(include=[])["ids"])

    def rewrite(self, ids: Sequence[str]) -> None:
        """Moves the vectors of these ids to fresh files and removes the old files, with whatever else they held.

        No vectors may be put or deleted meanwhile. Interrupted, the old index stays as it was.
        """
        generation = self._generation + 1
        with _clean_memory():
            client, collection = _open(self._path(generation))
            try:
                for chunk in _chunks(ids):
                    found = self.get(chunk)
                    if found:
                        collection.upsert(ids=list(found), embeddings=np.stack(list(found.values())))
                self._write_generation(generation)
            except BaseException:
                client.close()
                raise
        with self._lock:
            self._client.close()
            self._client, self._collection, self._generation = client, collection, generation
            self._remove_others()

    def close(self) -> None:
        """Closes the index and lets another process own it."""
        with self._lock:
            self._client.close()
            self._owner.close()

    def _path(self, generation: int) -> Path:
        return self._folder / f"{generation:06d}"

    def _read_generation(self) -> int:
        pointer = self._folder / _CURRENT
        return int(pointer.read_text(encoding="ascii")) if pointer.exists() else 0

    def _write_generation(self, generation: int) -> None:
        draft = self._folder / f"{_CURRENT}.new"
        draft.write_text(str(generation), encoding="ascii")
        os.replace(draft, self._folder / _CURRENT)

    def _remove_others(self) -> None:
        for path in self._folder.iterdir():
            if path.is_dir() and path != self._path(self._generation):
                shutil.rmtree(path)


def _own(folder: Path) -> sqlite3.Connection:
    """Takes the folder's lock, which the system frees when the process ends, however it ends."""
    owner = sqlite3.connect(folder / "owner.lock", timeout=0, isolation_level=None, check_same_thread=False)
    try:
        owner.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        owner.close()
        raise StoreBusy(
            f"another process is using the vector index in {folder} (the page, an import, or a command): "
            "stop it or wait until it has finished, then try again"
        ) from error
    return owner


@contextmanager
def _clean_memory() -> Iterator[None]:
    """Has memory filled with a fixed byte when it is allocated (by glibc; elsewhere it stays as it is).

    Chroma writes its buffers to disk with room to grow, and that room holds whatever stood there in memory before:
    also vectors and texts that were just forgotten.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is None:
        yield
        return
    with _ALLOCATING:
        mallopt(_M_PERTURB, 0xFF)
        try:
            yield
        finally:
            mallopt(_M_PERTURB, 0)


def _open(path: Path) -> tuple[Any, Any]:
    import chromadb

    client = chromadb.PersistentClient(path=str(path), settings=chromadb.Settings(anonymized_telemetry=False))
    collection = client.get_or_create_collection(_COLLECTION, embedding_function=None, configuration=_CONFIGURATION)
    return client, collection


def _chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]
