"""Small models made from scratch: what their tokens begin as, and what their warm start learns from."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import PreTrainedModel, Trainer, TrainingArguments

from assistant.training.config import ArchitectureConfig
from assistant.training.examples import IGNORED, Padded
from assistant.training.models import give_meanings, make_model, train_tokenizer
from assistant.training.sft import OwnTokensTrainer
from memory_store.embedding import Embedder
from tests.tiny_models import tiny_model, tiny_tokenizer

TEXTS = ["sneakers shoes sneakers shoes boots laundry detergent laundry detergent guitar strings guitar strings"] * 20


def test_tokens_that_mean_alike_begin_alike(embedder: Embedder) -> None:
    tokenizer = train_tokenizer(TEXTS, 700)
    architecture = ArchitectureConfig(layers=1, width=128, feed_forward=128, heads=2, key_value_heads=1)
    plain, meant = ([make_model(architecture, tokenizer, seed=seed) for seed in range(8)] for _ in range(2))
    for model in meant:
        give_meanings(model, tokenizer, embedder)

    def likeness(models: list[PreTrainedModel], one: str, other: str) -> float:
        return sum(likeness_in(model, one, other) for model in models) / len(models)

    def likeness_in(model: PreTrainedModel, one: str, other: str) -> float:
        weights = model.get_input_embeddings().weight  # type: ignore[operator, union-attr]
        left, right = (weights[tokenizer.encode(f" {word}", add_special_tokens=False)[-1]] for word in (one, other))
        return torch.cosine_similarity(left, right, dim=0).item()

    assert likeness(meant, "shoes", "boots") > likeness(meant, "shoes", "laundry") + 0.1
    assert likeness(meant, "shoes", "boots") > likeness(plain, "shoes", "boots") + 0.1
    scales = [model.get_input_embeddings().weight.std().item() for model in (plain[0], meant[0])]  # type: ignore[operator]
    assert scales[1] == pytest.approx(scales[0], rel=0.2)


@pytest.mark.parametrize("total", [None, 11])
def test_the_loss_of_own_tokens_is_the_models_own_loss(tmp_path: Path, total: int | None) -> None:
    model = tiny_model(tiny_tokenizer())
    rows = [
        {"input_ids": [5, 6, 7, 8, 9], "labels": [IGNORED, IGNORED, 7, 8, 9]},
        {"input_ids": [9, 8, 7], "labels": [IGNORED, 8, IGNORED]},
    ]
    batch = Padded(0)(rows)
    arguments = TrainingArguments(output_dir=str(tmp_path), use_cpu=True, report_to=[])
    losses, gradients = [], []
    for kind in (Trainer, OwnTokensTrainer):
        model.zero_grad()
        trainer = kind(model=model, args=arguments)
        loss = trainer.compute_loss(model, dict(batch), num_items_in_batch=total)
        loss.backward()
        losses.append(loss.item())
        gradients.append(model.get_input_embeddings().weight.grad.clone())
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)
    assert torch.allclose(gradients[0], gradients[1], atol=1e-6)
