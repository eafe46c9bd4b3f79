"""BM25 over the items' texts (bm25s, its numba scorer, memory-mapped).

The settings were chosen on the train requests of the real data (tests/bench/ranking.py).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import bm25s
import numpy as np
import Stemmer
from bm25s.stopwords import STOPWORDS_EN

K1 = 0.9
B = 0.5
_WORD = re.compile(r"(?<!['’])\b(?:[^\W_]{3,}-free|\w+)\b")
_NONE_OF = re.compile(r"\b(?:no|without|free\s+(?:of|from))\s+([^\W_]{3,})(?![\w-])")
_STOPWORDS = frozenset(STOPWORDS_EN)
_own = threading.local()


def words(text: str) -> list[str]:
    """The words that BM25 counts: lower case, no English function words, cut to their stems ("cooling" is "cool"). One
    letter may tell the most ("vitamin D"), unless it follows an apostrophe. "Wheel-free" and "no wheels" are one word,
    since neither has wheels; "gluten free" is both one and two."""
    found = [word for word in _WORD.findall(_NONE_OF.sub(r"\1-free", text.lower())) if word not in _STOPWORDS]
    without = [f"{word}-free" for word, next_ in pairwise(found) if next_ == "free"]
    said = [*without, *found]
    held = [word.removesuffix("-free") for word in said]
    stems: list[str] = _stemmer().stemWords(held)
    return [stem if word == bare else f"{stem}-free" for word, bare, stem in zip(said, held, stems, strict=True)]


def _stemmer() -> Stemmer.Stemmer:
    """English Snowball (Porter 2), which did better on the train requests than undoing plurals alone. A stemmer serves
    one thread."""
    if not hasattr(_own, "stemmer"):
        _own.stemmer = Stemmer.Stemmer("english")
    return _own.stemmer


def write_index(folder: Path, texts: Iterable[str]) -> None:
    """Indexes the texts, a row each, into ``folder``. The same texts give the same bytes."""
    vocabulary: dict[str, int] = {}
    rows = [[vocabulary.setdefault(word, len(vocabulary)) for word in words(text)] for text in texts]
    index = bm25s.BM25(k1=K1, b=B, backend="numba")
    index.index((rows, vocabulary), show_progress=False)
    index.save(folder, show_progress=False)


class Lexical:
    """A BM25 index, opened without reading it whole. The scorer is compiled here, so that no query waits for it."""

    def __init__(self, folder: Path) -> None:
        self._index = bm25s.BM25.load(folder, mmap=True, show_progress=False)
        self._index.get_scores_from_ids([0])

    def scores(self, text: str) -> np.ndarray:
        """The BM25 score of every row for the text: float32 [n], zero where no word is shared."""
        return self._index.get_scores_from_ids(self._index.get_tokens_ids(words(text)))

    def rows_with(self, text: str) -> np.ndarray | None:
        """The rows, ascending, whose text has every indexed word of ``text``; None where it has no such word."""
        found: np.ndarray | None = None
        pointers, indices = self._index.scores["indptr"], self._index.scores["indices"]
        for word in words(text):
            token = self._index.vocab_dict.get(word)
            rows = indices[:0] if token is None else indices[pointers[token] : pointers[token + 1]]
            found = np.asarray(rows) if found is None else np.intersect1d(found, rows, assume_unique=True)
        return found
