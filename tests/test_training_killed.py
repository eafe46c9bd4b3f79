"""SIGKILL at one moment after the other: a run that is started again each time ends as one that nothing disturbed."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
import yaml
from safetensors.torch import load_file

from assistant.policy.checkpoint import CheckpointPolicy
from assistant.training.config import RunConfig, load_config
from assistant.training.logs import LOG, read_log
from assistant.training.traces import TRACES, end_with_parent
from tests.training_world import write_training_folder

SERVER = get_context("forkserver")
SERVER.set_forkserver_preload(["assistant.training.stages", "assistant.training.cli", "chromadb", "onnxruntime"])

Moment = tuple[str, str, str]
"""What the run is about to do (an audit event), to which path, once which path exists: there it is killed."""

MOMENTS: dict[str, Moment] = {
    "the model to start from, half written": ("open", "work/*start*/generation_config.json", ""),
    "a checkpoint of sft, half written": ("open", "sft/checkpoint-4/trainer_state.json", ""),
    "sft, between two checkpoints": ("open", "sft/log.jsonl", "sft/checkpoint-4/trainer_state.json"),
    "the warm start, written but not noted": ("open", "warm/.summary.json.new", ""),
    "the log of grpo": ("open", "grpo/log.jsonl", "grpo/checkpoint-2/trainer_state.json"),
    "a checkpoint of grpo, half written": ("open", "grpo/checkpoint-4/trainer_state.json", ""),
    "the policy, written but not in its place": ("os.rename", ".policy.new", "grpo/checkpoint-4/trainer_state.json"),
    "grpo, published but not noted": ("open", "grpo/.summary.json.new", ""),
}


def train(file: Path, moment: Moment | None = None) -> None:
    """``mrrec train all``; kills its own process, as the kernel would, when the moment comes."""
    import torch

    from assistant.training.cli import app

    torch.set_num_threads(1)
    sys.stdout = sys.stderr = (file.parent / "told.txt").open("a", encoding="utf-8")
    if moment is not None:
        event, path, once = moment

        def watch(happens: str, arguments: tuple[Any, ...]) -> None:
            if happens != event or not isinstance(arguments[0], str | Path):
                return
            writes = event != "open" or arguments[1] not in (None, "r", "rb")
            if writes and Path(arguments[0]).match(path) and (file.parent / "work" / once).exists():
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(watch)
    app(["all", "--config", str(file)], standalone_mode=False)


def started(file: Path, moment: Moment | None = None) -> BaseProcess:
    process = SERVER.Process(target=train, args=(file, moment))
    process.start()
    return process


def told(file: Path) -> str:
    return (file.parent / "told.txt").read_text(encoding="utf-8")


def run_of(root: Path, shop: Path) -> Path:
    """The config file of a short run with a very small model. It earns nothing: noted as worse before, its best step is
    a trained one."""
    run = {
        "name": "killed",
        "work": str(root / "work"),
        "output": str(root / "policy"),
        "mixed_precision": False,
        "worlds": [{"data": str(shop), "store": str(root / "store"), "train": 16, "dev": 5}],
        "model": {
            "architecture": {
                "layers": 1,
                "width": 32,
                "feed_forward": 64,
                "heads": 2,
                "key_value_heads": 1,
                "positions": 512,
                "vocabulary": 500,
            }
        },
        "sft": {"epochs": 2, "batch": 4, "micro_batch": 4, "evaluate_every": 2, "held_out": 0.2},
        "grpo": {
            "steps": 4,
            "group": 2,
            "batch": 2,
            "micro_batch": 4,
            "learning_rate": 1e-3,
            "message_tokens": 16,
            "completion_tokens": 256,
            "context": 512,
            "evaluate_every": 2,
            "patience": 5,
        },
    }
    start = root / "work" / "grpo" / "start.json"
    start.parent.mkdir(parents=True)
    start.write_text(json.dumps({"eval_reward": -1.0}), encoding="utf-8")
    (root / "run.yaml").write_text(yaml.safe_dump(run), encoding="utf-8")
    return root / "run.yaml"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_training_folder(tmp_path_factory.mktemp("killed") / "shop")


@pytest.fixture(scope="module")
def undisturbed(shop: Path) -> RunConfig:
    file = run_of(shop.parent / "undisturbed", shop)
    process = started(file)
    process.join()
    assert process.exitcode == 0, told(file)
    return load_config(file)


@pytest.fixture(scope="module")
def killed(shop: Path) -> RunConfig:
    """The run that was killed while it searched for traces, and at every one of the moments."""
    file = run_of(shop.parent / "killed", shop)
    traces = file.parent / "work" / TRACES
    process = started(file)
    wait_until(lambda: (traces.exists() and traces.read_bytes().count(b"\n") >= 4) or not process.is_alive())
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    assert process.exitcode == -signal.SIGKILL and traces.read_bytes().count(b"\n") < 15, told(file)
    for name, moment in MOMENTS.items():
        process = started(file, moment)
        process.join()
        assert process.exitcode == -signal.SIGKILL, f"{name}: {told(file)}"
    process = started(file)
    process.join()
    assert process.exitcode == 0, told(file)
    return load_config(file)


def wait_until(reached: Callable[[], bool]) -> None:
    while not reached():
        time.sleep(0.01)


@pytest.mark.timeout(300)
def test_the_same_traces_are_found(undisturbed: RunConfig, killed: RunConfig) -> None:
    assert (killed.work / TRACES).read_bytes() == (undisturbed.work / TRACES).read_bytes()


def test_no_step_is_lost_or_double(undisturbed: RunConfig, killed: RunConfig) -> None:
    for stage in ("sft", "grpo"):
        whole = [read_log(config.work / stage / LOG) for config in (undisturbed, killed)]
        logs = [[entry for entry in log if "train_runtime" not in entry] for log in whole]
        wanted, found = [[(entry["step"], set(entry)) for entry in log] for log in logs]
        assert found == wanted
        for name in ("loss", "eval_loss", "reward", "eval_reward", "entropy"):
            before, after = [[entry[name] for entry in log if name in entry] for log in logs]
            assert after == pytest.approx(before, rel=1e-4, abs=1e-6), (stage, name)


def test_the_same_policy_is_published(undisturbed: RunConfig, killed: RunConfig) -> None:
    wanted, found = [load_file(config.output / "model.safetensors") for config in (undisturbed, killed)]
    assert wanted.keys() == found.keys()
    assert all(wanted[name].allclose(found[name], atol=1e-6) for name in wanted)
    assert {path.name for path in killed.output.iterdir()} == {path.name for path in undisturbed.output.iterdir()}
    assert not list(killed.output.parent.glob(".*"))
    assert CheckpointPolicy.load(str(killed.output)).note == ""


def test_started_once_more_it_has_nothing_to_do(killed: RunConfig) -> None:
    before = contents(killed.output)
    process = started(killed.work.parent / "run.yaml")
    process.join()
    assert process.exitcode == 0 and contents(killed.output) == before


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.timeout(60)
def test_workers_do_not_outlive_a_killed_run() -> None:
    """Those that search for traces side by side; left alone, each would wait for work for ever."""
    told, tell = SERVER.Pipe(duplex=False)
    process = SERVER.Process(target=search, args=(tell,))
    process.start()
    worker = told.recv()
    assert lives(worker)
    os.kill(process.pid or 0, signal.SIGKILL)
    wait_until(lambda: not lives(worker))


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def search(tell: Connection) -> None:
    """A run that has one worker, which tells its number."""
    worker = SERVER.Process(target=work, args=(tell,))
    worker.start()
    worker.join()


def work(tell: Connection) -> None:
    end_with_parent()
    tell.send(os.getpid())
    time.sleep(600)
