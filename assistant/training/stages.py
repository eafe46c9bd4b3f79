"""Runs the stages that were asked for, with the shops that they need open."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import torch
from rich.console import Console

from assistant.datasets.progress import terminal_progress
from assistant.training.checkpoints import is_main_process, rank, wait_for_all
from assistant.training.config import RunConfig
from assistant.training.pipeline import make_traces, publish_warm, reinforce, warm_up
from assistant.training.shops import copied, open_shops


def run_stages(config: RunConfig, stages: Sequence[str], console: Console) -> dict[str, Any]:
    """The figures of the stages, by name. Raises as they do."""
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    figures: dict[str, Any] = {}
    with terminal_progress(console) as progress, ExitStack() as stack:
        if is_main_process():
            shops = stack.enter_context(open_shops(config, progress))
            wait_for_all()
        else:
            wait_for_all()
            shops = stack.enter_context(open_shops(copied(config, config.work / f"copies-{rank()}"), progress))
        if "traces" in stages:
            figures["traces"] = make_traces(config, shops, progress)
        if "sft" in stages:
            figures |= warm_up(config)
            publish_warm(config, shops, figures)
        if "grpo" in stages and config.grpo is not None:
            figures |= reinforce(config, shops)
    return figures
