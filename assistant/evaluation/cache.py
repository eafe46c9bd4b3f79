"""An embedder that remembers the small calls of a run: settings ask the same of it for the same request."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

import numpy as np

from memory_store.embedding import Embedder

REMEMBERED_CALLS = 4_096
REMEMBERED_TEXTS = 20_000
SMALL_CALL = 4


class CachedEmbedder:
    """Gives what ``embedder`` gives. Whole calls are remembered, never single texts: so a vector depends on its call
    alone, not on what was asked before, and a run that was interrupted ends in the same figures."""

    def __init__(self, embedder: Embedder) -> None:
        self.name = embedder.name
        self.dimension = embedder.dimension
        self._embedder = embedder
        self._calls: OrderedDict[tuple[bool, tuple[str, ...]], np.ndarray] = OrderedDict()
        self._tokens: dict[str, int] = {}
        self._lock = threading.Lock()

    def embed(
        self, texts: Sequence[str], *, query: bool = False, progress: Callable[[int], None] | None = None
    ) -> np.ndarray:
        """See Embedder."""
        if len(texts) > SMALL_CALL:
            return self._embedder.embed(texts, query=query, progress=progress)
        key = query, tuple(texts)
        with self._lock:
            found = self._calls.get(key)
        if found is None:
            found = self._embedder.embed(texts, query=query)
            with self._lock:
                self._calls[key] = found
                if len(self._calls) > REMEMBERED_CALLS:
                    self._calls.popitem(last=False)
        return found.copy()

    def count_tokens(self, text: str) -> int:
        """See Embedder."""
        count = self._tokens.get(text)
        if count is None:
            if len(self._tokens) >= REMEMBERED_TEXTS:
                self._tokens.clear()
            count = self._tokens[text] = self._embedder.count_tokens(text)
        return count
