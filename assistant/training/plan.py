"""What a run will do, before anything is loaded: steps, tokens, memory. An estimate, and it says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assistant.datasets.folder import DatasetFolder
from assistant.datasets.manifest import Manifest
from assistant.training.checkpoints import processes
from assistant.training.config import RunConfig
from assistant.training.models import count_parameters

GIGA = 2**30
PROMPT_TOKENS, OWN_TOKENS, TOOL_TOKENS = 450, 160, 250
"""A trajectory with an ordinary tokenizer; one made for the trajectories needs a third."""
TRACE_SECONDS = 0.6


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the plan."""

    what: str
    value: str


def plan(config: RunConfig) -> Iterator[Row]:
    """The plan's lines, in order."""
    train, dev, unknown = _requests(config)
    yield Row("requests", f"{train:,} train, {dev:,} dev")
    if unknown:
        yield Row("not counted", "the demo world: its store is not built yet (mrrec train traces builds it)")
    parameters = count_parameters(config.model)
    yield Row(
        "weights", "unknown until the base is downloaded" if parameters is None else f"{parameters / 1e6:,.1f} million"
    )
    share = 1 / 3 if config.model.architecture else 1.0
    length = int((PROMPT_TOKENS + OWN_TOKENS + TOOL_TOKENS) * share)
    practice = config.traces.copying + config.traces.choosing
    seconds = train * TRACE_SECONDS / config.traces.processes
    yield Row("traces", f"{train:,} searched for, {practice:,} of practice: about {seconds / 60:.0f} min")
    if config.sft is not None:
        shown = (train * config.sft.repeat + practice) * config.sft.epochs
        steps, tokens = int(shown / config.sft.batch), int(shown * length)
        yield Row(
            "sft", f"about {steps:,} steps of {config.sft.batch} trajectories, {tokens / 1e6:,.1f} million tokens"
        )
    if config.grpo is not None:
        grpo = config.grpo
        steps = grpo.steps or int(train * grpo.epochs / grpo.batch)
        rollouts = grpo.batch * grpo.group
        yield Row(
            "grpo",
            f"at most {steps:,} steps of {grpo.batch} requests x {grpo.group} = {rollouts:,} rollouts; each up to "
            f"{grpo.completion_tokens} tokens, about {rollouts * length / 1e6:,.2f} million tokens a step",
        )
        yield Row("dev", f"{dev:,} requests every {grpo.evaluate_every} steps, patience {grpo.patience}")
    if parameters is not None:
        yield from _memory(config, parameters, length)


def _memory(config: RunConfig, parameters: int, length: int) -> Iterator[Row]:
    """Weights, gradients and Adam's two moments; activations of a micro-batch; caches of a generation batch."""
    each = 4 if config.model.dtype == "float32" else 2
    trained = 0.01 * parameters if config.model.lora else parameters
    states = parameters * each + trained * (each + 8)
    rows = max([part.micro_batch for part in (config.sft, config.grpo) if part is not None], default=1)
    width = (parameters / 12 / 30) ** 0.5
    kept = 2 if config.model.gradient_checkpointing else 20
    activations = rows * length * width * kept * 4 * 12
    yield Row("memory for weights, gradients, Adam", f"{states / GIGA:,.1f} GiB over {processes()} processes")
    yield Row("memory for activations", f"about {activations / GIGA:,.1f} GiB a process, at micro-batches of {rows}")


def _requests(config: RunConfig) -> tuple[int, int, bool]:
    """Train and dev requests of the dataset folders, and whether a demo world that is not grown yet adds to them."""
    counts = {"train": 0, "dev": 0}
    unknown = False
    for world in config.worlds:
        built = Manifest.read(world.store)
        data = world.data or (Path(built.source) if built else None)
        unknown |= data is None
        splits = [row.split for row in DatasetFolder(data).requests()] if data else []
        for split, bound in (("train", world.train), ("dev", world.dev)):
            there = splits.count(split) if data else bound or 0
            counts[split] += min(there, bound or there)
    return counts["train"], counts["dev"], unknown
