"""Low-rank adapters for models that are too large to be trained whole."""

from __future__ import annotations

from typing import cast

from peft import LoraConfig as Adapters
from peft import PeftModel, get_peft_model
from transformers import PreTrainedModel

from assistant.training.config import LoraConfig


def adapters(config: LoraConfig | None) -> Adapters | None:
    """PEFT's settings, None where the weights are trained whole."""
    if config is None:
        return None
    return Adapters(
        r=config.rank,
        lora_alpha=config.alpha,
        lora_dropout=config.dropout,
        target_modules=list(config.targets),
        task_type="CAUSAL_LM",
    )


def adapted(model: PreTrainedModel, config: LoraConfig | None) -> PreTrainedModel:
    """The model to train: with adapters, or as it is."""
    settings = adapters(config)
    return model if settings is None else cast(PreTrainedModel, get_peft_model(model, settings))


def merged(model: PreTrainedModel) -> PreTrainedModel:
    """The model with its adapters, where it has any, worked into the weights."""
    return cast(PreTrainedModel, model.merge_and_unload()) if isinstance(model, PeftModel) else model
