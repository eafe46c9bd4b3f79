"""The metrics: against ir-measures on random runs, by hand, and what they refuse."""

from __future__ import annotations

import math
import os
import random
from pathlib import Path

import ir_measures
import pytest
from ir_measures import RR, R, nDCG

from assistant.datasets.folder import DatasetFolder
from assistant.evaluation.metrics import CUTOFFS, QUALITY, measure, ndcg, quality, ranks_of, recall
from assistant.evaluation.requests import load_requests

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


def test_the_published_figures_of_plain_bm25_come_out() -> None:
    """bm25s as it comes over whole metadata, on the dev requests: figures that the data's README gives."""
    folder = Path(os.environ.get("MRREC_DATA", Path(__file__).parents[2] / "shared" / "data")) / "amazon23"
    if not folder.is_dir():
        pytest.skip(f"no data in {folder}: set MRREC_DATA to the folder that holds amazon23")
    import bm25s

    dataset = DatasetFolder(folder)
    items = list(dataset.items())
    place = {item.item_id: number for number, item in enumerate(items)}
    index = bm25s.BM25()
    index.index(bm25s.tokenize([item.text() for item in items], show_progress=False), show_progress=False)
    known = {"sentence": (0.592, 0.881, 0.434, 0.497), "terse": (0.514, 0.844, 0.350, 0.415)}
    for style, told in known.items():
        asked = [row for row in load_requests(dataset, split="dev") if row.style == style]
        each = []
        for row in asked:
            scores = index.get_scores(bm25s.tokenize(row.request, return_ids=False, show_progress=False)[0])
            target = max(scores[place[item_id]] for item_id in row.target_item_ids)
            each.append(quality([1 + int((scores > target).sum())], 1))  # the README gives ties the better rank
        metrics = ("recall@10", "recall@100", "ndcg@10", "ndcg@100")
        means = [sum(figures[metric] for figures in each) / len(asked) for metric in metrics]
        assert means == pytest.approx(told, abs=0.01)
