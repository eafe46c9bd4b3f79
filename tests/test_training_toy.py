"""The toy that learns, on a slice of the demo world: thirty steps of GRPO raise the reward on held-out requests, and
rewards shuffled within the groups do not. The settings are those of ``mrrec train all --config toy``."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from assistant.datasets.demo.world import grow_world
from assistant.errors import DatasetError
from assistant.policy.checkpoint import CheckpointPolicy
from assistant.training.config import RunConfig, load_config
from assistant.training.grpo import learn
from assistant.training.models import load
from assistant.training.pipeline import WARM, make_traces, warm_up
from assistant.training.rollout import Limits, play
from assistant.training.shops import Shop, jobs_of, open_shops

STEPS = 30
DRAWN = 8
"""How often each held-out request is answered, before and after: drawn three times, the error was as large as half the
rise."""


def quiet(part: str, done: int, total: int) -> None:
    """No progress is told."""


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> RunConfig:
    """The shipped settings, measured before and after only."""
    root, toy = tmp_path_factory.mktemp("toy"), load_config(Path("toy"))
    assert toy.grpo is not None and toy.grpo.steps == STEPS
    (world,) = toy.worlds
    return toy.model_copy(
        update={
            "work": root / "work",
            "output": root / "policy",
            "worlds": (world.model_copy(update={"store": root / "store"}),),
            "grpo": toy.grpo.model_copy(update={"evaluate_every": STEPS, "grace": STEPS}),
        }
    )


@pytest.fixture(scope="module")
def shops(config: RunConfig) -> Iterator[list[Shop]]:
    """The slice, with a policy warmed up in it just so far that it often keeps the format."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with open_shops(config, quiet) as opened:
        make_traces(config, opened, quiet)
        warm_up(config)
        yield opened
    torch.set_num_threads(before)


def held_out_rewards(config: RunConfig, shops: list[Shop], policy: CheckpointPolicy) -> list[float]:
    """The mean reward of each dev request over its drawings, at the temperature of training."""
    assert config.grpo is not None
    limits = Limits(config.grpo.message_tokens, config.grpo.completion_tokens, config.grpo.context)
    jobs = [job for job in jobs_of(shops, "dev") for _ in range(DRAWN)]
    drawn = play(policy, jobs, config.reward, limits, temperature=1.0, seed=77)
    totals = [one.reward.total for one in drawn]
    return [statistics.mean(totals[start : start + DRAWN]) for start in range(0, len(totals), DRAWN)]


def gain(config: RunConfig, shops: list[Shop], tmp_path: Path, *, shuffled: bool) -> float:
    """The rise of the held-out mean reward over the thirty steps, in its standard errors (paired by request)."""
    assert config.grpo is not None
    grpo = config.grpo.model_copy(update={"shuffle_rewards": shuffled})
    run = config.model_copy(update={"grpo": grpo, "work": tmp_path / "work"})
    shutil.copytree(config.work / WARM, run.work / WARM)
    model, tokenizer = load(str(run.work / WARM), "float32")
    policy = CheckpointPolicy(model, tokenizer, name="toy", max_new_tokens=grpo.message_tokens, context=grpo.context)
    before = held_out_rewards(run, shops, policy)
    _, learned = learn(run, model, tokenizer, jobs_of(shops, "train"), jobs_of(shops, "dev")[:5])
    assert learned.steps == STEPS
    policy.weights_changed()
    after = held_out_rewards(run, shops, policy)
    rises = [late - early for early, late in zip(before, after, strict=True)]
    rise, error = statistics.mean(rises), statistics.stdev(rises) / len(rises) ** 0.5
    print(f"before {statistics.mean(before):.2f}, after {statistics.mean(after):.2f}, standard error {error:.2f}")
    return rise / error


@pytest.mark.timeout(600)
def test_thirty_steps_raise_the_held_out_reward(config: RunConfig, shops: list[Shop], tmp_path: Path) -> None:
    assert gain(config, shops, tmp_path, shuffled=False) > 2


@pytest.mark.timeout(600)
def test_shuffled_rewards_teach_nothing(config: RunConfig, shops: list[Shop], tmp_path: Path) -> None:
    assert gain(config, shops, tmp_path, shuffled=True) < 2


def test_a_slice_has_its_departments_only() -> None:
    world = grow_world(7, people={"train": 2, "dev": 1}, departments=["Gift Cards"])
    assert {product.item.category for product in world.products()} == {"Gift Cards"}
    assert [life.split for life in world.lives] == ["train", "train", "dev"]
    assert all(purchase.product.item.category == "Gift Cards" for life in world.lives for purchase in life.bought)
    with pytest.raises(DatasetError, match="no department Gift Cars; it has Appliances"):
        grow_world(7, departments=["Gift Cars"])
