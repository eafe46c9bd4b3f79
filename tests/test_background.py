"""Indexing while people are served: it finishes, gives way, stops at once, and goes on at the next start."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from memory_store import background
from memory_store.embedding import Embedder
from memory_store.store import MemoryStore
from memory_store.types import Level, MemoryEntry

COUNT = 5 * background.SLICE


def until(reached: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not reached():
        assert time.monotonic() < end, "it took more than 30 seconds"
        time.sleep(0.01)


@pytest.fixture
def folder(tmp_path: Path, embedder: Embedder) -> Path:
    store = MemoryStore.open(tmp_path, embedder)
    store.hierarchy.put(
        [
            MemoryEntry(f"e{at}", f"user{at % 9}", Level.PATTERN, "Tea", "", f"Tea: prefers blend {at}.", at, ())
            for at in range(COUNT)
        ]
    )
    store.close()
    return tmp_path


def test_it_indexes_everything_and_opens_the_index(folder: Path, embedder: Embedder) -> None:
    store = MemoryStore.open(folder, embedder)
    store.index_in_background()
    store.index_in_background()
    until(lambda: store.hierarchy.pending() == 0)
    assert store._mirror.owned().count() == COUNT
    store.close()


def test_it_gives_way_to_whoever_recalls(folder: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "QUIET_SECONDS", 3_600.0)
    store = MemoryStore.open(folder, embedder)
    (hits,) = store.hierarchy.recall("user3", ["tea"], k=1)
    assert hits
    left = store.hierarchy.pending()
    store.index_in_background()
    time.sleep(0.3)
    assert store.hierarchy.pending() == left > 0
    store.close()


def test_stopped_it_goes_on_at_the_next_start(folder: Path, embedder: Embedder) -> None:
    store = MemoryStore.open(folder, embedder)
    store.index_in_background()
    until(lambda: store.hierarchy.pending() < COUNT)
    store.close()
    again = MemoryStore.open(folder, embedder)
    again.index_in_background()
    until(lambda: again.hierarchy.pending() == 0)
    wanted = embedder.embed(["Tea: prefers blend 7."])[0]
    assert np.allclose(again._mirror.owned().get(["e7"])["e7"], wanted, atol=0.02)
    again.close()


def test_another_process_that_owns_the_index_is_left_to_it(folder: Path, embedder: Embedder) -> None:
    owner, other = MemoryStore.open(folder, embedder), MemoryStore.open(folder, embedder)
    owner.hierarchy.recall("user1", ["tea"])
    left = owner.hierarchy.pending()
    other.index_in_background()
    assert other._indexer is not None
    other._indexer._thread.join(10)
    assert not other._indexer._thread.is_alive()
    assert other.hierarchy.pending() == left
    other.close()
    owner.close()


def test_equal_texts_are_embedded_once(tmp_path: Path, embedder: Embedder) -> None:
    embedded: list[str] = []

    class Counting:
        name, dimension, count_tokens = embedder.name, embedder.dimension, embedder.count_tokens

        def embed(self, texts, *, query=False, progress=None):
            embedded.extend(texts)
            return embedder.embed(texts, query=query, progress=progress)

    store = MemoryStore.open(tmp_path, Counting())
    store.hierarchy.put([MemoryEntry(f"e{n}", f"u{n}", Level.PATTERN, "Tea", "", "Tea.", n, ()) for n in range(9)])
    assert store.hierarchy.index_pending() == 9
    assert embedded == ["Tea."]
    assert store._mirror.owned().count() == 9
    store.close()
