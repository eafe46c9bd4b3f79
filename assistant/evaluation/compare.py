"""Two finished runs compared, request by request: what changed between them, and whether it is more than chance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.evaluation.errors import EvaluationError
from assistant.evaluation.metrics import QUALITY
from assistant.evaluation.report import read_report
from assistant.evaluation.rows import Row, read_rows
from assistant.evaluation.statistics import Difference, Sample
from assistant.evaluation.summary import figures_of


@dataclass(frozen=True, slots=True)
class Change:
    """A metric of one setting in two runs: the means, and the second minus the first."""

    setting: str
    metric: str
    before: float
    after: float
    change: Difference


def compare_runs(one: Path, other: Path) -> list[Change]:
    """Every quality metric of every setting that both runs have.

    Raises EvaluationError where a run is unfinished, they were run on other requests, or share no setting.
    """
    reports = read_report(one), read_report(other)
    rows = [
        _by_setting(read_rows(folder), report["settings"]) for folder, report in zip((one, other), reports, strict=True)
    ]
    common = [name for name in rows[0] if name in rows[1]]
    if not common:
        raise EvaluationError(f"{one} and {other} have no setting in common.")
    return [change for name in common for change in _changes(name, rows[0][name], rows[1][name])]


def run_differences(one: Path, other: Path) -> Iterator[str]:
    """What the two runs were made with that is not the same, in words."""
    before, after = read_report(one)["run"], read_report(other)["run"]
    for part in sorted(before.keys() | after.keys()):
        if before.get(part) != after.get(part):
            yield f"{part}: {before.get(part)} / {after.get(part)}"


def _by_setting(rows: Sequence[Row], names: Sequence[str]) -> dict[str, dict[str, Row]]:
    return {name: {row.request_id: row for row in rows if row.setting == name} for name in names}


def _changes(name: str, before: dict[str, Row], after: dict[str, Row]) -> Iterator[Change]:
    if before.keys() != after.keys():
        apart = sorted(before.keys() ^ after.keys())
        raise EvaluationError(
            f"the runs were not asked the same: {len(apart)} requests are in one only ({', '.join(apart[:5])}). "
            "Compare runs of one split, limit and seed."
        )
    ids = sorted(before)
    sample = Sample([before[request_id].cluster for request_id in ids], seed=0)
    figures = [[figures_of(rows[request_id]) for request_id in ids] for rows in (before, after)]
    for metric in QUALITY:
        sums = [sample.sums([each[metric] for each in run]) for run in figures]
        means = [float(added.values.sum() / added.counts.sum()) for added in sums]
        yield Change(name, metric, means[0], means[1], sample.difference(sums[1], sums[0]))
