"""The toy that learns: thirty steps of GRPO raise the reward on held-out requests, and shuffled rewards do not."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from assistant.policy.checkpoint import CheckpointPolicy
from assistant.training.config import ArchitectureConfig, GrpoConfig, ModelConfig, RunConfig, SftConfig, WorldConfig
from assistant.training.grpo import learn
from assistant.training.models import load
from assistant.training.pipeline import WARM, make_traces, warm_up
from assistant.training.rollout import Limits, play
from assistant.training.shops import Shop, jobs_of, open_shops
from tests.training_world import write_training_folder

STEPS = 30


def quiet(part: str, done: int, total: int) -> None:
    """No progress is told."""


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> RunConfig:
    root = tmp_path_factory.mktemp("toy")
    write_training_folder(root / "shop", rounds=3)
    return RunConfig(
        name="toy",
        work=root / "work",
        output=root / "policy",
        mixed_precision=False,
        worlds=(WorldConfig(data=root / "shop", store=root / "store"),),
        model=ModelConfig(
            architecture=ArchitectureConfig(
                layers=2, width=96, feed_forward=192, heads=4, key_value_heads=2, positions=512, vocabulary=600
            )
        ),
        sft=SftConfig(epochs=12, batch=16, micro_batch=16, learning_rate=4e-3, held_out=0, evaluate_every=1000),
        grpo=GrpoConfig(
            steps=STEPS,
            group=5,
            batch=12,
            micro_batch=60,
            learning_rate=1.5e-4,
            message_tokens=24,
            completion_tokens=256,
            context=512,
            evaluate_every=STEPS,
            patience=5,
            grace=STEPS,
        ),
    )


@pytest.fixture(scope="module")
def shops(config: RunConfig) -> Iterator[list[Shop]]:
    """The shop, with a policy warmed up in it just so far that it mostly keeps the format."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with open_shops(config, quiet) as opened:
        make_traces(config, opened, quiet)
        warm_up(config)
        yield opened
    torch.set_num_threads(before)


def held_out_rewards(config: RunConfig, shops: list[Shop], policy: CheckpointPolicy) -> list[float]:
    """The rewards of the dev requests, drawn at the temperature of training."""
    assert config.grpo is not None
    limits = Limits(config.grpo.message_tokens, config.grpo.completion_tokens, config.grpo.context)
    jobs = jobs_of(shops, "dev") * 3
    return [one.reward.total for one in play(policy, jobs, config.reward, limits, temperature=1.0, seed=77)]


def gain(config: RunConfig, shops: list[Shop], tmp_path: Path, *, shuffled: bool) -> float:
    """The rise of the held-out mean reward over the thirty steps, in its standard errors."""
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
