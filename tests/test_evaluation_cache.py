"""The cached embedder: the same vectors whatever was asked before or beside them, and nothing embedded twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from assistant.evaluation.cache import LARGE_CALL, CachedEmbedder
from memory_store.embedding import Embedder

TEXTS = ["shampoo", "a fragrance-free shampoo for dry hair", "trail shoes, wide", "mug", "blue mug of stoneware"]


class Counting:
    """Counts what it passes on."""

    def __init__(self, embedder: Embedder) -> None:
        self.name, self.dimension, self.count_tokens = embedder.name, embedder.dimension, embedder.count_tokens
        self.texts: list[str] = []
        self._embedder = embedder

    def embed(
        self, texts: Sequence[str], *, query: bool = False, progress: Callable[[int], None] | None = None
    ) -> np.ndarray:
        self.texts += texts
        return self._embedder.embed(texts, query=query, progress=progress)


def test_a_vector_depends_on_its_text_alone(embedder: Embedder) -> None:
    together = CachedEmbedder(embedder).embed(TEXTS)
    apart = CachedEmbedder(embedder)
    one_by_one = np.concatenate([apart.embed([text]) for text in reversed(TEXTS)])[::-1]
    assert (together == one_by_one).all()
    assert (CachedEmbedder(embedder).embed([*TEXTS[2:], *TEXTS[:2]]) == np.roll(together, -2, axis=0)).all()
    assert np.abs(together - embedder.embed(TEXTS)).max() < 0.01


def test_a_text_is_embedded_once(embedder: Embedder) -> None:
    counting = Counting(embedder)
    cached = CachedEmbedder(counting)
    first = cached.embed([*TEXTS, TEXTS[0]])
    first[:] = 0  # a caller may do as it likes with what it was given
    again = cached.embed(TEXTS, query=True)
    assert sorted(counting.texts) == sorted(TEXTS) and np.allclose(np.linalg.norm(again, axis=1), 1, atol=1e-3)
    many = [f"text {number}" for number in range(LARGE_CALL)]
    cached.embed(many)
    assert counting.texts[-LARGE_CALL:] == many
    assert cached.count_tokens("blue mug") == cached.count_tokens("blue mug") == embedder.count_tokens("blue mug")
