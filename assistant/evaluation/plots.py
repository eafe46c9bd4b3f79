"""The report's plots, as SVG texts with the same bytes for the same figures."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assistant.evaluation.tables import LABELS, PRODUCT, names_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, SOFT, ACCENT, PALE = "#2f2a26", "#8d857c", "#c2573a", "#d9d2c8"
MOST_CATEGORIES = 20
_STYLE: Any = {
    "svg.hashsalt": "mrrec",
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
}

Report = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawing and what it shows, in words."""

    name: str
    caption: str
    svg: str


def plots(report: Report) -> Iterator[Plot]:
    """Every plot that the report's figures allow."""
    settings, ablations = report["settings"], names_of(report, ["ablation"])
    yield _draw("quality", "Quality by setting, with 95% intervals.", _quality, report, (9, 0.34), len(settings))
    yield _draw("tokens", "Memory tokens in the prompt against Recall@100.", _tokens, report, (7, 0.5), 8)
    if PRODUCT in settings:
        rows = min(MOST_CATEGORIES, len(settings[PRODUCT].get("by_category", {})))
        if rows > 1:
            caption = f"nDCG@10 by category: {PRODUCT} (filled) and none (open), the largest categories first."
            yield _draw("categories", caption, _categories, report, (9, 0.3), rows)
        if ablations:
            caption = f"Ablations: nDCG@10 minus that of {PRODUCT}, with 95% intervals."
            yield _draw("ablations", caption, _ablations, report, (7, 0.34), len(ablations))
    if report["training"]:
        yield _draw("reward", "Mean reward by training step.", _reward, report, (7, 0.5), 7)


def _draw(
    name: str,
    caption: str,
    paint: Callable[[Figure, Report], None],
    report: Report,
    size: tuple[float, float],
    rows: int,
) -> Plot:
    """``size``: the width, and the height of each of the ``rows``, in inches."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    width, height = size
    with rc_context(_STYLE):
        figure = Figure(figsize=(width, 1.1 + height * rows), layout="constrained")
        paint(figure, report)
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    svg = stream.getvalue()
    return Plot(name, caption, svg[svg.index("<svg") :])


def _quality(figure: Figure, report: Report) -> None:
    names = list(report["settings"])
    panels: Sequence[Axes] = figure.subplots(1, 2, sharey=True)
    for axes, metric in zip(panels, ("ndcg@10", "recall@100"), strict=True):
        for place, name in enumerate(names):
            each = report["settings"][name]
            colour = ACCENT if name == PRODUCT else INK if each["kind"] == "memory" else SOFT
            _whisker(axes, place, each["overall"][metric], colour)
        axes.set_xlabel(LABELS[metric])
        axes.grid(axis="x", color=PALE, linewidth=0.6)
    panels[0].set_yticks(range(len(names)), names)
    panels[0].invert_yaxis()


def _categories(figure: Figure, report: Report) -> None:
    axes = figure.subplots()
    ours = report["settings"][PRODUCT]["by_category"]
    theirs = report["settings"].get("none", {}).get("by_category", {})
    names = sorted(ours, key=lambda name: (-ours[name]["requests"], name))[:MOST_CATEGORIES]
    for place, name in enumerate(names):
        value = ours[name]["ndcg@10"]["value"]
        if name in theirs:
            other = theirs[name]["ndcg@10"]["value"]
            axes.plot([other, value], [place, place], color=PALE, linewidth=2, zorder=1)
            axes.plot(other, place, "o", markerfacecolor="white", markeredgecolor=INK, zorder=2)
        axes.plot(value, place, "o", color=ACCENT, zorder=3)
    axes.set_yticks(range(len(names)), [f"{name} ({ours[name]['requests']})" for name in names])
    axes.invert_yaxis()
    axes.set_xlabel(LABELS["ndcg@10"])
    axes.grid(axis="x", color=PALE, linewidth=0.6)


def _tokens(figure: Figure, report: Report) -> None:
    axes = figure.subplots()
    for name in names_of(report, ["memory"]):
        each = report["settings"][name]
        found = each["overall"]["recall@100"]
        tokens = each["overall"]["memory_tokens"]["value"]
        colour = ACCENT if name == PRODUCT else INK
        bounds = [[found["value"] - found["low"]], [found["high"] - found["value"]]]
        axes.errorbar(tokens, found["value"], yerr=bounds, fmt="o", color=colour, capsize=2, linewidth=1)
        axes.annotate(name, (tokens, found["value"]), xytext=(6, 4), textcoords="offset points", color=colour, size=9)
    axes.set_xlabel("memory tokens a request")
    axes.set_ylabel(LABELS["recall@100"])
    axes.grid(color=PALE, linewidth=0.6)
    axes.margins(x=0.12)


def _ablations(figure: Figure, report: Report) -> None:
    axes = figure.subplots()
    names = names_of(report, ["ablation"])
    for place, name in enumerate(names):
        found = report["comparisons"][name][PRODUCT]["ndcg@10"]
        _whisker(axes, place, {"value": found["difference"], "low": found["low"], "high": found["high"]}, INK)
    axes.axvline(0, color=ACCENT, linewidth=1)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel(f"nDCG@10 minus {PRODUCT}'s")
    axes.grid(axis="x", color=PALE, linewidth=0.6)


def _reward(figure: Figure, report: Report) -> None:
    axes, points = figure.subplots(), report["training"]
    axes.plot([point["step"] for point in points], [point["reward"] for point in points], color=ACCENT)
    axes.set_xlabel("training step")
    axes.set_ylabel("mean reward")
    axes.grid(color=PALE, linewidth=0.6)


def _whisker(axes: Axes, place: int, found: Mapping[str, float], colour: str) -> None:
    axes.plot([found["low"], found["high"]], [place, place], color=colour, linewidth=1.4)
    axes.plot(found["value"], place, "o", color=colour, markersize=5)
