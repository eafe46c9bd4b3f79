"""The metrics: against ir-measures on random runs, by hand, and what they refuse."""

from __future__ import annotations

import math
import random

import ir_measures
import pytest
from ir_measures import RR, R, nDCG

from assistant.evaluation.metrics import CUTOFFS, QUALITY, measure, ndcg, quality, ranks_of, recall

MEASURES = {f"recall@{k}": R @ k for k in CUTOFFS} | {f"ndcg@{k}": nDCG @ k for k in CUTOFFS} | {"mrr": RR}


@pytest.mark.parametrize("targets", [1, 3, 25])
def test_random_runs_measure_as_ir_measures_does(targets: int) -> None:
    rng = random.Random(targets)
    items = [f"item{number}" for number in range(3_000)]
    rankings, wanted = {}, {}
    for number in range(40):
        request = f"q{number}"
        wanted[request] = rng.sample(items[:1_500], targets)
        rankings[request] = rng.sample(items, rng.choice([5, 10, 99, 100, 1_000]))
    qrels = {request: dict.fromkeys(ids, 1) for request, ids in wanted.items()}
    run = {
        request: {item: float(len(ranking) - rank) for rank, item in enumerate(ranking)}
        for request, ranking in rankings.items()
    }
    ours = measure(rankings, wanted)
    by_measure = {measure: name for name, measure in MEASURES.items()}
    compared = 0
    for told in ir_measures.iter_calc(list(MEASURES.values()), qrels, run):
        assert ours[told.query_id][by_measure[told.measure]] == pytest.approx(told.value, abs=1e-6), told
        compared += 1
    assert compared == 40 * len(MEASURES)


def test_one_target_counts_as_the_paper_says() -> None:
    ranking = ["a", "b", "c", "d"]
    assert ndcg(ranking, ["c"], 10) == pytest.approx(1 / math.log2(1 + 3))
    assert ndcg(ranking, ["c"], 2) == 0
    assert recall(ranking, ["c"], 10) == 1
    assert quality(ranks_of(ranking, ["c"]), 1)["mrr"] == pytest.approx(1 / 3)


def test_an_unanswered_request_counts_nothing() -> None:
    found = measure({"q1": ["a"]}, {"q1": ["a"], "q2": ["a"]})
    assert found["q1"] == dict.fromkeys(QUALITY, 1.0)
    assert found["q2"] == dict.fromkeys(QUALITY, 0.0)


def test_what_cannot_be_measured_is_refused() -> None:
    with pytest.raises(ValueError, match="q9"):
        measure({"q9": ["a"]}, {"q1": ["a"]})
    with pytest.raises(ValueError, match="twice"):
        ranks_of(["a", "a"], ["a"])
    with pytest.raises(ValueError, match="without a target"):
        ranks_of(["a"], [])
