"""How fast the bundled embedder is, and how true to float32: ``python -m tests.bench.embedding``.

Prints texts a second of wall and of processor time for items (about 46 tokens) and memories (about 17), the least
cosine to float32, and the time of one query.
"""

from __future__ import annotations

import time

import numpy as np
import torch

from memory_store.minilm import MiniLM, best_dtype

ITEM = (
    "Plainwell {} fragrance-free oatmeal shampoo for dogs with dry, itchy skin, 16 fl oz, soap-free and tear-free, "
    "made with aloe vera and vitamin E, safe for puppies, leaves the coat soft, number {}"
)
MEMORY = "Shampoo {}: prefers fragrance-free; praised in {} reviews."
QUERY = "need a gentle shampoo for my itchy dog"
TEXTS = 600
QUERIES = 100


def main() -> None:
    """Measures and prints."""
    served, exact = MiniLM.bundled(), MiniLM.bundled(dtype=torch.float32)
    served.embed([QUERY])
    print(f"{best_dtype()}")
    for name, template in (("items", ITEM), ("memories", MEMORY)):
        texts = [template.format(number, TEXTS - number) for number in range(TEXTS)]
        wall, busy = time.perf_counter(), time.process_time()
        vectors = served.embed(texts)
        wall, busy = time.perf_counter() - wall, time.process_time() - busy
        cosine = (vectors[:100] * exact.embed(texts[:100])).sum(axis=1).min()
        tokens = np.mean([served.count_tokens(text) for text in texts])
        print(
            f"{name} of {tokens:.0f} tokens: {TEXTS / wall:.0f} a second, {TEXTS / busy:.0f} a second of one core, "
            f"cosine to float32 at least {cosine:.5f}"
        )
    times = [_timed(served) for _ in range(QUERIES)]
    print("one query: p50 {:.1f} ms, p95 {:.1f} ms".format(*np.percentile(times, [50, 95])))


def _timed(embedder: MiniLM) -> float:
    start = time.perf_counter()
    embedder.embed([QUERY], query=True)
    return 1000 * (time.perf_counter() - start)


if __name__ == "__main__":
    main()
