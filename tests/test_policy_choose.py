"""The settings choose the policy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest
from pydantic import SecretStr, ValidationError

from assistant.errors import SettingsError
from assistant.policy.choose import POLICIES, load_policy
from assistant.settings import Settings
from memory_store.embedding import Embedder
from tests.tiny_models import save_tiny_checkpoint

UNUSED = cast(Embedder, None)


def test_each_policy_is_chosen_by_name(tmp_path: Path) -> None:
    checkpoint = str(save_tiny_checkpoint(tmp_path))
    endpoint = Settings(policy="endpoint", endpoint_key=SecretStr("k"), endpoint_model="m")
    assert load_policy(Settings(policy="rules"), embedder=UNUSED).name == "rules"
    assert load_policy(Settings(policy="checkpoint", checkpoint=checkpoint, device="cpu"), embedder=UNUSED).name == (
        f"checkpoint {tmp_path.name}"
    )
    assert load_policy(endpoint, embedder=UNUSED).name == "endpoint m"


def test_a_checkpoint_must_be_named() -> None:
    with pytest.raises(SettingsError, match="MRREC_CHECKPOINT"):
        load_policy(Settings(policy="checkpoint"), embedder=UNUSED)


def test_other_names_list_the_choices() -> None:
    with pytest.raises(ValidationError, match="'rules', 'mini', 'checkpoint' or 'endpoint'"):
        Settings.model_validate({"policy": "oracle"})
    with pytest.raises(SettingsError, match="choose rules, mini, checkpoint, endpoint"):
        load_policy(Settings().model_copy(update={"policy": "oracle"}), embedder=UNUSED)
    assert set(POLICIES) == {"rules", "mini", "checkpoint", "endpoint"}


def test_choosing_imports_nothing_heavy() -> None:
    heavy = "{'torch', 'transformers', 'httpx', 'onnxruntime'}"
    code = f"import sys, assistant.policy.choose; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
