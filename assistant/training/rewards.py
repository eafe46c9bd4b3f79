"""The reward of a trajectory (PAPER, step 6), computed by the functions that evaluation measures with."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass

from assistant.evaluation.metrics import ndcg
from assistant.training.config import RewardConfig
from assistant.turn import Trajectory


@dataclass(frozen=True, slots=True)
class Reward:
    """The terms, each unweighted, and their weighted ``total``.

    ``format`` and ``memory`` are 0 or 1; ``recommendation`` is the sum of nDCG over the cutoffs.
    """

    format: float
    recommendation: float
    memory: float
    total: float

    def to_dict(self) -> dict[str, float]:
        """The terms by name."""
        return asdict(self)


def reward_of(weights: RewardConfig, trajectory: Trajectory, targets: Collection[str]) -> Reward:
    """The reward of a finished trajectory.

    One that the policy did not write readably itself, every message at the first attempt, has no format and
    recommends nothing: what the rules wrote in its place is not its merit.
    """
    own = not trajectory.fallbacks and not trajectory.repairs
    return score(weights, own, trajectory.ranking, trajectory.tool_calls, targets)


def score(
    weights: RewardConfig, in_format: bool, ranking: Sequence[str], tool_calls: int, targets: Collection[str]
) -> Reward:
    """The reward from its parts. A trajectory out of format has no final profile, so it ranks nothing."""
    found = sum(ndcg(ranking, targets, k) for k in weights.cutoffs) if in_format else 0.0
    memory = float(tool_calls > 0)
    total = weights.format * in_format + weights.recommendation * found + weights.memory * memory
    return Reward(float(in_format), found, memory, total)


def shuffled_in_groups(rewards: Sequence[Reward], group: int, seed: int) -> list[Reward]:
    """The rewards dealt out anew within each group of ``group`` neighbours: the control that carries no signal."""
    dealt = random.Random(seed)
    return [
        reward
        for start in range(0, len(rewards), group)
        for reward in dealt.sample(rewards[start : start + group], k=len(rewards[start : start + group]))
    ]
