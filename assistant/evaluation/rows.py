"""One row a request and setting: what was asked, what was recalled, what was written, where the target stands.

Rows are appended as they are made and read back when a run goes on. They hold nothing that depends on the clock.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from assistant.evaluation.errors import EvaluationError

ROWS = "rows.jsonl"


@dataclass(frozen=True, slots=True)
class Conduct:
    """What the policy did. Token counts are the embedder's tokenizer's.

    ``in_format``: every message was readable at once and the policy's own. ``profile_uses`` (MPC) and ``target_uses``
    (MRC): the share of the memories shown that contribute to the profile and to the target, local and global apart,
    None where none was shown (``contributions``). ``names_target``: the profile holds a target's whole title though
    nothing that the policy was shown does.
    """

    scenario_memory_ids: tuple[str, ...]
    aspects: tuple[str, ...]
    memory_ids: tuple[str, ...]
    useful_memory_ids: tuple[str, ...]
    profile: str
    in_format: bool
    repairs: int
    fallbacks: tuple[str, ...]
    tool_calls: int
    memory_tokens: int
    prompt_tokens: int
    written_tokens: int
    profile_uses_local: float | None
    profile_uses_global: float | None
    target_uses_local: float | None
    target_uses_global: float | None
    names_target: bool


@dataclass(frozen=True, slots=True)
class Row:
    """The result of one request under one setting. ``ranks`` are those of the targets that were ranked, ascending.

    ``answered`` is False where the policy gave no readable answer of its own: the request then counts 0 for it,
    whatever the rules answered the person in its place (``ranks`` are of what the person would have seen).
    """

    setting: str
    request_id: str
    user_id: str | None
    request: str
    style: str
    category: str
    memory: str | None
    target_item_ids: tuple[str, ...]
    answered: bool
    problem: str
    ranks: tuple[int, ...]
    ranked: int
    top: tuple[str, ...]
    conduct: Conduct | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.setting, self.request_id

    @property
    def cluster(self) -> str:
        """Whom the request is of: what the resampling draws. An anonymous request stands for itself."""
        return self.user_id if self.user_id is not None else f"request {self.request_id}"


def write_line(row: Row) -> str:
    return json.dumps(asdict(row), ensure_ascii=False, separators=(",", ":"))


def read_line(line: str) -> Row:
    """The inverse of ``write_line``. Raises ValueError, KeyError or TypeError for anything else."""
    values = json.loads(line)
    conduct = values.pop("conduct")
    known = {field.name for field in fields(Row)}
    if unknown := set(values) - known:
        raise ValueError(f"unknown fields {sorted(unknown)}")
    return Row(**_tuples(values), conduct=None if conduct is None else Conduct(**_tuples(conduct)))


def append_rows(folder: Path, rows: Iterable[Row]) -> None:
    """Adds rows at the end of the folder's file."""
    with (folder / ROWS).open("a", encoding="utf-8") as stream:
        stream.writelines(f"{write_line(row)}\n" for row in rows)


def replace_rows(folder: Path, rows: Sequence[Row]) -> None:
    """Makes these the folder's rows, whole or not at all."""
    draft = folder / f".{ROWS}.new"
    draft.write_text("".join(f"{write_line(row)}\n" for row in rows), encoding="utf-8")
    draft.replace(folder / ROWS)


def read_rows(folder: Path) -> list[Row]:
    """The folder's rows in the order of the file; a last line that was cut off by an interruption is left out.

    Raises EvaluationError for any other line that is no row, and for a request that a setting has twice.
    """
    file = folder / ROWS
    if not file.exists():
        return []
    lines = file.read_text(encoding="utf-8").split("\n")
    rows: dict[tuple[str, str], Row] = {}
    for number, line in enumerate(lines[:-1], 1):
        try:
            row = read_line(line)
        except (ValueError, KeyError, TypeError) as error:
            raise EvaluationError(f"{file}, line {number}: not a row of results ({error}). Delete the run.") from error
        if row.key in rows:
            raise EvaluationError(f"{file}, line {number}: {row.setting} has request {row.request_id!r} twice.")
        rows[row.key] = row
    if lines[-1]:
        replace_rows(folder, list(rows.values()))
    return list(rows.values())


def _tuples(values: dict[str, object]) -> dict:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
