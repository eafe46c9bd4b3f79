"""Multi-turn GRPO (PAPER, step 6) by TRL's trainer, over rollouts of the very nodes of serving.

TRL draws the requests, normalises rewards within a group, masks what the policy did not choose (``env_mask``: what the
memory tool returned, and what structured decoding left no choice in) and updates. The rollouts, their rewards and the
measure on dev are ``rollout.play``'s. Under structured decoding tokens are drawn among those allowed, while TRL's
probabilities are over the whole vocabulary: the same gradient but for the little that a warm start gives the others.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import EarlyStoppingCallback, PreTrainedModel, PreTrainedTokenizerBase
from transformers.trainer_callback import PrinterCallback
from trl import GRPOConfig as Arguments
from trl import GRPOTrainer

from assistant.datasets.manifest import write_json
from assistant.policy.checkpoint import CheckpointPolicy
from assistant.training.checkpoints import accumulation, go_on, hardware, processes, tensorboard_in
from assistant.training.config import GrpoConfig, RunConfig
from assistant.training.errors import TrainingError
from assistant.training.logs import Telling
from assistant.training.lora import adapters
from assistant.training.rewards import shuffled_in_groups
from assistant.training.rollout import Generator, Job, Limits, Rollout, play
from assistant.training.timing import Clock
from assistant.training.watch import Collapse

FOLDER = "grpo"
START = "start.json"
TERMS = ("format", "recommendation", "memory")

Step = dict[str, list[Any]]


@dataclass(slots=True)
class Roller:
    """Rolls requests out for the trainer. ``generator`` is set once the model stands where it is trained."""

    config: RunConfig
    train: Sequence[Job]
    dev: Sequence[Job]
    limits: Limits
    generator: Generator | None = None
    clock: Clock = field(default_factory=Clock)

    def roll(self, prompts: Sequence[str], trainer: GRPOTrainer) -> Step:
        """TRL's ``rollout_func``: a rollout for each prompt (the number of a request) of this process.

        Ids, mask and log probabilities are those of the drawing; nothing is tokenised again.
        """
        settings = self._settings
        step, rank = int(trainer.state.global_step), trainer.accelerator.process_index
        seed = (self.config.seed * 1_000_003 + step) * processes() + rank
        rollouts = self._play([self.train[int(prompt)] for prompt in prompts], settings.temperature, seed)
        rewards = [rollout.reward for rollout in rollouts]
        if settings.shuffle_rewards:
            rewards = shuffled_in_groups(rewards, settings.group, seed)
        return {
            "prompt_ids": [rollout.prompt_ids for rollout in rollouts],
            "completion_ids": [rollout.completion_ids for rollout in rollouts],
            "logprobs": [rollout.logprobs for rollout in rollouts],
            "env_mask": [rollout.mask for rollout in rollouts],
            "tool_calls": [rollout.tool_calls for rollout in rollouts],
            **{f"term_{term}": [getattr(reward, term) for reward in rewards] for term in TERMS},
        }

    def measure(self, rank: int) -> list[Rollout]:
        """This process' share of the dev requests, answered greedily."""
        return self._play(self.dev[rank :: processes()], 0.0, 0)

    def terms(self) -> list[Any]:
        """TRL's reward functions: one a term, so that each is logged; the last also tells where the time went."""
        return [_term("format"), _term("recommendation"), self._memory_term()]

    def _memory_term(self) -> Callable[..., list[float]]:
        def memory(
            term_memory: list[float], tool_calls: list[int], log_metric: Callable[[str, float], None], **_: object
        ) -> list[float]:
            log_metric("tool_calls", sum(tool_calls) / len(tool_calls))
            for name, seconds in self.clock.take().items():
                log_metric(f"time/{name}", seconds)
            return term_memory

        return memory

    def _play(self, jobs: Sequence[Job], temperature: float, seed: int) -> list[Rollout]:
        assert self.generator is not None
        settings = self._settings
        return play(
            self.generator,
            jobs,
            self.config.reward,
            self.limits,
            temperature=temperature,
            seed=seed,
            block=settings.generation_batch,
            clock=self.clock,
        )

    @property
    def _settings(self) -> GrpoConfig:
        assert self.config.grpo is not None
        return self.config.grpo


def _term(name: str) -> Callable[..., list[float]]:
    def term(**fields: Any) -> list[float]:
        return list(fields[f"term_{name}"])

    term.__name__ = name
    return term


class NodesTrainer(GRPOTrainer):
    """TRL's trainer, measured on dev by greedy trajectories instead of by a loss."""

    def __init__(self, roller: Roller, **arguments: Any) -> None:
        os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
        super().__init__(rollout_func=roller.roll, reward_funcs=roller.terms(), **arguments)
        self._roller = roller

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """The mean reward of the dev requests, its terms and standard error, over all processes."""
        self.accelerator.unwrap_model(self.model_wrapped).eval()
        self._sync()
        rollouts = self._roller.measure(self.accelerator.process_index)
        self._roller.clock.take()
        rows = [
            (*(getattr(one.reward, name) for name in (*TERMS, "total")), sum(one.transcript.written))
            for one in rollouts
        ]
        sums = torch.tensor(
            [[len(rows)], [sum(row[3] ** 2 for row in rows)], *([sum(column)] for column in _columns(rows))]
        )
        gathered = self.accelerator.gather(sums.T.to(self.accelerator.device, torch.float32)).sum(0).tolist()
        metrics = _means(gathered)
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _sync(self) -> None:
        """vLLM holds weights of its own: they are brought up to the step where they are not."""
        if self.use_vllm and self.state.global_step != self._last_loaded_step:
            self.vllm_generation.sync_weights()
            self._last_loaded_step = self.state.global_step


def _columns(rows: Sequence[tuple[float, ...]]) -> list[list[float]]:
    return [[float(row[place]) for row in rows] for place in range(5)]


def _means(gathered: Sequence[float]) -> dict[str, float]:
    count, squares, *sums = gathered
    means = [total / count for total in sums]
    variance = max(0.0, squares / count - means[3] ** 2)
    names = ("format", "recommendation", "memory", "reward", "length")
    metrics = {f"eval_{name}": mean for name, mean in zip(names, means, strict=True)}
    return metrics | {"eval_reward_error": (variance / max(1.0, count - 1)) ** 0.5}


@dataclass(frozen=True, slots=True)
class Learned:
    """What GRPO ended with: the dev reward before it, the best one and its step (0: the start was best), the steps
    done, and why it stopped."""

    start: dict[str, float]
    best: float
    best_step: int
    steps: int
    stopped: str


def learn(
    config: RunConfig,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    train: Sequence[Job],
    dev: Sequence[Job],
) -> tuple[NodesTrainer, Learned]:
    """Trains ``model``; the trainer then holds the weights of the best step. Stopped, it goes on.

    Raises TrainingError where batches do not divide or there are too few requests.
    """
    settings = config.grpo
    assert settings is not None
    if len(train) < settings.batch:
        raise TrainingError(f"grpo.batch is {settings.batch} requests, and there are {len(train)}: make it smaller")
    if not dev:
        raise TrainingError(
            "grpo needs dev requests to choose the best step by: the folders have none, or `dev` is under one shopper's"
        )
    folder = config.work / FOLDER
    tensorboard_in(folder)
    positions = getattr(model.config, "max_position_embeddings", None) or settings.context
    limits = Limits(settings.message_tokens, settings.completion_tokens, min(settings.context, positions))
    roller = Roller(config, train, dev, limits)
    own = None if settings.vllm else _generator(model, tokenizer, settings, limits, config.structured)
    collapse = Collapse(settings)
    trainer = NodesTrainer(
        roller,
        model=model,
        args=arguments_of(config, settings, folder),
        train_dataset=Dataset.from_list([{"prompt": str(place)} for place in range(len(train))]),
        eval_dataset=Dataset.from_list([{"prompt": str(place)} for place in range(len(dev))]),
        processing_class=tokenizer,
        callbacks=[Telling(folder), EarlyStoppingCallback(settings.patience), collapse],
        peft_config=adapters(config.model.lora),
    )
    trainer.remove_callback(PrinterCallback)
    roller.generator = own or _vllm(trainer, tokenizer)
    start = _start(trainer, folder)
    go_on(trainer, folder)
    best, step = trainer.state.best_metric, trainer.state.best_global_step or 0
    stopped = collapse.reason or ("" if trainer.state.global_step >= trainer.state.max_steps else "no progress on dev")
    if best is None or start["eval_reward"] >= best:
        best, step = start["eval_reward"], 0
    return trainer, Learned(start, best, step, trainer.state.global_step, stopped)


def _start(trainer: NodesTrainer, folder: Path) -> dict[str, float]:
    """The dev measure before the first step; a run that goes on has it already."""
    note = folder / START
    if note.exists():
        start: dict[str, float] = json.loads(note.read_text(encoding="utf-8"))
        return start
    measured = trainer.evaluate()
    if trainer.accelerator.is_main_process:
        write_json(note, measured)
    return measured


def _generator(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    settings: GrpoConfig,
    limits: Limits,
    structured: bool,
) -> CheckpointPolicy:
    """The policy that serves, over the model that is being trained."""
    return CheckpointPolicy(
        model,
        tokenizer,
        name="training",
        max_new_tokens=limits.message,
        context=limits.context,
        batch_size=settings.generation_batch,
        structured=structured,
    )


def _vllm(trainer: NodesTrainer, tokenizer: PreTrainedTokenizerBase) -> Generator:
    from assistant.training.vllm import VllmGenerator

    return VllmGenerator(trainer.vllm_generation, tokenizer)


def arguments_of(config: RunConfig, settings: GrpoConfig, folder: Path) -> Arguments:
    """TRL's arguments for this run."""
    gpu = torch.cuda.is_available()
    return Arguments(
        output_dir=str(folder),
        num_train_epochs=settings.epochs,
        max_steps=settings.steps or -1,
        num_generations=settings.group,
        per_device_train_batch_size=settings.micro_batch,
        gradient_accumulation_steps=accumulation("grpo", settings.batch * settings.group, settings.micro_batch),
        activation_checkpointing=config.model.gradient_checkpointing,
        max_completion_length=settings.completion_tokens,
        temperature=settings.temperature,
        learning_rate=settings.learning_rate,
        lr_scheduler_type=settings.schedule,
        beta=settings.beta,
        epsilon=settings.epsilon,
        loss_type=settings.loss,
        reward_weights=[config.reward.format, config.reward.recommendation, config.reward.memory],
        eval_strategy="steps",
        eval_steps=settings.evaluate_every,
        save_strategy="steps",
        save_steps=settings.evaluate_every,
        save_total_limit=2,
        load_best_model_at_end=True,
        metric_for_best_model="eval_reward",
        greater_is_better=True,
        num_generations_eval=1,
        per_device_eval_batch_size=settings.micro_batch,
        logging_steps=1,
        report_to=["tensorboard"],
        disable_tqdm=True,
        seed=config.seed,
        bf16=config.mixed_precision and gpu,
        use_vllm=settings.vllm,
        vllm_mode="colocate",
        vllm_gpu_memory_utilization=settings.vllm_memory,
        vllm_max_model_length=settings.context,
        **hardware(),
    )
