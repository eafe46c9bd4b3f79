"""What a reader skipped or mended, by file and reason, with the first line numbers: nothing goes silently."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from rich.table import Table

Outcome = Literal["row skipped", "value dropped", "text cut", "noted"]
FIRST_LINES = 5


@dataclass(slots=True)
class Problem:
    """One kind of problem in one file: how often, and the first line numbers (from 1)."""

    file: str
    reason: str
    outcome: Outcome
    count: int = 0
    lines: list[int] = field(default_factory=list)


class Report:
    """Counts of rows read and problems met, a file at a time. Reading a file again starts its counts anew."""

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        self._problems: dict[tuple[str, str], Problem] = {}

    def start(self, file: str) -> None:
        """Forget what was counted for ``file``: it is read from the start."""
        self.rows[file] = 0
        self._problems = {key: problem for key, problem in self._problems.items() if problem.file != file}

    def read(self, file: str) -> None:
        """Count one row of ``file``, good or bad."""
        self.rows[file] += 1

    def add(self, file: str, line: int, reason: str, outcome: Outcome = "row skipped", *, count: int = 1) -> None:
        """Count a problem of ``file`` at ``line`` (0 where it has none)."""
        problem = self._problems.setdefault((file, reason), Problem(file, reason, outcome))
        problem.count += count
        if line and len(problem.lines) < FIRST_LINES:
            problem.lines.append(line)

    def note_once(self, file: str, line: int, reason: str) -> None:
        """Note something that is worth saying once, however often it occurs."""
        if (file, reason) not in self._problems:
            self.add(file, line, reason, "noted")

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every problem, most frequent first within its file."""
        return tuple(sorted(self._problems.values(), key=lambda p: (p.file, -p.count, p.reason)))

    def skipped(self, file: str | None = None) -> int:
        """Rows skipped, in ``file`` or in all."""
        return sum(p.count for p in self.problems if p.outcome == "row skipped" and file in (None, p.file))

    def to_dict(self) -> dict[str, object]:
        """The report as plain values, for ``import_report.json``."""
        problems = [
            {"file": p.file, "reason": p.reason, "outcome": p.outcome, "count": p.count, "first_lines": p.lines}
            for p in self.problems
        ]
        return {"rows": dict(sorted(self.rows.items())), "problems": problems}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Report:
        """The report that ``to_dict`` gave."""
        report = cls()
        report.rows.update(values["rows"])
        for p in values["problems"]:
            key = p["file"], p["reason"]
            report._problems[key] = Problem(*key, p["outcome"], p["count"], list(p["first_lines"]))
        return report

    def take(self, other: Report) -> None:
        """Take over what ``other`` counted, in place of what was counted here for the same files."""
        for file, rows in other.rows.items():
            self.start(file)
            self.rows[file] = rows
        self._problems.update({(p.file, p.reason): p for p in other.problems})

    def table(self) -> Table:
        """The problems as a table for the terminal."""
        from rich.table import Table
        from rich.text import Text

        table = Table(title="What was not taken as it stands", title_justify="left")
        for name in ("file", "reason", "done", "count", "first lines"):
            table.add_column(name, justify="right" if name == "count" else "left")
        for p in self.problems:
            lines = ", ".join(map(str, p.lines)) + (", …" if p.count > len(p.lines) > 0 else "")
            table.add_row(p.file, Text(p.reason), p.outcome, f"{p.count:,}", lines)
        return table
