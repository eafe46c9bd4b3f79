"""The ranking metrics of the paper: plain functions that training rewards and evaluation reports alike.

A request that was not answered has an empty ranking and counts 0. With several targets nDCG is the usual one with
gains of 1 (the ideal ranking has all targets first); with one target it is 1 / log2(1 + rank) (PAPER, step 6).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

CUTOFFS = (10, 100, 1000)
QUALITY = (*(f"recall@{k}" for k in CUTOFFS), *(f"ndcg@{k}" for k in CUTOFFS), "mrr")
"""The names of the quality metrics."""


def ranks_of(ranking: Sequence[str], targets: Collection[str]) -> tuple[int, ...]:
    """The ranks, from 1 and ascending, at which targets stand in a ranking of item ids, best first.

    Raises ValueError for a ranking that names an item twice, and where there is no target.
    """
    if not targets:
        raise ValueError("a request without a target cannot be measured")
    if len(set(ranking)) != len(ranking):
        raise ValueError("the ranking names an item twice")
    wanted = frozenset(targets)
    return tuple(rank for rank, item_id in enumerate(ranking, 1) if item_id in wanted)


def recall_at(k: int, ranks: Sequence[int], targets: int) -> float:
    """The share of ``targets`` targets that stand among the first k, given the ranks of those found."""
    return sum(rank <= k for rank in ranks) / targets


def ndcg_at(k: int, ranks: Sequence[int], targets: int) -> float:
    """nDCG of the first k, given the ranks of the targets found out of ``targets``."""
    best = sum(_gain(rank) for rank in range(1, min(k, targets) + 1))
    return sum(_gain(rank) for rank in ranks if rank <= k) / best


def reciprocal_rank(ranks: Sequence[int]) -> float:
    """1 / the rank of the best placed target, 0 where none was found."""
    return 1 / min(ranks) if ranks else 0.0


def recall(ranking: Sequence[str], targets: Collection[str], k: int) -> float:
    """The share of the targets among the first k of a ranking. Raises as ``ranks_of``."""
    return recall_at(k, ranks_of(ranking, targets), len(set(targets)))


def ndcg(ranking: Sequence[str], targets: Collection[str], k: int) -> float:
    """nDCG of the first k of a ranking. Raises as ``ranks_of``."""
    return ndcg_at(k, ranks_of(ranking, targets), len(set(targets)))


def quality(ranks: Sequence[int], targets: int) -> dict[str, float]:
    """Every quality metric of one request by name ("recall@10", ..., "ndcg@1000", "mrr")."""
    figures = {f"recall@{k}": recall_at(k, ranks, targets) for k in CUTOFFS}
    figures |= {f"ndcg@{k}": ndcg_at(k, ranks, targets) for k in CUTOFFS}
    return figures | {"mrr": reciprocal_rank(ranks)}


def measure(
    rankings: Mapping[str, Sequence[str]], targets: Mapping[str, Collection[str]]
) -> dict[str, dict[str, float]]:
    """The quality of each request in ``targets``; one without a ranking counts 0.

    Raises ValueError for a ranking of a request that is not in ``targets``, and as ``ranks_of``.
    """
    if strangers := sorted(set(rankings) - set(targets)):
        raise ValueError(f"rankings of requests that are not asked: {', '.join(strangers[:5])}")
    return {
        request_id: quality(ranks_of(rankings.get(request_id, ()), wanted), len(set(wanted)))
        for request_id, wanted in targets.items()
    }


def _gain(rank: int) -> float:
    return 1 / math.log2(1 + rank)
