"""The stages of a run, each of which does nothing where it was done already: traces, sft, grpo."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase, set_seed

from assistant.datasets.manifest import write_json
from assistant.policy.card import PolicyCard
from assistant.training import sft
from assistant.training.card import write_card
from assistant.training.checkpoints import is_main_process, wait_for_all
from assistant.training.config import RunConfig
from assistant.training.curves import draw_curves
from assistant.training.errors import TrainingError
from assistant.training.grpo import FOLDER, NodesTrainer, learn
from assistant.training.lora import merged
from assistant.training.models import load, start_from
from assistant.training.practice import PRACTICE, make_practice
from assistant.training.shops import Shop, jobs_of
from assistant.training.traces import TRACES, Progress, Trace, find_traces, read_traces
from memory_store.indexing.base import digest

START, WARM, SUMMARY = "start", "warm", "summary.json"


def make_traces(config: RunConfig, shops: Sequence[Shop], progress: Progress) -> dict[str, Any]:
    """Stage 1: the expert traces. Returns figures on them."""
    if is_main_process():
        find_traces(config, shops, progress)
        make_practice(config, shops)
    wait_for_all()
    return describe(_learnt_from(config))


def warm_up(config: RunConfig) -> dict[str, Any]:
    """Stage 2: the warm start, on the traces of stage 1; kept in the work folder and written to the output folder.

    Raises TrainingError where there are no traces, or the folder holds another warm start.
    """
    folder = config.work / WARM
    made_from = _settings(config, "sft")
    if done := _finished(folder, made_from):
        return done
    traces = _learnt_from(config)
    if not traces:
        raise TrainingError(f"{config.work / TRACES} has no traces: run `mrrec train traces` with this config first")
    set_seed(config.seed)
    texts = (message.content for trace in traces for message in trace.messages)
    model, tokenizer = start_from(config.model, config.work / START, texts, config.seed, config.embedder)
    figures: dict[str, Any] = {"traces": describe(traces)}
    if config.sft is not None:
        model, warm = sft.warm_start(config, model, tokenizer, traces)
        figures["sft"] = asdict(warm)
    if is_main_process():
        _save(model, tokenizer, folder)
        write_json(folder / SUMMARY, {"made_from": made_from, "figures": figures})
    wait_for_all()
    return figures


def reinforce(config: RunConfig, shops: Sequence[Shop]) -> dict[str, Any]:
    """Stage 3: GRPO from the warm start; the best step goes to the output folder. Raises TrainingError."""
    warm, folder = config.work / WARM, config.work / FOLDER
    made_from = _settings(config, "grpo")
    if done := _finished(folder, made_from):
        return done
    _claim(folder, made_from)
    before = _finished(warm, _settings(config, "sft"))
    if before is None:
        raise TrainingError(f"{warm} is not there: run `mrrec train sft` with this config first")
    set_seed(config.seed)
    model, tokenizer = load(str(warm), config.model.dtype)
    train, dev = jobs_of(shops, "train"), jobs_of(shops, "dev")
    trainer, learned = learn(config, model, tokenizer, train, dev)
    figures = {**before, "grpo": asdict(learned)}
    if learned.best_step == 0:
        model, _ = load(str(warm), config.model.dtype)
        _publish(config, model, tokenizer, shops, figures)
    else:
        _publish_trained(config, trainer, tokenizer, shops, figures)
    if is_main_process():
        write_json(folder / SUMMARY, {"made_from": made_from, "figures": figures})
    wait_for_all()
    return figures


def publish_warm(config: RunConfig, shops: Sequence[Shop], figures: dict[str, Any]) -> None:
    """Makes the warm start what the output folder serves: for runs without GRPO, or before it is done."""
    if (config.work / FOLDER / SUMMARY).exists():
        return
    model, tokenizer = load(str(config.work / WARM), config.model.dtype)
    _publish(config, model, tokenizer, shops, figures)


def _learnt_from(config: RunConfig) -> list[Trace]:
    """The expert traces of a run and its practice."""
    return read_traces(config.work / TRACES) + read_traces(config.work / PRACTICE)


def describe(traces: Sequence[Trace]) -> dict[str, Any]:
    """Figures on traces: how many, what they are worth, how often memory helped."""
    scored = [trace for trace in traces if trace.reward is not None]
    count = max(1, len(scored))
    return {
        "traces": len(scored),
        "practice": len(traces) - len(scored),
        "reward": sum(trace.reward or 0.0 for trace in scored) / count,
        "reward_of_request_alone": sum(trace.alone or 0.0 for trace in scored) / count,
        "used_memory": sum(trace.useful > 0 for trace in scored) / count,
    }


def _publish_trained(
    config: RunConfig,
    trainer: NodesTrainer,
    tokenizer: PreTrainedTokenizerBase,
    shops: Sequence[Shop],
    figures: dict[str, Any],
) -> None:
    """Weights may lie in parts on several GPUs: then the trainer puts them together."""
    if config.model.lora is not None or trainer.accelerator.num_processes == 1:
        model = merged(trainer.accelerator.unwrap_model(trainer.model))
        _publish(config, model, tokenizer, shops, figures)
        return
    trainer.save_model(str(config.output))
    if trainer.accelerator.is_main_process:
        _complete(config, config.output, tokenizer, shops, figures)


def _publish(
    config: RunConfig,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    shops: Sequence[Shop],
    figures: dict[str, Any],
) -> None:
    """Writes the served folder: a reader sees the old one or the new one whole."""
    if not is_main_process():
        return
    draft = config.output.with_name(f".{config.output.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    _save(model.to(getattr(torch, config.weights)), tokenizer, draft)
    _complete(config, draft, tokenizer, shops, figures)
    old = config.output.with_name(f".{config.output.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if config.output.exists():
        config.output.rename(old)
    draft.rename(config.output)
    shutil.rmtree(old, ignore_errors=True)


def _complete(
    config: RunConfig,
    folder: Path,
    tokenizer: PreTrainedTokenizerBase,
    shops: Sequence[Shop],
    figures: dict[str, Any],
) -> None:
    """What stands beside the weights: the tokenizer, policy.json, the curves and the model card."""
    tokenizer.save_pretrained(folder)
    PolicyCard.here(tokenizer, structured=config.structured).write(folder)
    drawn = draw_curves(config.work, folder)
    write_card(config, folder, [shop.identity() for shop in shops], figures, drawn)


def _save(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _settings(config: RunConfig, stage: str) -> str:
    """A hash of what a stage's result follows from: its own settings and those of the stages before."""
    parts = {"sft": ("traces", "sft"), "grpo": ("traces", "sft", "grpo")}[stage]
    told = config.model_dump(mode="json", include={"seed", "embedder", "worlds", "model", "reward", *parts})
    return digest(json.dumps(told, sort_keys=True))


def _finished(folder: Path, made_from: str) -> dict[str, Any] | None:
    """The figures of a stage that is done; None where it is not. Raises TrainingError where it was another one."""
    file = folder / SUMMARY
    if not file.exists():
        return None
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    _same(folder, found["made_from"], made_from)
    figures: dict[str, Any] = found["figures"]
    return figures


def _claim(folder: Path, made_from: str) -> None:
    """Makes a stage's folder this run's, so that its checkpoints are gone on from by this run only."""
    note = folder / "made_from.json"
    if note.exists():
        _same(folder, json.loads(note.read_text(encoding="utf-8")), made_from)
    elif is_main_process():
        write_json(note, made_from)


def _same(folder: Path, found: str, wanted: str) -> None:
    if found != wanted:
        raise TrainingError(
            f"{folder} was made with other settings than this config has now: choose another work folder, or remove "
            "that folder to train it anew"
        )
