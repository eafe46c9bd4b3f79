"""An embedder that remembers texts over a run: settings and requests ask for the same ones again and again."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from memory_store.embedding import MINILM, Embedder

REMEMBERED = 50_000
LARGE_CALL = 64


class CachedEmbedder:
    """Gives what ``embedder`` gives. Texts are embedded beside texts of as many tokens only, since padding changes the
    last digits: so a vector depends on nothing that was asked before or beside it, and a run that was interrupted ends
    in the very same figures. Calls of 64 texts or more go through as they are."""

    def __init__(self, embedder: Embedder) -> None:
        self.name = embedder.name
        self.dimension = embedder.dimension
        self._embedder = embedder
        self._vectors: OrderedDict[tuple[bool, str], np.ndarray] = OrderedDict()
        self._tokens: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()
        self._queries_differ = embedder.name != MINILM
        self._pool = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="embedding")

    def embed(
        self, texts: Sequence[str], *, query: bool = False, progress: Callable[[int], None] | None = None
    ) -> np.ndarray:
        """See Embedder."""
        if len(texts) >= LARGE_CALL or not texts:
            return self._embedder.embed(texts, query=query, progress=progress)
        query = query and self._queries_differ
        with self._lock:
            known = {text: self._vectors.get((query, text)) for text in texts}
        new = [text for text, vector in known.items() if vector is None]
        known.update(zip(new, self._each(new, query), strict=True))
        with self._lock:
            self._vectors.update(((query, text), known[text]) for text in new)  # type: ignore[misc]
            while len(self._vectors) > REMEMBERED:
                self._vectors.popitem(last=False)
        return np.stack([known[text] for text in texts])  # type: ignore[misc]

    def count_tokens(self, text: str) -> int:
        """See Embedder."""
        count = self._tokens.get(text)
        if count is None:
            count = self._embedder.count_tokens(text)
            with self._lock:
                self._tokens[text] = count
                while len(self._tokens) > REMEMBERED:
                    self._tokens.popitem(last=False)
        return count

    def _each(self, texts: Sequence[str], query: bool) -> list[np.ndarray]:
        """The vector of each text, those of one length together, the lengths side by side."""
        lengths: dict[int, list[int]] = {}
        for place, text in enumerate(texts):
            lengths.setdefault(self.count_tokens(text), []).append(place)
        found = [np.empty(0, dtype=np.float32)] * len(texts)
        batches = [[texts[place] for place in places] for places in lengths.values()]
        vectors = self._pool.map(lambda batch: self._embedder.embed(batch, query=query), batches)
        for places, embedded in zip(lengths.values(), vectors, strict=True):
            for place, vector in zip(places, embedded, strict=True):
                found[place] = vector
        return found
