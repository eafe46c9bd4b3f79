"""The supervised warm start: on expert traces, with a loss on the policy's own tokens only."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import EarlyStoppingCallback, PreTrainedModel, PreTrainedTokenizerBase, Trainer, TrainingArguments
from transformers.trainer_callback import PrinterCallback

from assistant.policy.tokens import ChatTokens, Transcript
from assistant.training.checkpoints import accumulation, go_on, hardware, tensorboard_in
from assistant.training.config import RunConfig, SftConfig
from assistant.training.errors import TrainingError
from assistant.training.examples import IGNORED, Examples, Padded, encode
from assistant.training.logs import Telling
from assistant.training.lora import adapted, merged
from assistant.training.traces import Trace

FOLDER = "sft"


@dataclass(frozen=True, slots=True)
class Warm:
    """What the warm start ended with. ``tokens`` counts those with a loss; ``skipped`` the traces under the least
    reward, ``too_long`` those that do not fit the model."""

    steps: int
    examples: int
    skipped: int
    too_long: int
    tokens: int
    loss: float | None
    held_out_loss: float | None


def warm_start(
    config: RunConfig, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, traces: Sequence[Trace]
) -> tuple[PreTrainedModel, Warm]:
    """The trained model: with the weights that did best on held-out traces. Stopped, it goes on.

    Raises TrainingError where no trace can be learnt from.
    """
    settings = config.sft
    assert settings is not None
    wanted = [trace for trace in traces if trace.reward is None or trace.reward >= settings.least_reward]
    chat = ChatTokens(tokenizer)
    positions = getattr(model.config, "max_position_embeddings", None)
    encoded = [(trace, encode(chat, trace)) for trace in wanted]
    fitting = [(trace, one) for trace, one in encoded if positions is None or len(one.ids) <= positions]
    train, held_out = _split(fitting, settings, config.seed)
    if not train:
        raise TrainingError(
            f"of {len(traces)} traces {len(wanted)} reach sft.least_reward {settings.least_reward} and "
            f"{len(fitting)} fit into {positions} tokens: nothing is left to learn from"
        )
    folder = config.work / FOLDER
    tensorboard_in(folder)
    model = adapted(model, config.model.lora)
    kind = Trainer if config.model.architecture is None else OwnTokensTrainer
    trainer = kind(
        model=model,
        args=_arguments(config, settings, folder, bool(held_out)),
        train_dataset=Examples(train),
        eval_dataset=Examples(held_out) if held_out else None,
        data_collator=Padded(chat.pad_id()),
        callbacks=[Telling(folder)] + ([EarlyStoppingCallback(settings.patience)] if held_out else []),
    )
    trainer.remove_callback(PrinterCallback)
    loss = go_on(trainer, folder)
    return merged(model), Warm(
        steps=trainer.state.global_step,
        examples=len(train),
        skipped=len(traces) - len(wanted),
        too_long=len(wanted) - len(fitting),
        tokens=sum(sum(one.written) for one in train),
        loss=loss,
        held_out_loss=trainer.state.best_metric,
    )


class OwnTokensTrainer(Trainer):
    """For models made from scratch: computes logits only where there is a label. Most of a trajectory is given, and
    the vocabulary is the largest matrix of a small model."""

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """The cross entropy of the labelled tokens: over ``num_items_in_batch`` where given, else their mean."""
        if self.accelerator.num_processes > 1:
            return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        labels = inputs["labels"][:, 1:]
        own = labels != IGNORED
        inner: Any = self.accelerator.unwrap_model(model)
        with self.accelerator.autocast():
            hidden = inner.base_model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"])[0]
            logits = inner.get_output_embeddings()(hidden[:, :-1][own]).float()
        losses = torch.nn.functional.cross_entropy(logits, labels[own], reduction="sum")
        loss = losses / (own.sum() if num_items_in_batch is None else num_items_in_batch)
        return (loss, {"loss": loss, "logits": logits}) if return_outputs else loss


def _split(
    pairs: Sequence[tuple[Trace, Transcript]], settings: SftConfig, seed: int
) -> tuple[list[Transcript], list[Transcript]]:
    """Transcripts to learn from and to hold out: expert traces of whole users. Practice is only learnt from. Seeded."""
    users = sorted({trace.user_id for trace, _ in pairs if trace.reward is not None})
    random.Random(seed).shuffle(users)
    held = set(users[: int(len(users) * settings.held_out)])
    learnt = [(trace, one) for trace, one in pairs if trace.user_id not in held]
    return (
        [one for trace, one in learnt for _ in range(1 if trace.reward is None else settings.repeat)],
        [one for trace, one in pairs if trace.user_id in held],
    )


def _arguments(config: RunConfig, settings: SftConfig, folder: Path, held_out: bool) -> TrainingArguments:
    """Hugging Face's arguments for this warm start."""
    return TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.micro_batch,
        per_device_eval_batch_size=settings.micro_batch,
        gradient_accumulation_steps=accumulation("sft", settings.batch, settings.micro_batch),
        activation_checkpointing=config.model.gradient_checkpointing,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=settings.warmup,
        weight_decay=settings.weight_decay,
        train_sampling_strategy="group_by_length",
        eval_strategy="steps" if held_out else "no",
        eval_steps=settings.evaluate_every,
        save_strategy="steps",
        save_steps=settings.evaluate_every,
        save_total_limit=2,
        load_best_model_at_end=held_out,
        metric_for_best_model="eval_loss" if held_out else None,
        greater_is_better=False,
        logging_steps=max(1, settings.evaluate_every // 10),
        report_to=["tensorboard"],
        include_num_input_tokens_seen="non_padding",
        disable_tqdm=True,
        seed=config.seed,
        data_seed=config.seed,
        bf16=config.mixed_precision,
        **hardware(),
    )
