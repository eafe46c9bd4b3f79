"""The global level: which aspects a scenario's buyers weigh, from items chosen against similar ones left standing."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from memory_store.indexing.base import Choice, global_entry
from memory_store.indexing.corpus import Corpus
from memory_store.indexing.text import key, listed
from memory_store.types import MemoryEntry

MOST_ASPECTS, MOST_VALUES = 8, 3
LEAST_SAMPLES = 3
_OF_BRANDS = frozenset({"Compatibility"})
"""Aspects whose values are makers' names, which the global memory leaves out."""
_HARDLY_SAYS = frozenset({"Features", "Service", "Delivery", "Performance"})


def scenario_entries(scenario: str, samples: Sequence[Choice], corpus: Corpus) -> list[MemoryEntry]:
    """Up to eight aspects, the weightiest first; none where fewer than three choices are known.

    An aspect weighs by how often reviews write of it, more than in other scenarios, and by how well its values
    part chosen items from similar ones.
    """
    if len(samples) < LEAST_SAMPLES:
        return []
    readings = [corpus.read(sample.chosen) for sample in samples]
    written = Counter(aspect for reading in readings for aspect in reading.review.aspects)
    blamed = Counter(
        (aspect, text) for reading in readings for text, aspect in reading.review.complaints.items() if " " in text
    )
    reviews = max(1, sum(1 for reading in readings if reading.review.aspects or reading.review.telling))
    chosen = Counter(phrase for reading in readings for phrase in reading.item.keys)
    others = Counter(phrase for sample in samples for text in sample.alternatives for phrase in corpus.values_in(text))
    left = max(1, sum(len(sample.alternatives) for sample in samples))
    values = _values(scenario, chosen, others, len(samples), left, corpus)
    weights: dict[str, float] = {}
    for aspect in corpus.lexicon.aspects:
        share = written[aspect] / reviews
        parting = sum(weight for _, weight in values.get(aspect, [])[:MOST_VALUES])
        if written[aspect] >= 2 or (parting > 0 and len(values[aspect]) > 1):
            weights[aspect] = share * (0.5 if aspect in _HARDLY_SAYS else 1.0) + 0.25 * parting
    best = sorted(weights, key=lambda aspect: (-weights[aspect], aspect))[:MOST_ASPECTS]
    return [
        global_entry(scenario, aspect, _sentence(scenario, aspect, values.get(aspect, []), blamed, corpus))
        for aspect in best
    ]


def _values(
    scenario: str, chosen: Counter[str], others: Counter[str], samples: int, left: int, corpus: Corpus
) -> dict[str, list[tuple[str, float]]]:
    """By aspect, the values found in two items or more: those that part chosen from left items first."""
    own = set(key(scenario).split())
    found: dict[str, list[tuple[str, float]]] = {}
    for phrase in sorted({*chosen, *others}):
        term = corpus.lexicon.terms.get(phrase)
        aspect = corpus.aspect_of(phrase)
        if not aspect or (term is not None and term.kind != "value") or set(phrase.split()) <= own:
            continue
        if chosen[phrase] + others[phrase] < 2 or not chosen[phrase]:
            continue
        here, there = (chosen[phrase] + 0.5) / (samples + 1), (others[phrase] + 0.5) / (left + 1)
        spread = math.sqrt(here) * min(2.0, abs(math.log(here / there)) if others else 1.0)
        found.setdefault(aspect, []).append((term.text if term else phrase, spread))
    for listed_values in found.values():
        listed_values.sort(key=lambda pair: (-pair[1], pair[0]))
    return found


def _sentence(
    scenario: str,
    aspect: str,
    values: Sequence[tuple[str, float]],
    blamed: Counter[tuple[str, str]],
    corpus: Corpus,
) -> str:
    names = [] if aspect in _OF_BRANDS else [text for text, _ in values[:MOST_VALUES]]
    question = corpus.lexicon.aspects[aspect].question
    text = f"{aspect}: buyers of {spoken(scenario)} weigh {question}"
    if names:
        return f"{text}: {listed(names, 'or')}."
    worst = [word for (about, word), count in blamed.most_common() if about == aspect and count > 1][:2]
    return f"{text}; some complain: {listed(worst, 'and')}." if worst else f"{text}."


def spoken(scenario: str) -> str:
    """A category's name within a sentence: lower case, names of capitals kept, without a leading "All"."""
    parts = scenario.replace("&", "and").split()
    if len(parts) > 1 and parts[0].lower() == "all":
        parts = parts[1:]
    return " ".join(part if part.isupper() and len(part) > 1 else part.lower() for part in parts)
