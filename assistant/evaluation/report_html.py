"""The report as one HTML file that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from assistant.evaluation.plots import Plot, plots
from assistant.evaluation.tables import PRODUCT, Table, tables
from assistant.evaluation.wording import introduction, timing_table

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; color: #2f2a26; background: #fbf8f3; }}
body {{ margin: 0 auto; padding: 2rem 1.2rem 4rem; max-width: 80rem; }}
h1 {{ font-size: 1.7rem; margin-bottom: .4rem; }}
h2 {{ font-size: 1.15rem; margin: 2.4rem 0 .2rem; }}
p {{ max-width: 56rem; margin: .3rem 0 .8rem; color: #5c554d; }}
.wide {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .86rem; }}
th, td {{ padding: .3rem .8rem .3rem 0; text-align: left; vertical-align: top; white-space: nowrap; }}
th, td {{ border-bottom: 1px solid #e4ddd2; }}
th {{ font-weight: 600; }}
tr.ours td {{ color: #a8432a; font-weight: 600; }}
figure {{ margin: 2rem 0; }}
figure svg {{ max-width: 100%; height: auto; }}
figcaption {{ color: #5c554d; }}
</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""
_AFTER = {
    "Quality by setting": "quality",
    "By category": "categories",
    "What the policy did, and what memory cost": "tokens",
    "Ablations": "ablations",
}
"""Which plot stands after which table; what is drawn besides comes after all."""


def write_html(report: Mapping[str, Any], timings: Mapping[str, Any]) -> str:
    """The whole report with its plots inside; what depends on the clock stands last."""
    title, paragraphs = introduction(report)
    drawn = {plot.name: plot for plot in plots(report)}
    parts = [f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs]
    for table in tables(report):
        parts.append(_table(table))
        if plot := drawn.pop(_AFTER.get(table.title, ""), None):
            parts.append(_figure(plot))
    parts += map(_figure, drawn.values())
    parts.append(_table(timing_table(timings)))
    return _PAGE.format(title=escape(title), body="\n".join(parts))


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in table.header)
    rows = "\n".join(_row(row) for row in table.rows)
    return (
        f"<h2>{escape(table.title)}</h2>\n<p>{escape(table.note)}</p>\n"
        f'<div class="wide"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table></div>'
    )


def _row(row: Sequence[str]) -> str:
    cells = "".join(f"<td>{escape(cell)}</td>" for cell in row)
    return f'<tr class="ours">{cells}</tr>' if row[0] == PRODUCT else f"<tr>{cells}</tr>"


def _figure(plot: Plot) -> str:
    caption = escape(plot.caption)
    return f'<figure role="img" aria-label="{caption}">{plot.svg}<figcaption>{caption}</figcaption></figure>'
