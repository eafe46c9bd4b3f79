"""``report.json``: everything that was measured and what it follows from; the same run gives the same bytes.

What depends on the clock stands apart, in ``timings.json``.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from assistant.datasets.manifest import write_json
from assistant.evaluation.contributions import DEFINITION
from assistant.evaluation.errors import EvaluationError
from assistant.evaluation.rows import Row
from assistant.evaluation.run import TIMINGS, Arm
from assistant.evaluation.settings import ABLATIONS, Baseline
from assistant.evaluation.statistics import DRAWS, LEVEL, PERMUTATIONS
from assistant.evaluation.summary import summarise

FORMAT = 1
REPORT = "report.json"


def build_report(
    rows: Sequence[Row],
    arms: Sequence[Arm],
    baselines: Sequence[Baseline],
    run: Mapping[str, Any],
    checked: Mapping[str, int],
    training: Sequence[Mapping[str, float]] = (),
    judged: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The report of a finished run. ``training``: reward by step, where logs were given. ``judged``: what
    a judge says of MPC and MRC."""
    names = [baseline.name for baseline in baselines] + [arm.name for arm in arms]
    core = summarise(rows, names, run["seed"], [arm.name for arm in arms if not _is_ablation(arm)])
    for baseline in baselines:
        core["settings"][baseline.name] |= {"kind": "baseline", "says": baseline.says, "policy": None}
    for arm in arms:
        kind = "ablation" if _is_ablation(arm) else "memory"
        core["settings"][arm.name] |= {"kind": kind, "says": arm.setting.says, "policy": arm.policy.name}
    return {
        "format": FORMAT,
        "run": dict(run),
        "statistics": {"level": LEVEL, "bootstrap_draws": DRAWS, "permutations": PERMUTATIONS, "drawn": "users"},
        "checks": {"checked": dict(checked), "leaks": 0},
        "definitions": {"mpc_mrc": DEFINITION},
        **core,
        "problems": _problems(rows),
        "judged": dict(judged or {}),
        "training": [dict(point) for point in training],
    }


def _is_ablation(arm: Arm) -> bool:
    return arm.setting.name in ABLATIONS


def write_report(out: Path, report: Mapping[str, Any]) -> None:
    write_json(out / REPORT, report)


def read_report(folder: Path) -> dict[str, Any]:
    """The report of a run's folder. Raises EvaluationError where there is none that this version reads."""
    file = folder / REPORT
    try:
        report: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EvaluationError(
            f"{file} cannot be read ({error}): is the run finished? Run it again, it goes on."
        ) from error
    if report.get("format") != FORMAT:
        raise EvaluationError(f"{file} has format {report.get('format')}, this version reads {FORMAT}.")
    return report


def setting_timings(out: Path) -> dict[str, dict[str, float]]:
    """Seconds and requests of each setting, and seconds a request, over all that this run spent."""
    spent: defaultdict[str, dict[str, float]] = defaultdict(lambda: {"requests": 0, "seconds": 0.0})
    file = out / TIMINGS
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        timing = json.loads(line)
        spent[timing["setting"]]["requests"] += timing["requests"]
        spent[timing["setting"]]["seconds"] += timing["seconds"]
    return {
        name: {
            **each,
            "seconds": round(each["seconds"], 3),
            "per_request": round(each["seconds"] / each["requests"], 5),
        }
        for name, each in spent.items()
    }


def _problems(rows: Sequence[Row]) -> dict[str, dict[str, int]]:
    """Why requests went unanswered: reasons and how often, by setting."""
    found: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        if not row.answered:
            found[row.setting][row.problem[:200]] += 1
    return {setting: dict(sorted(reasons.items())) for setting, reasons in found.items()}
