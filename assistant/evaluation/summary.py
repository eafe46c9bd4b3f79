"""Rows to figures: ``settings -> NAME -> overall | by_style | by_category | by_memory`` and ``comparisons``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from assistant.evaluation.metrics import QUALITY, quality
from assistant.evaluation.rows import Conduct, Row
from assistant.evaluation.statistics import Sample, Sums

EFFICIENCY = "recall@100_per_100_tokens"
Figures = dict[str, dict[str, float]]

CONDUCT: dict[str, Callable[[Conduct], float | None]] = {
    "format": lambda conduct: conduct.in_format,
    "memory_called": lambda conduct: conduct.tool_calls > 0,
    "tool_calls": lambda conduct: conduct.tool_calls,
    "memory_tokens": lambda conduct: conduct.memory_tokens,
    "prompt_tokens": lambda conduct: conduct.prompt_tokens,
    "written_tokens": lambda conduct: conduct.written_tokens,
    "memories_recalled": lambda conduct: len(conduct.memory_ids),
    "memories_used": lambda conduct: len(conduct.useful_memory_ids),
    "mpc_local": lambda conduct: conduct.profile_uses_local,
    "mpc_global": lambda conduct: conduct.profile_uses_global,
    "mrc_local": lambda conduct: conduct.target_uses_local,
    "mrc_global": lambda conduct: conduct.target_uses_global,
}
"""What is measured of the policy's conduct; counted over the requests for which there is a trajectory."""

METRICS = (*QUALITY, "answered", "served_ndcg@10", *CONDUCT, EFFICIENCY)


def summarise(rows: Sequence[Row], names: Sequence[str], seed: int, styled: Collection[str]) -> dict[str, Any]:
    """The stable core of ``report.json``: ``settings`` and ``comparisons`` (also ``comparisons_by_style``).

    ``rows`` hold for each setting of ``names`` the same requests in the same order. ``styled``: the settings that are
    compared by style too.
    """
    by_setting = {name: [row for row in rows if row.setting == name] for name in names}
    groups = _groups(by_setting[names[0]])
    measured = {place: _Group(by_setting, chosen, seed) for place, chosen in groups.items()}
    settings: dict[str, dict[str, Any]] = {name: {} for name in names}
    for (kind, value), group in measured.items():
        for name in names:
            if kind == "overall":
                settings[name] |= {"requests": len(by_setting[name]), "overall": group.figures(name)}
            else:
                settings[name].setdefault(kind, {})[value] = {"requests": group.requests, **group.figures(name)}
    styles = {value: group.comparisons(styled) for (kind, value), group in measured.items() if kind == "by_style"}
    return {
        "settings": settings,
        "comparisons": measured["overall", ""].comparisons(names),
        "comparisons_by_style": styles,
    }


def figures_of(row: Row) -> dict[str, float | None]:
    """Every metric of one row that is a mean over requests."""
    ranks = row.ranks if row.answered else ()
    figures: dict[str, float | None] = dict(quality(ranks, len(row.target_item_ids)))
    figures["answered"] = float(row.answered)
    figures["served_ndcg@10"] = quality(row.ranks, len(row.target_item_ids))["ndcg@10"]
    conduct = row.conduct
    figures |= {name: None if conduct is None else read(conduct) for name, read in CONDUCT.items()}
    if conduct is None and not row.answered:
        figures["format"] = 0.0
    return figures


class _Group:
    """One group of requests under every setting."""

    def __init__(self, by_setting: Mapping[str, Sequence[Row]], chosen: Sequence[int], seed: int) -> None:
        first = next(iter(by_setting.values()))
        self.requests = len(chosen)
        self._sample = Sample([first[number].cluster for number in chosen], seed)
        self._sums = {name: self._add_up([rows[number] for number in chosen]) for name, rows in by_setting.items()}

    def _add_up(self, rows: Sequence[Row]) -> dict[str, Sums]:
        each = [figures_of(row) for row in rows]
        return {metric: self._sample.sums([figures[metric] for figures in each]) for metric in each[0]}

    def figures(self, name: str) -> Figures:
        """The metrics that are defined for a setting."""
        sums = self._sums[name]
        found = {metric: self._sample.mean(added) for metric, added in sums.items()}
        hundreds = sums["memory_tokens"].values / 100
        found[EFFICIENCY] = self._sample.ratio(sums["recall@100"].values, hundreds)
        return {metric: asdict(interval) for metric, interval in found.items() if interval is not None}

    def comparisons(self, names: Collection[str]) -> dict[str, dict[str, Figures]]:
        """Each of these settings minus each other one, by quality metric."""
        return {
            one: {
                other: {
                    metric: asdict(self._sample.difference(self._sums[one][metric], self._sums[other][metric]))
                    for metric in QUALITY
                }
                for other in names
                if other != one
            }
            for one in names
        }


def _groups(rows: Sequence[Row]) -> dict[tuple[str, str], list[int]]:
    """The numbers of the rows of each group: all, each style, each category, and whether memory helps."""
    groups: dict[tuple[str, str], list[int]] = {("overall", ""): list(range(len(rows)))}
    kinds: dict[str, Callable[[Row], str | None]] = {
        "by_style": lambda row: row.style,
        "by_category": lambda row: row.category,
        "by_memory": lambda row: row.memory,
    }
    for kind, read in kinds.items():
        for value in sorted({read(row) or "" for row in rows} - {""}):
            groups[kind, value] = [number for number, row in enumerate(rows) if read(row) == value]
    return groups
