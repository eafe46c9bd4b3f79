"""Uncertainty: paired bootstrap intervals and a paired permutation test, both over users, both seeded.

A user has several requests, and they are not independent: so users are drawn, each with all their requests. The same
draws serve every setting, so that differences are paired.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

DRAWS = 2_000
PERMUTATIONS = 10_000
LEVEL = 0.95
DIGITS = 6


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with the bounds of its 95% interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference of two paired means, the bounds of its 95% interval, and the permutation test's p."""

    difference: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, slots=True)
class Sums:
    """What a metric adds up to: per user the sum of its values and how many there are, float64 [users]."""

    values: np.ndarray
    counts: np.ndarray


class Sample:
    """A group of requests, given by the user of each (``clusters``); measures metrics over it."""

    def __init__(self, clusters: Sequence[str], seed: int) -> None:
        self.users = sorted(set(clusters))
        place = {user: number for number, user in enumerate(self.users)}
        self._rows = np.array([place[user] for user in clusters], dtype=np.int64)
        rng = np.random.default_rng(seed)
        shares = np.full(len(self.users), 1 / len(self.users))
        self._weights = rng.multinomial(len(self.users), shares, size=DRAWS).astype(np.float64)
        self._signs = rng.choice(np.array([-1.0, 1.0]), size=(PERMUTATIONS, len(self.users)))

    def sums(self, values: Sequence[float | None]) -> Sums:
        """A metric's values, one a request in the order of ``clusters``; None where it is not defined."""
        defined = np.array([value is not None for value in values])
        numbers = np.array([0.0 if value is None else value for value in values], dtype=np.float64)
        users = len(self.users)
        return Sums(
            np.bincount(self._rows, weights=numbers, minlength=users),
            np.bincount(self._rows, weights=defined, minlength=users),
        )

    def mean(self, sums: Sums) -> Interval | None:
        """The mean over the requests, None where it is defined for none."""
        return self.ratio(sums.values, sums.counts)

    def ratio(self, above: np.ndarray, below: np.ndarray) -> Interval | None:
        """The ratio of two sums given per user, None where the lower is 0."""
        if not below.sum():
            return None
        return Interval(_rounded(above.sum() / below.sum()), *_bounds(self._weights @ above, self._weights @ below))

    def difference(self, one: Sums, other: Sums) -> Difference:
        """``one`` minus ``other``, of metrics that are defined for every request."""
        each = one.values - other.values
        requests = one.counts.sum()
        low, high = _bounds(self._weights @ each, self._weights @ one.counts)
        shuffled = np.abs(self._signs @ each)
        extreme = int((shuffled >= abs(each.sum()) - 1e-9).sum())
        p = (1 + extreme) / (1 + PERMUTATIONS)
        return Difference(_rounded(each.sum() / requests), low, high, _rounded(p))


def _bounds(above: np.ndarray, below: np.ndarray) -> tuple[float, float]:
    ratios = above[below > 0] / below[below > 0]
    low, high = np.quantile(ratios, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return _rounded(low), _rounded(high)


def _rounded(value: float) -> float:
    return round(float(value), DIGITS) + 0.0
