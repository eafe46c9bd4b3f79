"""The report as Markdown."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from assistant.evaluation.tables import Table, tables
from assistant.evaluation.wording import introduction, timing_table


def write_markdown(report: Mapping[str, Any], timings: Mapping[str, Any]) -> str:
    """The whole report, tables only; what depends on the clock stands last."""
    title, paragraphs = introduction(report)
    parts = [f"# {_escaped(title)}", *map(_escaped, paragraphs), *map(_table, tables(report))]
    return "\n\n".join([*parts, _table(timing_table(timings))]) + "\n"


def _table(table: Table) -> str:
    lines = [_line(table.header), _line(["---"] * len(table.header)), *map(_line, map(_cells, table.rows))]
    return "\n".join([f"## {_escaped(table.title)}", "", _escaped(table.note), "", *lines])


def _cells(row: Sequence[str]) -> list[str]:
    return [_escaped(cell) for cell in row]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    """Text as Markdown shows it: names of categories and settings are data."""
    return re.sub(r"([\\|*_`<>#])", r"\\\1", " ".join(text.split()))
