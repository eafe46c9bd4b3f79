"""Ends a run whose reasoning degenerates: reward is a lagging sign of it (PAPER, "What the kin teach")."""

from __future__ import annotations

from collections import deque
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from assistant.training.config import GrpoConfig

WINDOW = 5


class Collapse(TrainerCallback):
    """Stops when format rate, call rate or entropy stay under their bounds for ``WINDOW`` steps on average.

    ``reason`` then says which.
    """

    def __init__(self, settings: GrpoConfig) -> None:
        self._grace = settings.grace
        self._least = {
            "rewards/format/mean": ("format rate", settings.least_format),
            "rewards/memory/mean": ("call rate", settings.least_calls),
            "entropy": ("entropy", settings.least_entropy),
        }
        self._seen: dict[str, deque[float]] = {name: deque(maxlen=WINDOW) for name in self._least}
        self.reason = ""

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Looks at one more step."""
        for name, (what, least) in self._least.items():
            value = (logs or {}).get(name)
            if value is None:
                continue
            seen = self._seen[name]
            seen.append(float(value))
            mean = sum(seen) / len(seen)
            if state.global_step > self._grace and len(seen) == WINDOW and mean < least and not self.reason:
                self.reason = f"{what} fell to {mean:.3g}, under {least:g}, by step {state.global_step}"
                control.should_training_stop = True
