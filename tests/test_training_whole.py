"""A tiny Qwen2.5 with its real chat template through everything: traces, sft, GRPO, save, load, serve, evaluate."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from rich.console import Console
from typer.testing import CliRunner

from assistant.errors import PolicyError, SettingsError
from assistant.evaluation.run import Arm, Evaluation
from assistant.evaluation.settings import MEMORY
from assistant.policy.checkpoint import CheckpointPolicy
from assistant.policy.choose import load_policy
from assistant.settings import Settings
from assistant.training.cli import app
from assistant.training.config import CONFIGS, RunConfig, load_config
from assistant.training.errors import TrainingError
from assistant.training.logs import LOG, read_log
from assistant.training.shops import open_shops
from assistant.training.stages import run_stages
from memory_store.embedding import Embedder
from tests.test_policy_checkpoint import qwen_template
from tests.tiny_models import save_tiny_checkpoint, tiny_model, tiny_tokenizer
from tests.training_world import write_training_folder

QUIET = Console(quiet=True)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The config file of a run that goes through every stage."""
    root = tmp_path_factory.mktemp("whole")
    write_training_folder(root / "shop")
    base = save_tiny_checkpoint(root / "base", chat_template=qwen_template())
    tiny_model(tiny_tokenizer(), positions=4_096).save_pretrained(base)
    run = {
        "name": "tiny-qwen2.5",
        "work": str(root / "work"),
        "output": str(root / "policy"),
        "mixed_precision": False,
        "worlds": [{"data": str(root / "shop"), "store": str(root / "store"), "train": 12, "dev": 5}],
        "model": {"base": str(base)},
        "sft": {"epochs": 1, "batch": 4, "micro_batch": 4, "evaluate_every": 2, "held_out": 0.2},
        "grpo": {
            "steps": 2,
            "group": 2,
            "batch": 2,
            "micro_batch": 4,
            "learning_rate": 1e-4,
            "message_tokens": 24,
            "completion_tokens": 1_500,
            "context": 4_096,
            "evaluate_every": 1,
            "patience": 5,
        },
    }
    (root / "run.yaml").write_text(yaml.safe_dump(run), encoding="utf-8")
    return root / "run.yaml"


@pytest.fixture(scope="module")
def config(file: Path) -> RunConfig:
    return load_config(file)


@pytest.fixture(scope="module")
def figures(config: RunConfig) -> dict[str, dict[str, object]]:
    """What the whole run told. A random policy earns nothing: noted as worse before, its best step is a trained one."""
    start = config.work / "grpo" / "start.json"
    start.parent.mkdir(parents=True)
    start.write_text(json.dumps({"eval_reward": -1.0}), encoding="utf-8")
    return run_stages(config, ("traces", "sft", "grpo"), QUIET)


def test_every_stage_tells_its_figures(config: RunConfig, figures: dict[str, dict[str, object]]) -> None:
    assert figures["traces"]["traces"] == 10
    assert figures["sft"]["steps"] and (figures["grpo"]["steps"], figures["grpo"]["best_step"]) == (2, 1)
    logged = [entry for entry in read_log(config.work / "grpo" / LOG) if "reward" in entry]
    assert [entry["step"] for entry in logged] == [1, 2]
    wanted = {f"rewards/{term}/mean" for term in ("format", "recommendation", "memory")}
    wanted |= {"entropy", "completions/mean_length", "tool_calls", "time/generation", "time/rollouts", "step_time"}
    assert wanted <= logged[0].keys()
    assert list((config.work / "grpo" / "tensorboard").glob("events*"))


def test_what_is_written_is_whole_and_serves(
    config: RunConfig, figures: dict[str, dict[str, object]], embedder: Embedder
) -> None:
    names = {path.name for path in config.output.iterdir()}
    assert {"config.json", "model.safetensors", "policy.json", "README.md", "training.json", "grpo_reward.png"} <= names
    told = (config.output / "README.md").read_text(encoding="utf-8")
    run = json.loads((config.output / "training.json").read_text(encoding="utf-8"))
    assert run["data"][0]["content_hash"] in told and run["code"]["sources"] in told
    assert str(config.work.parent) not in told + json.dumps(run)
    policy = load_policy(Settings(policy="checkpoint", checkpoint=str(config.output)), embedder=embedder)
    assert isinstance(policy, CheckpointPolicy) and policy.note == ""


def test_policy_is_evaluated_as_it_is_served(
    config: RunConfig, figures: dict[str, dict[str, object]], embedder: Embedder, tmp_path: Path
) -> None:
    policy = CheckpointPolicy.load(str(config.output), max_new_tokens=16)
    with open_shops(config, lambda *_: None) as (shop,):
        world = shop.world
        arms = [Arm("mrrec", MEMORY["mrrec"], policy)]
        evaluation = Evaluation(world.memory, world.catalogue, embedder, shop.dev, arms, [], tmp_path)
        rows = evaluation.run(lambda *_: None)
    assert len(rows) == len(shop.dev)


def test_another_program_refuses_it(config: RunConfig, figures: dict[str, dict[str, object]], tmp_path: Path) -> None:
    card = config.output / "policy.json"
    kept = card.read_text(encoding="utf-8")
    card.write_text(json.dumps({**json.loads(kept), "prompt_hash": "other"}), encoding="utf-8")
    try:
        with pytest.raises(PolicyError, match="the prompts"):
            CheckpointPolicy.load(str(config.output))
    finally:
        card.write_text(kept, encoding="utf-8")


def test_a_finished_run_is_not_done_again(config: RunConfig, figures: dict[str, dict[str, object]]) -> None:
    before = (config.work / "grpo" / "summary.json").stat().st_mtime_ns
    assert run_stages(config, ("grpo",), QUIET)["grpo"] == figures["grpo"]
    assert (config.work / "grpo" / "summary.json").stat().st_mtime_ns == before


def test_other_settings_are_not_mixed_in(config: RunConfig, figures: dict[str, dict[str, object]]) -> None:
    assert config.grpo is not None
    other = config.model_copy(update={"grpo": config.grpo.model_copy(update={"group": 4})})
    with pytest.raises(TrainingError, match="other settings"):
        run_stages(other, ("grpo",), QUIET)


def test_a_killed_run_goes_on_from_its_last_whole_checkpoint(
    config: RunConfig, figures: dict[str, dict[str, object]]
) -> None:
    folder = config.work / "grpo"
    second = last_step(folder / LOG)
    (folder / "summary.json").unlink()
    (folder / "checkpoint-2" / "trainer_state.json").unlink()
    again = run_stages(config, ("grpo",), QUIET)["grpo"]
    assert again["steps"] == 2 and again["start"] == figures["grpo"]["start"]
    for name in ("entropy", "completions/mean_length", "rewards/format/mean"):
        assert last_step(folder / LOG)[name] == pytest.approx(second[name], rel=1e-4)


def last_step(log: Path) -> dict[str, float]:
    """What was logged of the second step, which must stand in the log once."""
    (entry,) = [entry for entry in read_log(log) if entry["step"] == 2 and "entropy" in entry]
    return entry


@pytest.fixture
def shipped() -> Iterator[list[RunConfig]]:
    names = [path for path in sorted(CONFIGS.glob("*.yaml")) if not path.stem.startswith("zero")]
    yield [load_config(path) for path in names]


def test_shipped_configs_can_be_read(shipped: list[RunConfig]) -> None:
    assert {config.name for config in shipped} == {"mini", "toy", "qwen2.5-3b", "qwen2.5-3b-lora"}
    paper = next(config for config in shipped if config.name == "qwen2.5-3b")
    assert paper.grpo is not None and paper.reward.model_dump() == {
        "format": 0.1,
        "recommendation": 5.0,
        "memory": 0.1,
        "cutoffs": (100, 1000),
    }
    told = paper.grpo.group, paper.grpo.batch, paper.grpo.completion_tokens, paper.grpo.temperature
    assert (*told, paper.grpo.learning_rate, paper.grpo.epochs, paper.grpo.patience) == (5, 256, 768, 1.0, 1e-6, 5, 1)


def test_a_wrong_field_is_named(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("name: x\nwork: w\noutput: o\nmodel: {base: b}\ngrpo: {group: 1, rate: 2}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"grpo\.group.*grpo\.rate"):
        load_config(wrong)
    with pytest.raises(SettingsError, match="those that ship are mini"):
        load_config(tmp_path / "none.yaml")


def test_dry_run_only_tells_the_plan(file: Path, config: RunConfig) -> None:
    other = config.work.with_name("untouched")
    dry = file.with_name("dry.yaml")
    dry.write_text(file.read_text(encoding="utf-8").replace(str(config.work), str(other)), encoding="utf-8")
    result = CliRunner().invoke(app, ["all", "--config", str(dry), "--dry-run"])
    assert result.exit_code == 0, result.output
    for part in ("traces", "sft", "grpo", "memory for weights"):
        assert part in result.output
    assert not other.exists()
