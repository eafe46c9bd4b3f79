"""Does the demo world keep its promise? Ranks its requests with the real ranker and prints nDCG@10 and R@100.

    python -m tests.bench.demo_world [--split test] [--seed N]

"taste unsaid" are requests that name nothing of the shopper's taste; "alone" are those that memory must not touch.
Queries: the request alone; the request with the titles of the last ten purchases; the profile written from the true
taste; the request with a stranger's profile.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from assistant.catalogue.build import build_catalogue
from assistant.catalogue.search import Catalogue
from assistant.datasets.demo import SEED
from assistant.datasets.demo.asking import Asked
from assistant.datasets.demo.world import Life, World, grow_world
from memory_store.embedding import load_embedder

Case = tuple[Life, Asked]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--split", default="test", choices=("train", "dev", "test"))
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--store", type=Path, help="where the catalogue is kept between runs (default: nowhere)")
    options = parser.parse_args()
    start = time.perf_counter()
    world = grow_world(options.seed)
    print(f"world grown in {time.perf_counter() - start:.1f} s: {len(world.products())} items")
    with tempfile.TemporaryDirectory() as scratch:
        embedder = load_embedder()
        folder = options.store or Path(scratch)
        build_catalogue(folder, (product.item for product in world.products()), embedder)
        catalogue = Catalogue.open(folder, embedder)
        print(f"catalogue ready after {time.perf_counter() - start:.1f} s")
        for name, cases in _cases(world, options.split).items():
            _report(name, cases, catalogue)
        catalogue.close()


def _cases(world: World, split: str) -> dict[str, list[Case]]:
    cases = [(life, asked) for life in world.lives if life.split == split for asked in life.asked]
    found = {"taste unsaid": [case for case in cases if case[1].unsaid]}
    for style in ("terse", "sentence", "chatty"):
        found[f"taste unsaid, {style}"] = [case for case in cases if case[1].unsaid and case[1].style == style]
    found["taste partly said"] = [c for c in cases if c[1].manner == "taste" and not c[1].unsaid]
    found["alone"] = [case for case in cases if case[1].memory == "alone"]
    for manner in ("specified", "never", "contrary", "present"):
        found[f"alone, {manner}"] = [case for case in cases if case[1].manner == manner]
    return found


def _report(name: str, cases: Sequence[Case], catalogue: Catalogue) -> None:
    """One line: how the target ranks under each query. The bars: request at most .25, oracle at least .85."""
    profiles = [asked.oracle_profile for _, asked in cases]
    strangers = [*profiles[1:], *profiles[:1]]
    queries = {
        "request": [asked.text for _, asked in cases],
        "last ten": [f"{asked.text} {_last_titles(life)}" for life, asked in cases],
        "oracle": profiles,
        "stranger": [f"{case[1].text} {other}" for case, other in zip(cases, strangers, strict=True)],
    }
    line = f"{name:24} {len(cases):4}"
    for label, texts in queries.items():
        rankings = catalogue.search_many(texts, k=1000)
        ranks = [_rank(ranking.item_ids, asked) for ranking, (_, asked) in zip(rankings, cases, strict=True)]
        gain = sum(1 / math.log2(1 + rank) for rank in ranks if rank <= 10) / max(1, len(ranks))
        found = sum(rank <= 100 for rank in ranks) / max(1, len(ranks))
        line += f"   {label} {gain:.3f} (R@100 {found:.2f})"
    print(line)


def _rank(item_ids: Sequence[str], asked: Asked) -> int:
    return item_ids.index(asked.target.item_id) + 1 if asked.target.item_id in item_ids else 10**9


def _last_titles(life: Life) -> str:
    return " ".join(purchase.product.item.title for purchase in life.bought[-10:])


if __name__ == "__main__":
    main()
