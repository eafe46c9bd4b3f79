"""How long a search takes over many items: ``python -m tests.bench.search_large [--items N ...]``.

Builds catalogue folders of made-up items with random vectors, the real files and the real BM25, and prints the median
and the 95th percentile in milliseconds of a plain search, one under constraints, and the cosines alone. The query is
embedded already. The bar: under 15 ms at 24,000 items, under 60 ms at 1,050,000.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from assistant.catalogue.build import build_catalogue
from assistant.catalogue.search import Catalogue
from assistant.types import Constraints, Item

DIMENSION = 384
SEARCHES = 50
WORDS = 30_000
CATEGORIES = 30


class RandomEmbedder:
    """Unit vectors that mean nothing: a search takes as long with them."""

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


def made_up_items(count: int) -> Iterator[Item]:
    """Items of twelve words each, drawn as unevenly as words of a language are."""
    random = np.random.default_rng(1)
    for number in range(count):
        words = " ".join(f"word{rank}" for rank in np.minimum(random.zipf(1.3, 12), WORDS))
        price = float(random.integers(1, 200)) if random.random() < 0.5 else None
        yield Item(
            f"B{number:09d}", words, f"Brand {number % 5000}", f"Category {number % CATEGORIES:02d}", price=price
        )


def measure(search: Callable[[str], object]) -> tuple[float, float]:
    """Median and 95th percentile in milliseconds over queries of six words."""
    random = np.random.default_rng(2)
    times = []
    for _ in range(SEARCHES):
        query = " ".join(f"word{rank}" for rank in np.minimum(random.zipf(1.3, 6), WORDS))
        start = time.perf_counter()
        search(query)
        times.append((time.perf_counter() - start) * 1000)
    return float(np.median(times)), float(np.percentile(times, 95))


def searches(catalogue: Catalogue) -> tuple[tuple[str, Callable[[str], object]], ...]:
    """What is timed."""
    limited = Constraints(price_max=40.0, avoided_words=("word50",), category="Category 03")
    return (
        ("cosines alone", lambda query: catalogue.search_many([query], method="dense", k=1)),
        ("search, top 1000", catalogue.search),
        ("with constraints", lambda query: catalogue.search(query, constraints=limited)),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--items", type=int, nargs="+", default=[24_000, 1_050_000])
    embedder = RandomEmbedder()
    for count in parser.parse_args().items:
        with tempfile.TemporaryDirectory() as folder:
            build_catalogue(Path(folder), made_up_items(count), embedder)
            start = time.perf_counter()
            catalogue = Catalogue.open(Path(folder), embedder)
            print(f"{count:,} items: opened in {time.perf_counter() - start:.2f} s")
            for name, search in searches(catalogue):
                median, slowest = measure(search)
                print(f"  {name:<18} p50 {median:7.1f} ms   p95 {slowest:7.1f} ms")
            catalogue.close()


if __name__ == "__main__":
    main()
