"""The curves of a run as PNG files: the warm start's loss, the reward with its terms, what tells of collapse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.training.logs import LOG, read_log

WINDOW = 10


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a plot: the name of its figure in the log, and its words."""

    name: str
    says: str


REWARD = (Line("reward", "training, sampled"), Line("eval_reward", "dev, greedy"))
HEALTH = (
    Line("rewards/format/mean", "format rate"),
    Line("rewards/memory/mean", "call rate"),
    Line("entropy", "entropy, nats a token"),
)
LENGTH = (Line("completions/mean_length", "own tokens a trajectory"),)
LOSS = (Line("loss", "training"), Line("eval_loss", "held-out traces"))


def draw_curves(work: Path, folder: Path) -> list[str]:
    """Draws what the logs in ``work`` hold into ``folder``; returns the files' names."""
    warm, learnt = read_log(work / "sft" / LOG), read_log(work / "grpo" / LOG)
    plots = (
        ("sft_loss.png", "Warm start: loss on the policy's own tokens", warm, LOSS),
        ("grpo_reward.png", "GRPO: reward", learnt, REWARD),
        ("grpo_health.png", "GRPO: format, calls, entropy", learnt, HEALTH),
        ("grpo_length.png", "GRPO: length", learnt, LENGTH),
    )
    return [name for name, title, log, lines in plots if _draw(folder / name, title, log, lines)]


def _draw(file: Path, title: str, log: Sequence[dict[str, Any]], lines: Sequence[Line]) -> bool:
    """One plot, unless the log has nothing for it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    series = [
        (line, [(one["step"], one[line.name]) for one in log if one.get(line.name) is not None]) for line in lines
    ]
    if not any(points for _, points in series):
        return False
    figure = Figure(figsize=(7, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for line, points in series:
        if not points:
            continue
        steps, values = zip(*points, strict=True)
        (drawn,) = axes.plot(steps, values, alpha=0.35 if len(points) > 2 * WINDOW else 1.0, linewidth=1.2)
        if len(points) > 2 * WINDOW:
            axes.plot(steps, _smooth(values), color=drawn.get_color(), linewidth=1.8)
        drawn.set_label(line.says)
    axes.set(title=title, xlabel="step")
    axes.grid(alpha=0.25)
    axes.legend(frameon=False)
    figure.savefig(file, dpi=130)
    return True


def _smooth(values: Sequence[float]) -> list[float]:
    """The mean of the last ``WINDOW`` values at each place."""
    return [
        sum(recent) / len(recent)
        for place in range(len(values))
        if (recent := values[max(0, place + 1 - WINDOW) : place + 1])
    ]
