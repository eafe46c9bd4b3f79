"""Reward by step out of a training's log, for the report."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assistant.evaluation.errors import EvaluationError


def read_training_log(path: Path) -> list[dict[str, float]]:
    """``step`` and ``reward`` of each point, in order of step; the last one counts where a step is logged twice.

    ``path`` is a JSON lines file of objects with these fields (others are left alone), a ``trainer_state.json``, or a
    folder that holds either. Raises EvaluationError where there is none, or no reward in it.
    """
    file = _find(path)
    try:
        text = file.read_text(encoding="utf-8")
        logged: list[Any] = json.loads(text)["log_history"] if file.suffix == ".json" else [*_lines(text)]
        points = {int(entry["step"]): float(entry["reward"]) for entry in logged if _is_point(entry)}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EvaluationError(f"--training {file} is no training log ({error!r}).") from error
    if not points:
        raise EvaluationError(f'--training {file} has no line with "step" and "reward".')
    return [{"step": step, "reward": points[step]} for step in sorted(points)]


def _find(path: Path) -> Path:
    if path.is_file():
        return path
    found = sorted([*path.glob("*.jsonl"), *path.rglob("trainer_state.json")])
    if not found:
        raise EvaluationError(f"--training {path}: neither a log nor a folder with a .jsonl or trainer_state.json.")
    return found[-1]


def _lines(text: str) -> Iterator[object]:
    return (json.loads(line) for line in text.splitlines() if line.strip())


def _is_point(entry: object) -> bool:
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("step"), int | float)
        and isinstance(entry.get("reward"), int | float)
        and math.isfinite(entry["reward"])
    )
