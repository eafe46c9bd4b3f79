"""The paper's own figures (arXiv 2510.14629), to stand beside ours. Its data, models and requests were others: nothing
is claimed by the neighbourhood but the shape of the comparison."""

from __future__ import annotations

METRICS = ("recall@100", "recall@10", "ndcg@100", "ndcg@10")

MEMORY = {
    "none": ("Rec-R1", (0.258, 0.111, 0.099, 0.071)),
    "naive": ("Rec-R1", (0.260, 0.108, 0.097, 0.075)),
    "static": ("Rec-R1", (0.259, 0.105, 0.095, 0.069)),
    "mrrec": ("MR.Rec 3B", (0.270, 0.122, 0.113, 0.084)),
    "no_local": ("MR.Rec 3B", (0.258, 0.113, 0.098, 0.069)),
    "behaviour_only": ("MR.Rec 3B", (0.268, 0.117, 0.109, 0.079)),
    "pattern_only": ("MR.Rec 3B", (0.272, 0.116, 0.110, 0.079)),
    "profile_only": ("MR.Rec 3B", (0.269, 0.113, 0.113, 0.080)),
}
"""Setting to the model and its figures in the order of ``METRICS`` (all categories)."""

TOKENS = {"naive": (283.5, 0.261, 0.092), "static": (492.7, 0.261, 0.053), "mrrec": (95.4, 0.285, 0.299)}
"""Setting to memory tokens, Recall@100 and Recall@100 per 100 memory tokens (GPT-4o as the reasoner)."""

CONTRIBUTION = {"mpc_local": 0.9368, "mpc_global": 0.9605, "mrc_local": 0.4743, "mrc_global": 0.9012}
"""MPC and MRC by the paper's heuristic, whose thresholds it does not give."""
