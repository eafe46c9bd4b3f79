"""The report's sentences, and its last table: what depends on the clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assistant.evaluation.tables import Table


def introduction(report: Mapping[str, Any]) -> tuple[str, list[str]]:
    """The title, and paragraphs that say what was measured and what may be believed of it."""
    run, statistics, checked = report["run"], report["statistics"], report["checks"]["checked"]
    data, ranker, memory = run["data"], run["ranker"], run["memory"]
    policies = ", ".join(_policy(policy) for policy in run["policies"])
    return f"MR.Rec on {data['name']}, split {data['split']}", [
        f"{data['requests']:,} requests of {data['users']:,} users over {data['items']:,} items, answered by "
        f"{policies}. Every setting has the same requests and the same ranker ({ranker['embedder']} cosine mixed with "
        f"{ranker['weight']} x BM25, both standardised over the catalogue, favouring the kind of product that a text "
        f"names as what it wants; the best {ranker['k']:,} are ranked). The "
        "memory settings run the very nodes that serve people: conditions in a request's words (a price, a brand) are "
        "kept to as filters under all of them. Baselines rank by plain text, without filters.",
        f"Intervals hold {statistics['level']:.0%}, from {statistics['bootstrap_draws']:,} bootstrap draws over users; "
        f"p comes from a paired permutation test over users ({statistics['permutations']:,} permutations). A request "
        "that the policy did not answer readably itself counts 0 for it, also where the rules answered in its place "
        '("as served" counts those too).',
        f"Checked for leaks before the run: {checked['behaviours']:,} purchases and {checked['entries']:,} memories of "
        f"{checked['users']:,} users and {checked['global_entries']:,} global memories hold no target and nothing as "
        "young as a request. After it: every setting has every request once, and no profile tells a target's title "
        "that nothing shown to the policy holds.",
        f"Code {run['code']['version']} ({run['code']['sources'][:12]}), data {data['content_hash'][:12]}, memory "
        f"written by {memory['writer']} ({memory['entries']:,} entries, {memory['hash'][:12]}), seed {run['seed']}.",
    ]


def timing_table(timings: Mapping[str, Any]) -> Table:
    """Seconds, which differ from run to run and machine to machine."""
    rows = [
        (name, f"{each['requests']:,}", f"{each['seconds']:.1f}", f"{1000 * each['per_request']:.1f}")
        for name, each in timings["settings"].items()
    ]
    index = timings["index"]
    return Table(
        "Time",
        "Not part of the figures: it differs from run to run. Embedding a memory entry again took "
        f"{1000 * index['seconds_per_entry']:.2f} ms ({index['entries']} entries)"
        + (f"; writing and indexing the memory took {index['built']['seconds_per_entry'] * 1000:.2f} ms an entry "
           f"({index['built']['entries']:,} entries)." if index.get("built") else "."),
        ("setting", "requests", "seconds", "ms a request"),
        tuple(rows),
    )  # fmt: skip


def _policy(policy: Mapping[str, str]) -> str:
    return f"{policy['label']} ({policy['model']})" if "model" in policy else policy["label"]
