"""Throughput of training on this machine: traces a second, sft tokens a second, GRPO seconds a step and where they go.

python -m tests.bench.training                     a small shop, a model of the size of the one that ships
python -m tests.bench.training --data DIR          a dataset folder's train requests
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from rich.console import Console

from assistant.training.config import ArchitectureConfig, GrpoConfig, ModelConfig, RunConfig, SftConfig, WorldConfig
from assistant.training.logs import LOG, read_log
from assistant.training.stages import run_stages
from assistant.training.traces import TRACES, read_traces
from tests.training_world import write_training_folder

QUIET = Console(quiet=True)


def main() -> None:
    """Runs the three stages in a temporary folder and prints a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="a dataset folder; a small shop where not given")
    parser.add_argument("--requests", type=int, default=100, help="train requests to search traces for")
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--steps", type=int, default=3, help="GRPO steps")
    parser.add_argument("--processes", type=int, default=1, help="processes that search for traces")
    parser.add_argument("--float32", action="store_true", help="no bfloat16 autocast in the warm start")
    parser.add_argument("--threads", type=int, help="PyTorch's threads")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        measure(config_of(options, Path(root)), options.steps)


def config_of(options: argparse.Namespace, root: Path) -> RunConfig:
    """A run of the size that the options ask for."""
    data = options.data or write_training_folder(root / "shop", rounds=3)
    return RunConfig.model_validate(
        {
            "name": "bench",
            "work": root / "work",
            "output": root / "policy",
            "mixed_precision": not options.float32,
            "threads": options.threads,
            "worlds": (WorldConfig(data=data, store=root / "store", train=options.requests, dev=10),),
            "model": ModelConfig(
                architecture=ArchitectureConfig(
                    layers=options.layers, width=options.width, feed_forward=3 * options.width, vocabulary=2_000
                )
            ),
            "traces": {"processes": options.processes},
            "sft": SftConfig(epochs=2, batch=16, micro_batch=16, held_out=0),
            "grpo": GrpoConfig(
                steps=options.steps, group=5, batch=4, micro_batch=20, message_tokens=64, evaluate_every=1_000
            ),
        }
    )


def measure(config: RunConfig, steps: int) -> None:
    """Prints what each stage takes."""
    run_stages(config, (), QUIET)
    started = time.perf_counter()
    run_stages(config, ("traces",), QUIET)
    found = read_traces(config.work / TRACES)
    print(f"traces   {len(found) / (time.perf_counter() - started):6.2f} a second ({len(found)})")
    run_stages(config, ("sft", "grpo"), QUIET)
    warm = read_log(config.work / "sft" / LOG)[-1]
    print(f"sft      {warm['num_input_tokens_seen'] / warm['train_runtime']:6.0f} tokens a second")
    logged = [entry for entry in read_log(config.work / "grpo" / LOG) if "step_time" in entry]
    step = statistics.mean(entry["step_time"] for entry in logged)
    generation = statistics.mean(entry["time/generation"] for entry in logged)
    environment = statistics.mean(entry["time/rollouts"] for entry in logged) - generation
    print(
        f"grpo     {step:6.2f} s a step of 20 rollouts: generation {generation:.2f}, environment {environment:.2f}, "
        f"update {step - generation - environment:.2f}"
    )


if __name__ == "__main__":
    main()
