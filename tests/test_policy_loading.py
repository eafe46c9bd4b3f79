"""What cannot be loaded as a checkpoint is refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.errors import PolicyError
from assistant.policy.checkpoint import CheckpointPolicy
from tests.tiny_models import save_tiny_checkpoint


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_checkpoint(tmp_path_factory.mktemp("tiny"))


@pytest.mark.parametrize(
    ("name", "says"), [("", "is no checkpoint"), ("./nowhere", "is no checkpoint"), ("/a/b/c", "is no checkpoint")]
)
def test_what_is_no_checkpoint_is_named(name: str, says: str) -> None:
    with pytest.raises(PolicyError, match=says):
        CheckpointPolicy.load(name)


def test_damaged_checkpoints_are_refused(tmp_path: Path) -> None:
    save_tiny_checkpoint(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(
        json.dumps(config | {"num_hidden_layers": 3, "layer_types": ["full_attention"] * 3})
    )
    with pytest.raises(PolicyError, match="lacks"):
        CheckpointPolicy.load(str(tmp_path), device="cpu")
    (tmp_path / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 3}))
    with pytest.raises(PolicyError, match="cannot be loaded"):
        CheckpointPolicy.load(str(tmp_path), device="cpu")
    (tmp_path / "config.json").write_text(json.dumps(config | {"model_type": "unheard_of"}))
    with pytest.raises(PolicyError, match="cannot be loaded"):
        CheckpointPolicy.load(str(tmp_path), device="cpu")
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "model.safetensors").write_bytes(b"\0" * 64)
    with pytest.raises(PolicyError, match="cannot be loaded"):
        CheckpointPolicy.load(str(tmp_path), device="cpu")


def test_devices_and_dtypes_that_do_not_exist_are_named(folder: Path) -> None:
    for device in ("gpu", "cuda:99"):
        with pytest.raises(PolicyError, match=f"MRREC_DEVICE='{device}'"):
            CheckpointPolicy.load(str(folder), device=device)
    with pytest.raises(PolicyError, match='choose "auto", "float32" or "bfloat16"'):
        CheckpointPolicy.load(str(folder), device="cpu", dtype="int3")
