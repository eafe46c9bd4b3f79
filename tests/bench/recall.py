"""How long recall takes with many users in the store: ``python -m tests.bench.recall [--entries N ...]``.

Builds stores of random unit vectors (real SQLite, real Chroma, 50 entries a user), recalls of random users with
queries that are embedded already, and prints p50 and p95 in milliseconds. "cold" is the first recall of a user
in a process that has just opened the store, "warm" later ones. The bar: p95 below 5 ms at 300,000 entries.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from memory_store.store import MemoryStore
from memory_store.types import Level, MemoryEntry

DIMENSION = 384
ENTRIES_A_USER = 50
RECALLS = 500
LEVELS = (Level.BEHAVIOUR, Level.BEHAVIOUR, Level.BEHAVIOUR, Level.PATTERN, Level.PROFILE)


class RandomEmbedder:
    """Unit vectors that mean nothing: recall takes as long with them."""

    name = "random"
    dimension = DIMENSION

    def __init__(self) -> None:
        self._random = np.random.default_rng(0)

    def embed(
        self, texts: Sequence[str], *, query: bool = False, progress: Callable[[int], None] | None = None
    ) -> np.ndarray:
        """See memory_store.embedding.Embedder."""
        vectors = self._random.standard_normal((len(texts), DIMENSION), dtype=np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def count_tokens(self, text: str) -> int:
        """See memory_store.embedding.Embedder."""
        return len(text.split())


def build(folder: Path, entries: int) -> None:
    """Writes a store of so many entries into a folder."""
    store = MemoryStore.open(folder, RandomEmbedder())
    for number in range(entries // ENTRIES_A_USER):
        store.hierarchy.replace_local(f"user-{number}", [_entry(number, place) for place in range(ENTRIES_A_USER)])
    store.hierarchy.index_pending()
    store.close()


def measure(folder: Path, entries: int) -> dict[str, np.ndarray]:
    """The times of RECALLS recalls of random users, in ms; for "cold" of as many as there are, each once."""
    random = np.random.default_rng(1)
    embedder = RandomEmbedder()
    users = entries // ENTRIES_A_USER
    chosen = [f"user-{number}" for number in random.choice(users, min(RECALLS, users), replace=False)]
    store = MemoryStore.open(folder, embedder)
    start = time.perf_counter()
    store.hierarchy.index_pending()
    print(f"  opening the index and checking it: {1000 * (time.perf_counter() - start):.0f} ms")
    store.hierarchy.recall_vectors("user-0", embedder.embed(["first"]))
    again = random.choice(chosen, RECALLS)
    times = {
        temper: np.array([_timed(store, user, embedder.embed(["query"])) for user in asked])
        for temper, asked in (("cold", chosen), ("warm", again))
    }
    store.close()
    return times


def _timed(store: MemoryStore, user: str, query: np.ndarray) -> float:
    start = time.perf_counter()
    recalled = store.hierarchy.recall_vectors(user, query, k=3)
    elapsed = 1000 * (time.perf_counter() - start)
    if [hit.entry.user_id for hit in recalled[0]] != [user] * 3:
        raise RuntimeError(f"wrong recall for {user}")
    return elapsed


def _entry(user: int, place: int) -> MemoryEntry:
    text = f"Bought number {place} of user {user}, 5 stars: it fits well and it has lasted for years."
    return MemoryEntry(
        f"{user}-{place}", f"user-{user}", LEVELS[place % 5], "Shoes", "Fit", text, place, (f"b{place}",)
    )


def main() -> None:
    """Builds, measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--entries", type=int, nargs="+", default=[10_000, 300_000])
    for entries in parser.parse_args().entries:
        folder = Path(tempfile.mkdtemp(prefix="recall-"))
        try:
            start = time.perf_counter()
            print(f"{entries:,} entries, {entries // ENTRIES_A_USER:,} users")
            build(folder, entries)
            size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
            print(f"  built in {time.perf_counter() - start:.0f} s, {size:.0f} MB")
            for temper, times in measure(folder, entries).items():
                p50, p95 = np.percentile(times, [50, 95])
                print(f"  {temper}: p50 {p50:.2f} ms, p95 {p95:.2f} ms over {len(times)} recalls")
        finally:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
