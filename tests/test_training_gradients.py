"""What the loss teaches: nothing from equal rewards, nothing from what the tool returned, more of what was rewarded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset

from assistant.policy.checkpoint import CheckpointPolicy
from assistant.policy.rules import RulesPolicy
from assistant.training.checkpoints import last_whole_checkpoint
from assistant.training.config import GrpoConfig, ModelConfig, RunConfig
from assistant.training.grpo import NodesTrainer, Roller, arguments_of
from assistant.training.rewards import Reward
from assistant.training.rollout import Job, Limits, Rollout, play
from assistant.training.watch import WINDOW, Collapse
from assistant.turn import Assistant
from memory_store.embedding import Embedder
from tests.test_training_rewards import ANSWER, CALL, OPENING, PAPER, ROWS, Saying, in_turn
from tests.tiny_models import tiny_model, tiny_tokenizer

GROUP = 2
LIMITS = Limits(message=500, completion=3_000, context=4_096)


class Played(Roller):
    """A roller whose group always is the same two trajectories."""

    def _play(self, jobs: Any, temperature: float, seed: int) -> list[Rollout]:
        return ROLLOUTS[: len(jobs)]


ROLLOUTS: list[Rollout] = []


@pytest.fixture
def make(
    tmp_path: Path, open_assistant: Callable[..., Assistant], embedder: Embedder
) -> Callable[[float, float], NodesTrainer]:
    """A trainer over a group of two: a trajectory with a call, and one without, that earn these totals."""
    job = Job(open_assistant(RulesPolicy(embedder)), ROWS[0])

    def made(first: float, second: float) -> NodesTrainer:
        ROLLOUTS.clear()
        for texts, total in (((OPENING + CALL, ANSWER), first), ((OPENING + ANSWER,), second)):
            (rollout,) = play(Saying(in_turn(*texts)), [job], PAPER, LIMITS, temperature=1.0, seed=0)
            reward = Reward(0, total / 5, 0, total)
            ROLLOUTS.append(
                Rollout(rollout.transcript, reward, rollout.trajectory, rollout.tool_calls, rollout.problem)
            )
        tokenizer = tiny_tokenizer()
        settings = GrpoConfig(steps=1, group=GROUP, batch=1, micro_batch=GROUP, learning_rate=1e-3)
        config = RunConfig(
            name="gradients",
            work=tmp_path,
            output=tmp_path / "out",
            mixed_precision=False,
            model=ModelConfig(base="tiny"),
            grpo=settings,
        )
        return NodesTrainer(
            Played(config, [job], [job], LIMITS),
            model=tiny_model(tokenizer, positions=4_096),
            args=arguments_of(config, settings, tmp_path),
            train_dataset=Dataset.from_list([{"prompt": "0"}]),
            eval_dataset=Dataset.from_list([{"prompt": "0"}]),
            processing_class=tokenizer,
        )

    return made


def batch_of(trainer: NodesTrainer) -> dict[str, torch.Tensor]:
    trainer.model.train()
    trainer.current_gradient_accumulation_steps = 1
    batch: dict[str, torch.Tensor] = trainer._generate_and_score_completions([{"prompt": "0"} for _ in range(GROUP)])
    return batch


def gradients(trainer: NodesTrainer, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """The gradient of the loss by each completion token's log probability, [rows, tokens]."""
    rows, width = batch["completion_ids"].shape
    logprobs = torch.full((rows, width), -1.0, requires_grad=True)
    trainer._get_per_token_logps_and_entropies = lambda *_, **__: (logprobs, torch.ones(rows, width), None)  # type: ignore[method-assign]
    trainer.compute_loss(trainer.model, batch).backward()
    assert logprobs.grad is not None
    return logprobs.grad


def test_equal_rewards_give_no_gradient(make: Callable[[float, float], NodesTrainer]) -> None:
    trainer = make(5.0, 5.0)
    batch = batch_of(trainer)
    assert batch["advantages"].tolist() == [0.0, 0.0]
    trainer.compute_loss(trainer.model, batch).backward()
    assert all(not weight.grad.any() for weight in trainer.model.parameters() if weight.grad is not None)


def test_advantage_is_measured_in_the_groups_deviations(make: Callable[[float, float], NodesTrainer]) -> None:
    """PAPER, step 6: (r - mean) / std of the group, the same for every token of a trajectory."""
    for first, second in ((5.0, 1.0), (0.3, 10.2)):
        rewards = torch.tensor([first, second])
        wanted = (rewards - rewards.mean()) / rewards.std()
        assert torch.allclose(batch_of(make(first, second))["advantages"], wanted, rtol=1e-3)


def test_masked_tokens_get_no_gradient(make: Callable[[float, float], NodesTrainer]) -> None:
    trainer = make(5.0, 1.0)
    batch = batch_of(trainer)
    by_token = gradients(trainer, batch)
    own = (batch["completion_mask"] * batch["tool_mask"]).bool()
    assert not by_token[~own].any() and by_token[own].all()
    masked = batch["completion_ids"][0][(batch["completion_mask"] * (1 - batch["tool_mask"]))[0].bool()]
    told = trainer.processing_class.decode(masked)
    assert "<tool_response>" in told and "m1 [" in told
    learnt = trainer.processing_class.decode(batch["completion_ids"][0][own[0]])
    assert learnt == f"{OPENING}{CALL}<|im_end|>{ANSWER}<|im_end|>"


def test_better_than_the_group_pulls_up_and_worse_pushes_down(make: Callable[[float, float], NodesTrainer]) -> None:
    trainer = make(5.0, 1.0)
    batch = batch_of(trainer)
    by_token = gradients(trainer, batch)
    assert (by_token[0] <= 0).all() and (by_token[1] >= 0).all()


def test_every_own_token_of_the_group_weighs_the_same(make: Callable[[float, float], NodesTrainer]) -> None:
    """PAPER, step 6: the advantage over the number of the group's own tokens, however long each trajectory is."""
    trainer = make(5.0, 1.0)
    batch = batch_of(trainer)
    own = (batch["completion_mask"] * batch["tool_mask"]).bool()
    assert own[0].sum() != own[1].sum()
    wanted = torch.where(own, -batch["advantages"][:, None] / own.sum(), 0.0)
    assert torch.allclose(gradients(trainer, batch), wanted, atol=1e-7)
    apart = [{name: rows[place : place + 1] if rows.ndim else rows for name, rows in batch.items()} for place in (0, 1)]
    in_two = torch.cat([gradients(trainer, half) for half in apart])
    assert torch.allclose(in_two, wanted, atol=1e-7)


def test_no_ratio_beyond_the_clip_is_learnt_from(make: Callable[[float, float], NodesTrainer]) -> None:
    trainer = make(5.0, 1.0)
    batch = batch_of(trainer)
    own = (batch["completion_mask"] * batch["tool_mask"]).bool()
    for drawn, pulled_up, pushed_down in ((-1.5, False, True), (-0.5, True, False)):
        by_token = gradients(trainer, {**batch, "old_per_token_logps": torch.full(own.shape, drawn)})
        assert by_token[0][own[0]].any() == pulled_up and by_token[1][own[1]].any() == pushed_down


def test_rewarded_trajectory_gains_probability(make: Callable[[float, float], NodesTrainer]) -> None:
    trainer = make(5.0, 1.0)
    batch = batch_of(trainer)
    before = own_logprobs(trainer, batch)
    optimizer = torch.optim.Adam(trainer.model.parameters(), lr=1e-3)
    for _ in range(3):
        optimizer.zero_grad()
        trainer.compute_loss(trainer.model, batch).backward()
        optimizer.step()
    after = own_logprobs(trainer, batch)
    assert after[0] > before[0] and after[1] < before[1]


def own_logprobs(trainer: NodesTrainer, batch: dict[str, torch.Tensor]) -> list[float]:
    """The summed log probability of each trajectory's own tokens."""
    ids = torch.cat([batch["prompt_ids"], batch["completion_ids"]], dim=1)
    mask = torch.cat([batch["prompt_mask"], batch["completion_mask"]], dim=1)
    with torch.no_grad():
        chances, _, _ = trainer._get_per_token_logps_and_entropies(
            trainer.model, ids, mask, batch["completion_ids"].shape[1]
        )
    own = batch["completion_mask"] * batch["tool_mask"]
    sums: list[float] = (chances * own).sum(1).tolist()
    return sums


def test_probabilities_of_drawing_are_those_of_training(make: Callable[[float, float], NodesTrainer]) -> None:
    trainer = make(5.0, 1.0)
    jobs = trainer._roller.train
    policy = CheckpointPolicy(trainer.model, trainer.processing_class, name="drawn", max_new_tokens=40)
    ROLLOUTS[:] = play(policy, [*jobs, *jobs], PAPER, LIMITS, temperature=1.0, seed=4)
    batch = batch_of(trainer)
    ids = torch.cat([batch["prompt_ids"], batch["completion_ids"]], dim=1)
    mask = torch.cat([batch["prompt_mask"], batch["completion_mask"]], dim=1)
    with torch.no_grad():
        learnt, _, _ = trainer._get_per_token_logps_and_entropies(
            trainer.model, ids, mask, batch["completion_ids"].shape[1]
        )
    own = (batch["completion_mask"] * batch["tool_mask"]).bool()
    assert own.sum() > 40 and ROLLOUTS[0].completion_ids != ROLLOUTS[1].completion_ids
    assert torch.allclose(learnt[own], batch["sampling_per_token_logps"][own], atol=1e-3)


def test_collapse_stops_with_its_reason() -> None:
    from transformers import TrainerControl, TrainerState, TrainingArguments

    settings = GrpoConfig(grace=3, least_format=0.5)
    watch, state, control = Collapse(settings), TrainerState(), TrainerControl()
    arguments = TrainingArguments(use_cpu=True)
    for step in range(1, 3 + WINDOW):
        state.global_step = step
        watch.on_log(arguments, state, control, {"rewards/format/mean": 0.9 if step < 3 else 0.1, "entropy": 1.0})
    assert control.should_training_stop and watch.reason.startswith("format rate fell to")


def test_unfinished_checkpoint_is_not_gone_on_from(tmp_path: Path) -> None:
    for step, state in ((10, "{}"), (20, "{}"), (30, '{"cut'), (40, None)):
        (tmp_path / f"checkpoint-{step}").mkdir()
        if state is not None:
            (tmp_path / f"checkpoint-{step}" / "trainer_state.json").write_text(state)
    assert last_whole_checkpoint(tmp_path) == str(tmp_path / "checkpoint-20")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-10", "checkpoint-20"]
