"""The requests of an experiment: read strictly, since a request that is dropped or doubled changes every figure."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from assistant.datasets.folder import DatasetFolder
from assistant.datasets.rows import SPLITS, RequestRow
from assistant.evaluation.errors import EvaluationError


def load_requests(
    folder: DatasetFolder, *, split: str, limit: int | None = None, seed: int = 0, file: str = "requests"
) -> list[RequestRow]:
    """The requests of a split, in the order of the file; with ``limit`` a seeded sample of whole users' requests.

    Raises EvaluationError where the file is absent, any of its rows is refused or doubled, or the split is empty.
    """
    if split not in SPLITS:
        raise EvaluationError(f"--split {split}: choose from {', '.join(SPLITS)}")
    if not folder.has(file):
        raise EvaluationError(f"{folder.path} has no {file}.jsonl[.gz]: there is nothing to evaluate on.")
    rows = list(folder.requests(file))
    refused = [p for p in folder.report.problems if p.file == folder.file_name(file) and p.outcome == "row skipped"]
    if refused:
        told = "; ".join(f"{p.reason} ({p.count}, first in line {p.lines[0]})" for p in refused)
        raise EvaluationError(
            f"{folder.path / folder.file_name(file)}: requests would be dropped: {told}. Correct them first: "
            "figures over other requests are not comparable."
        )
    chosen = [row for row in rows if row.split == split]
    if not chosen:
        found = ", ".join(f"{count} {name}" for name, count in sorted(Counter(row.split for row in rows).items()))
        raise EvaluationError(f"{folder.path} has no requests of split {split} (it has {found}).")
    check_distinct(chosen)
    return chosen if limit is None else _sample(chosen, limit, seed)


def check_distinct(requests: Sequence[RequestRow]) -> None:
    """Raises EvaluationError where two requests have one id."""
    doubled = [request_id for request_id, count in Counter(row.request_id for row in requests).items() if count > 1]
    if doubled:
        raise EvaluationError(f"two requests have one id: {', '.join(doubled[:5])}")


def _sample(rows: Sequence[RequestRow], limit: int, seed: int) -> list[RequestRow]:
    """At most ``limit`` requests, of as few users as that takes (intervals are over users), in their order."""
    asked: dict[str, list[RequestRow]] = {}
    for row in rows:
        asked.setdefault(row.user_id or row.request_id, []).append(row)
    users = sorted(asked)
    random.Random(seed).shuffle(users)
    taken: set[str] = set()
    for user in users:
        if len(taken) + len(asked[user]) <= limit:
            taken.update(row.request_id for row in asked[user])
    return [row for row in rows if row.request_id in taken]
