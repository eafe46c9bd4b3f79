"""What a training tells: a line a log in the terminal with the time left, and every figure in ``log.jsonl``."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

LOG = "log.jsonl"
_SHOWN = {
    "loss": "loss",
    "eval_loss": "held-out loss",
    "reward": "reward",
    "eval_reward": "dev reward",
    "rewards/format/mean": "format",
    "rewards/memory/mean": "calls",
    "entropy": "entropy",
    "step_time": "seconds",
}


class Telling(TrainerCallback):
    """Writes each log to ``folder``/log.jsonl (a step logged again by a resumed run is logged anew) and tells it."""

    def __init__(self, folder: Path, console: Console | None = None) -> None:
        self._file = folder / LOG
        self._console = console or Console()
        self._started = 0.0
        self._from = 0

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Takes out of the log what a killed run wrote after its last checkpoint."""
        self._started, self._from = time.perf_counter(), state.global_step
        if state.is_world_process_zero:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            kept = [entry for entry in read_log(self._file) if entry["step"] <= state.global_step and state.global_step]
            draft = self._file.with_name(f".{LOG}.new")
            draft.write_text("".join(json.dumps(entry) + "\n" for entry in kept), encoding="utf-8")
            draft.replace(self._file)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        """One entry more."""
        if not state.is_world_process_zero or not logs:
            return
        with self._file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps({"step": state.global_step, **logs}) + "\n")
        shown = [f"{says} {logs[name]:.4g}" for name, says in _SHOWN.items() if isinstance(logs.get(name), int | float)]
        if shown:
            told = f"step {state.global_step}/{state.max_steps}  {'  '.join(shown)}  {self._left(state)}"
            self._console.print(told, highlight=False, soft_wrap=True)

    def _left(self, state: TrainerState) -> str:
        done = state.global_step - self._from
        if not done:
            return ""
        seconds = (time.perf_counter() - self._started) / done * (state.max_steps - state.global_step)
        return f"{seconds // 60:.0f} min left" if seconds >= 60 else f"{seconds:.0f} s left"


def read_log(file: Path) -> list[dict[str, Any]]:
    """The entries of a log; a last line that a kill cut off is left out."""
    if not file.exists():
        return []
    entries = []
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            entries.append(json.loads(line))
        except ValueError:
            break
    return entries
