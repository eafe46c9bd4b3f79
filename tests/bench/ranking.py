"""How well the catalogue ranks plain requests: ``python -m tests.bench.ranking DATA_FOLDER [--split dev]``.

Prints R@10, R@100, nDCG@10 and nDCG@100 (one figure a request, its best placed target) of dense, BM25 and their mix,
a line a style. ``--weights`` tries other weights of BM25 in the mix. ``--reference`` ranks by plain means instead:
MiniLM over the whole metadata, bm25s as it comes, weight .2. ``--constraints`` reads constraints out of the requests
and applies them, beside the plain search. The catalogue is built in ``--folder`` (kept) or in a temporary one.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import bm25s
import numpy as np

from assistant.catalogue.build import build_catalogue
from assistant.catalogue.constraints import read_constraints
from assistant.catalogue.search import WEIGHT, Catalogue
from assistant.datasets.folder import DatasetFolder
from assistant.datasets.rows import RequestRow
from memory_store.embedding import Embedder, load_embedder

DEPTH = 100
WEIGHTS = (0.0, 0.1, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.7, 1.0)


def figures(rankings: Iterable[Sequence[str]], requests: Sequence[RequestRow]) -> str:
    """R@10, R@100, nDCG@10, nDCG@100 over the requests; a target that was not found counts 0."""
    rows = []
    for ranking, request in zip(rankings, requests, strict=True):
        places = [place for place, item_id in enumerate(ranking[:DEPTH], 1) if item_id in request.target_item_ids]
        gain = 1 / np.log2(1 + places[0]) if places else 0.0
        near = bool(places) and places[0] <= 10
        rows.append((near, bool(places), gain if near else 0.0, gain))
    recall_10, recall_100, ndcg_10, ndcg_100 = np.mean(rows, axis=0)
    return f"R@10 {recall_10:.3f}  R@100 {recall_100:.3f}  nDCG@10 {ndcg_10:.4f}  nDCG@100 {ndcg_100:.4f}"


def compare(catalogue: Catalogue, requests: Sequence[RequestRow]) -> None:
    """The catalogue's own methods."""
    texts = [request.request for request in requests]
    for method in ("dense", "bm25", "mix"):
        found = catalogue.search_many(texts, k=DEPTH, method=method)
        print(f"    {method:<12} {figures((ranking.item_ids for ranking in found), requests)}")


def sweep(catalogue: Catalogue, requests: Sequence[RequestRow]) -> None:
    """The mix at other weights of BM25."""
    texts = [request.request for request in requests]
    for weight in WEIGHTS:
        found = catalogue.search_many(texts, k=DEPTH, weight=weight)
        print(f"    weight {weight:<5} {figures((ranking.item_ids for ranking in found), requests)}")


def constrained(catalogue: Catalogue, requests: Sequence[RequestRow]) -> None:
    """The mix by the whole request, and by what is left of it under the constraints that it holds."""
    plain, limited, count = [], [], 0
    for request in requests:
        constraints, text = read_constraints(request.request, brands=catalogue.brands, categories=catalogue.categories)
        plain.append(catalogue.search(request.request, k=DEPTH).item_ids)
        found = catalogue.search(text, constraints=constraints, k=DEPTH).item_ids if constraints else plain[-1]
        limited.append(found)
        count += bool(constraints)
    print(f"    {count} of {len(requests)} requests hold a constraint")
    print(f"    ignored      {figures(plain, requests)}")
    print(f"    applied      {figures(limited, requests)}")


class Reference:
    """The plain means that the data's README describes, over the same items."""

    def __init__(self, catalogue: Catalogue, embedder: Embedder) -> None:
        items = list(catalogue.items.in_order())
        texts = [item.text() for item in items]
        self._ids = [item.item_id for item in items]
        self._embedder = embedder
        self._vectors = embedder.embed(texts)
        self._index = bm25s.BM25()
        self._index.index(bm25s.tokenize(texts, show_progress=False), show_progress=False)

    def compare(self, requests: Sequence[RequestRow]) -> None:
        """The same table as of the catalogue."""
        rankings: dict[str, list[list[str]]] = {"dense": [], "bm25": [], "mix .2": []}
        for request in requests:
            cosines = self._vectors @ self._embedder.embed([request.request], query=True)[0]
            words = bm25s.tokenize(request.request, return_ids=False, show_progress=False)[0]
            lexical = self._index.get_scores(words) if words else np.zeros_like(cosines)
            mixed = _standardised(cosines) + 0.2 * _standardised(lexical)
            for name, scores in zip(rankings, (cosines, lexical, mixed), strict=True):
                rankings[name].append([self._ids[row] for row in np.argsort(-scores, kind="stable")[:DEPTH]])
        for name, found in rankings.items():
            print(f"    {name:<12} {figures(found, requests)}")


def _standardised(scores: np.ndarray) -> np.ndarray:
    return (scores - scores.mean()) / max(float(scores.std()), 1e-9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--split", default="dev")
    parser.add_argument("--requests", default="requests", help="requests, or requests_anonymous")
    parser.add_argument("--folder", type=Path, help="where to build the catalogue and find it again")
    parser.add_argument("--weights", action="store_true")
    parser.add_argument("--constraints", action="store_true")
    parser.add_argument("--reference", action="store_true")
    options = parser.parse_args()
    dataset, embedder = DatasetFolder(options.data), load_embedder()
    requests = [request for request in dataset.requests(options.requests) if request.split == options.split]
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        build_catalogue(folder, dataset.items(), embedder)
        catalogue = Catalogue.open(folder, embedder)
        reference = Reference(catalogue, embedder) if options.reference else None
        for style in sorted({request.style for request in requests}):
            chosen = [request for request in requests if request.style == style]
            print(
                f"{options.split} {style}: {len(chosen)} requests, {catalogue.items.count():,} items, weight {WEIGHT}"
            )
            if reference:
                reference.compare(chosen)
                continue
            compare(catalogue, chosen)
            if options.weights:
                sweep(catalogue, chosen)
            if options.constraints:
                constrained(catalogue, chosen)
        catalogue.close()


if __name__ == "__main__":
    main()
