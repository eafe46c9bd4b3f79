"""The report's tables, as values: Markdown, HTML and the terminal draw the same ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.evaluation import paper
from assistant.evaluation.summary import EFFICIENCY

Report = Mapping[str, Any]

PRODUCT = "mrrec"
MAIN = ("ndcg@10", "recall@10", "ndcg@100", "recall@100", "mrr")
GROUPS = (("by_style", "By style of request"), ("by_memory", "Where memory helps, and where it must be left alone"))
LABELS = {
    "recall@10": "Recall@10", "recall@100": "Recall@100", "recall@1000": "Recall@1000",
    "ndcg@10": "nDCG@10", "ndcg@100": "nDCG@100", "ndcg@1000": "nDCG@1000", "mrr": "MRR",
    "answered": "answered", "served_ndcg@10": "nDCG@10 as served", "format": "in format",
    "memory_called": "memory called", "tool_calls": "tool calls", "memory_tokens": "memory tokens",
    "prompt_tokens": "prompt tokens", "written_tokens": "tokens written", "memories_recalled": "memories recalled",
    "memories_used": "memories used",
    "mpc_local": "MPC local", "mpc_global": "MPC global", "mrc_local": "MRC local", "mrc_global": "MRC global",
    EFFICIENCY: "Recall@100 per 100 tokens",
}  # fmt: skip
CONDUCT = (
    "answered", "format", "memory_called", "tool_calls", "memory_tokens", EFFICIENCY, "prompt_tokens", "written_tokens",
    "memories_recalled", "memories_used", "mpc_local", "mpc_global", "mrc_local", "mrc_global",
)  # fmt: skip
SHARES = frozenset({"answered", "format", "memory_called"})


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a title, a sentence under it, and texts; the first column names the row."""

    title: str
    note: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables(report: Report) -> Iterator[Table]:
    """Every table that the report's figures allow, in the order of reading."""
    yield quality_table(report)
    yield from _against(report)
    for kind, title in GROUPS:
        if groups := _groups_of(report, kind):
            yield _group_table(report, kind, title, groups)
    if categories := _groups_of(report, "by_category"):
        yield _category_table(report, categories)
    if losses := list(_losses(report)):
        yield Table(
            f"Where {PRODUCT} loses",
            "Every group of requests in which it stands below a setting without its memory (nDCG@10; small groups are "
            "noisy).",
            ("group", "requests", PRODUCT, "below", "its nDCG@10", "difference"),
            tuple(losses),
        )
    yield _conduct_table(report)
    if report["judged"]:
        yield _judged_table(report)
    if any(each["kind"] == "ablation" for each in report["settings"].values()):
        yield _ablation_table(report)
    yield _paper_table(report)
    yield _paper_tokens_table(report)


def quality_table(report: Report) -> Table:
    """The settings' quality over all requests."""
    rows = [
        (name, each["says"], *(interval(each["overall"][metric]) for metric in MAIN))
        for name, each in report["settings"].items()
    ]
    first = next(iter(report["settings"].values()))
    return Table(
        "Quality by setting",
        f"Means over {first['requests']:,} requests with 95% intervals (bootstrap over users). An unanswered request "
        "counts 0.",
        ("setting", "what it is", *(LABELS[metric] for metric in MAIN)),
        tuple(rows),
    )


def _against(report: Report) -> Iterator[Table]:
    """mrrec minus the others: over all requests, and by style."""
    scopes = [("all requests", report["comparisons"])]
    scopes += [(f"style {style}", found) for style, found in report["comparisons_by_style"].items()]
    rows = [
        (f"{PRODUCT} − {other}", scope, *(difference(against[metric]) for metric in ("ndcg@10", "recall@100", "mrr")))
        for scope, found in scopes
        for other, against in found.get(PRODUCT, {}).items()
        if report["settings"][other]["kind"] == "memory"
    ]
    if rows:
        yield Table(
            f"{PRODUCT} against the other memory settings",
            "Paired differences with 95% intervals; p by a paired permutation test over users.",
            ("difference", "over", "nDCG@10", "Recall@100", "MRR"),
            tuple(rows),
        )


def _group_table(report: Report, kind: str, title: str, groups: Mapping[str, int]) -> Table:
    header = [f"{value} ({count:,}): {LABELS[m]}" for value, count in groups.items() for m in ("ndcg@10", "recall@100")]
    rows = [
        (name, *(interval(each[kind][value][m]) for value in groups for m in ("ndcg@10", "recall@100")))
        for name, each in report["settings"].items()
    ]
    return Table(title, "Means with 95% intervals.", ("setting", *header), tuple(rows))


def _category_table(report: Report, categories: Mapping[str, int]) -> Table:
    names = [name for name, each in report["settings"].items() if each["kind"] == "memory"]
    rows = [
        (value, f"{count:,}", *(interval(report["settings"][name]["by_category"][value]["ndcg@10"]) for name in names))
        for value, count in sorted(categories.items(), key=lambda pair: (-pair[1], pair[0]))
    ]
    return Table("By category", "nDCG@10 with 95% intervals.", ("category", "requests", *names), tuple(rows))


def _losses(report: Report) -> Iterator[tuple[str, ...]]:
    """Groups of requests in which mrrec stands below a setting without its memory."""
    settings = report["settings"]
    if PRODUCT not in settings:
        return
    others = [name for name, each in settings.items() if each["kind"] == "memory" and not name.startswith(PRODUCT)]
    found = []
    for kind in ("by_style", "by_memory", "by_category"):
        for value, count in _groups_of(report, kind).items():
            ours = settings[PRODUCT][kind][value]["ndcg@10"]["value"]
            for name in others:
                theirs = settings[name][kind][value]["ndcg@10"]["value"]
                if theirs > ours:
                    told = (value, f"{count:,}", number(ours), name, number(theirs), f"{ours - theirs:+.3f}")
                    found.append((ours - theirs, told))
    yield from (told for _, told in sorted(found))


def _conduct_table(report: Report) -> Table:
    arms = {name: each["overall"] for name, each in report["settings"].items() if each["kind"] != "baseline"}
    rows = [
        (LABELS[metric], *(_conduct(metric, figures.get(metric)) for figures in arms.values())) for metric in CONDUCT
    ]
    return Table(
        "What the policy did, and what memory cost",
        f"Means a request. {report['definitions']['mpc_mrc']}",
        ("", *arms),
        tuple(row for row in rows if set(row[1:]) != {"–"}),
    )


def _judged_table(report: Report) -> Table:
    metrics = ("mpc_local", "mpc_global", "mrc_local", "mrc_global")
    rows = [(name, *(_judged(found.get(metric)) for metric in metrics)) for name, found in report["judged"].items()]
    return Table(
        "Contribution of the memory, judged",
        "The share of the memories shown that a language model says contribute (prompts/judge.md), and how many "
        "memory sets it judged; those whose answer could not be read are left out and counted.",
        ("setting", *(LABELS[metric] for metric in metrics)),
        tuple(rows),
    )


def _judged(found: Mapping[str, Any] | None) -> str:
    if found is None or found["value"] is None:
        return "–"
    unread = f", {found['unread']} unread" if found["unread"] else ""
    return f"{number(found['value'])} ({found['judged']}{unread})"


def _ablation_table(report: Report) -> Table:
    against = report["comparisons"]
    rows = []
    for name, each in report["settings"].items():
        if each["kind"] == "ablation" or name == PRODUCT:
            figures = (number(each["overall"][metric]["value"]) for metric in ("ndcg@10", "recall@100"))
            apart = difference(against[name][PRODUCT]["ndcg@10"]) if PRODUCT in against[name] else "–"
            rows.append((name, each["says"], *figures, apart))
    header = ("setting", "what it is", "nDCG@10", "Recall@100", f"nDCG@10 minus {PRODUCT}'s")
    return Table("Ablations", "Paired differences with 95% intervals and p.", header, tuple(rows))


def _paper_table(report: Report) -> Table:
    rows = []
    for name, (model, figures) in paper.MEMORY.items():
        if name in report["settings"]:
            ours = report["settings"][name]["overall"]
            pairs = zip(paper.METRICS, figures, strict=True)
            rows.append((name, model, *(f"{number(ours[metric]['value'])} / {number(told)}" for metric, told in pairs)))
    return Table(
        "Beside the paper",
        "Ours / the paper's. Another data set, other requests, another model: the figures are not comparable, the "
        "order of the settings is what to look at.",
        ("setting", "the paper's model", *(LABELS[metric] for metric in paper.METRICS)),
        tuple(rows),
    )


def _paper_tokens_table(report: Report) -> Table:
    rows = []
    for name, (tokens, recall, efficiency) in paper.TOKENS.items():
        if name in report["settings"]:
            ours = report["settings"][name]["overall"]
            rate = number(ours[EFFICIENCY]["value"]) if EFFICIENCY in ours else "–"
            spent = f"{ours['memory_tokens']['value']:.1f} / {tokens:.1f}"
            found = f"{number(ours['recall@100']['value'])} / {number(recall)}"
            rows.append((name, spent, found, f"{rate} / {number(efficiency)}"))
    told = ", ".join(f"{LABELS[metric]} {number(value)}" for metric, value in paper.CONTRIBUTION.items())
    return Table(
        "Beside the paper: memory tokens",
        f"Ours / the paper's, with another tokenizer. Its heuristic gave {told}; its thresholds are not told, so ours "
        "is another measure.",
        ("setting", LABELS["memory_tokens"], LABELS["recall@100"], LABELS[EFFICIENCY]),
        tuple(rows),
    )


def _groups_of(report: Report, kind: str) -> dict[str, int]:
    first = next(iter(report["settings"].values()))
    return {value: figures["requests"] for value, figures in first.get(kind, {}).items()}


def _conduct(metric: str, figure: Mapping[str, float] | None) -> str:
    if figure is None:
        return "–"
    shown: Callable[[float], str] = (lambda v: f"{v:.1%}") if metric in SHARES else _measured
    return shown(figure["value"])


def _measured(value: float) -> str:
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3f}".rstrip("0").rstrip(".")


def number(value: float) -> str:
    """A quality figure: .412."""
    return f"{value:.3f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.3f}"


def interval(figure: Mapping[str, float]) -> str:
    """A figure with its bounds: .412 [.380, .444]."""
    return f"{number(figure['value'])} [{number(figure['low'])}, {number(figure['high'])}]"


def difference(figure: Mapping[str, float]) -> str:
    """A difference with its bounds and p."""
    p = "p < .001" if figure["p"] < 0.001 else f"p = {number(figure['p'])}"
    return f"{figure['difference']:+.3f} [{figure['low']:+.3f}, {figure['high']:+.3f}], {p}"


def names_of(report: Report, kinds: Sequence[str]) -> list[str]:
    """The settings of these kinds ("baseline", "memory", "ablation"), in the report's order."""
    return [name for name, each in report["settings"].items() if each["kind"] in kinds]
