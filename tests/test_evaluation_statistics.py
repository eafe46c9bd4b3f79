"""Intervals and p: seeded, paired, over users; and as they should be where the truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.evaluation.statistics import Sample


def test_the_interval_of_a_mean_holds_the_mean_and_narrows() -> None:
    rng = np.random.default_rng(0)
    widths = []
    for users in (20, 500):
        values = rng.random(users).tolist()
        found = Sample([f"u{n}" for n in range(users)], seed=1)
        interval = found.mean(found.sums(values))
        assert interval is not None and interval.low < np.mean(values) < interval.high
        assert interval.value == pytest.approx(np.mean(values), abs=1e-6)
        widths.append(interval.high - interval.low)
    assert widths[1] == pytest.approx(4 * np.std(rng.random(500)) / np.sqrt(500), rel=0.15) and widths[1] < widths[0]


def test_requests_of_one_user_are_not_independent() -> None:
    values = [float(n % 2) for n in range(40)]
    alone = Sample([f"u{n}" for n in range(40)], seed=0)
    together = Sample([f"u{n % 2}" for n in range(40)], seed=0)  # two users, each with one outcome
    one, two = alone.mean(alone.sums(values)), together.mean(together.sums(values))
    assert one is not None and two is not None and two.high - two.low > 2 * (one.high - one.low)


def test_differences_are_paired() -> None:
    rng = np.random.default_rng(2)
    easy = rng.random(200)
    sample = Sample([f"u{n}" for n in range(200)], seed=0)
    better, same = sample.sums((easy + 0.02).tolist()), sample.sums(easy.tolist())
    found = sample.difference(better, same)
    assert found.difference == pytest.approx(0.02) and found.low == pytest.approx(0.02) and found.p < 0.001
    assert sample.difference(same, same).p == 1
    noise = sample.difference(sample.sums(rng.random(200).tolist()), sample.sums(rng.random(200).tolist()))
    assert noise.low < 0 < noise.high and noise.p > 0.05


def test_chance_is_called_chance() -> None:
    rng = np.random.default_rng(5)
    sample = Sample([f"u{n}" for n in range(60)], seed=0)
    ps = [sample.difference(*(sample.sums(rng.random(60).tolist()) for _ in range(2))).p for _ in range(200)]
    assert 0.01 < np.mean(np.array(ps) < 0.05) < 0.11


def test_the_same_seed_gives_the_same_numbers() -> None:
    clusters = ["a", "b", "b", "c"]
    values: list[float | None] = [0.1, 0.5, None, 0.9]
    first, again = Sample(clusters, seed=7), Sample(clusters, seed=7)
    assert first.mean(first.sums(values)) == again.mean(again.sums(values))
    assert first.mean(first.sums([None] * 4)) is None
