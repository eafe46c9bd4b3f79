"""What both kinds of training share: the machine they run on, and the checkpoint that a killed run goes on from."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from transformers import Trainer, TrainerState

from assistant.training.errors import TrainingError

STATE = "trainer_state.json"


def hardware() -> dict[str, Any]:
    """The arguments that say what to train on: a GPU where there is one."""
    import torch

    gpu = torch.cuda.is_available()
    return {"use_cpu": not gpu, "dataloader_pin_memory": gpu}


def tensorboard_in(folder: Path) -> None:
    """Have TensorBoard's files written to ``folder``/tensorboard (the trainer asks the environment for it)."""
    os.environ["TENSORBOARD_LOGGING_DIR"] = str(folder / "tensorboard")


def processes() -> int:
    """How many processes train together (``accelerate launch`` says so)."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def rank() -> int:
    """The number of this process among those that train together."""
    return int(os.environ.get("RANK", "0"))


def is_main_process() -> bool:
    """Whether this process writes for all."""
    return rank() == 0


def wait_for_all() -> None:
    """Returns once every process is here."""
    if processes() > 1:
        from accelerate import PartialState

        PartialState().wait_for_everyone()


def accumulation(part: str, batch: int, micro_batch: int) -> int:
    """How many micro-batches of each process make a batch. Raises TrainingError where they do not divide."""
    together = micro_batch * processes()
    if batch % together:
        raise TrainingError(
            f"{part}: a batch of {batch} cannot be cut into micro-batches of {micro_batch} on {processes()} "
            f"processes: make it a multiple of {together}"
        )
    return batch // together


def last_whole_checkpoint(folder: Path) -> str | None:
    """The newest checkpoint that was written to its end; unfinished ones, which a kill left behind, are removed."""
    found: list[tuple[int, Path]] = []
    for path in folder.glob("checkpoint-*"):
        step = path.name.removeprefix("checkpoint-")
        if step.isdigit() and _is_whole(path):
            found.append((int(step), path))
        else:
            shutil.rmtree(path, ignore_errors=True)
    return str(max(found)[1]) if found else None


def go_on(trainer: Trainer, folder: Path) -> float | None:
    """Trains, from the newest whole checkpoint where there is one; returns the mean loss where steps were done.

    A training that had come to its end gets its best weights back instead: resumed there, transformers would do one
    step more each time.
    """
    checkpoint = last_whole_checkpoint(folder)
    if checkpoint is None or not _is_last(Path(checkpoint)) or processes() > 1 or trainer.is_deepspeed_enabled:
        loss = trainer.train(resume_from_checkpoint=checkpoint).training_loss
        return float(loss) if loss else None
    trainer.state = TrainerState.load_from_json(str(Path(checkpoint) / STATE))
    trainer._load_from_checkpoint(trainer.state.best_model_checkpoint or checkpoint)
    return None


def _is_last(checkpoint: Path) -> bool:
    """Whether the training was over (its steps done, or no progress) when this checkpoint was written."""
    state = json.loads((checkpoint / STATE).read_text(encoding="utf-8"))
    control = state["stateful_callbacks"]["TrainerControl"]
    return bool(control["args"]["should_training_stop"])


def _is_whole(checkpoint: Path) -> bool:
    """The state is written last: where it can be read, everything else stands."""
    try:
        json.loads((checkpoint / STATE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return True
