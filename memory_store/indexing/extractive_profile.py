"""The profile level: what recurs across categories."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Sequence

from memory_store.indexing.base import local_entry
from memory_store.indexing.corpus import Contrast, Corpus, Reading
from memory_store.indexing.extractive_habits import CHEAPER, DEARER, cares, changes
from memory_store.indexing.extractive_tastes import Taste, dislikes, likes, own_taste, wording
from memory_store.indexing.statements import Lead, Statement, plain
from memory_store.types import Behaviour, Level, MemoryEntry

MOST_LIKES, MOST_DISLIKES, MOST_CARES, MOST_PLACES = 5, 3, 2, 4
LEAST_PLACES = 2


def profile_entries(user_id: str, readings: Sequence[Reading], contrast: Contrast, corpus: Corpus) -> list[MemoryEntry]:
    """The profile of one user: values, dislikes, aspects, price tendency and whom they shop for."""
    own = own_taste(readings)
    turns = [
        turn for turn in changes(own, contrast, corpus) if turn.aspect != "Brand" and len(_places(turn.recent)) > 1
    ][:1]
    turned = {value for turn in turns for value in (turn.new, turn.old)}
    entries = []

    def add(lead: Lead, value: str, aspect: str, evidence: Sequence[Behaviour], formerly: str = "") -> None:
        places = Counter(plain(behaviour.category) for behaviour in evidence)
        shown = tuple(place for place, _ in sorted(places.items(), key=lambda pair: (-pair[1], pair[0])))
        statement = Statement(lead, value, formerly=formerly, places=shown[:MOST_PLACES])
        entries.append(local_entry(user_id, Level.PROFILE, "", aspect, statement.text(), evidence))

    for turn in turns:
        new = wording(Taste(turn.new, turn.aspect, bought=list(turn.recent)), corpus)
        old = wording(Taste(turn.old, turn.aspect, bought=list(turn.before)), corpus)
        evidence = [reading.behaviour for reading in (*turn.before, *turn.recent)]
        add(Lead.LATELY, new, turn.aspect, evidence, old)
    wanted = [taste for taste in likes(own, contrast, corpus, places=LEAST_PLACES) if taste.phrase not in turned]
    for taste in wanted[:MOST_LIKES]:
        value = wording(taste, corpus)
        lead = Lead.SHOPS_FOR if taste.aspect == "Age Range" else Lead.PREFERS
        add(lead, value.removeprefix("for "), taste.aspect, taste.evidence)
    for taste in dislikes(own, contrast, corpus, places=LEAST_PLACES)[:MOST_DISLIKES]:
        add(Lead.AVOIDS, wording(taste, corpus), taste.aspect, taste.evidence)
    worries = [care for care in cares(own, contrast) if len({one.category for one in care.evidence}) >= LEAST_PLACES]
    for care in worries[:MOST_CARES]:
        add(Lead.CARES, care.aspect, care.aspect, care.evidence)
    for value, behaviours in _price_tendency(own, corpus):
        add(Lead.PAYS, value, "Price", behaviours)
    for recipient, behaviours in _shops_for(own):
        add(Lead.SHOPS_FOR, recipient, "Age Range", behaviours)
    return entries


def _places(readings: Sequence[Reading]) -> set[str]:
    return {reading.behaviour.category for reading in readings}


def _price_tendency(own: Sequence[Reading], corpus: Corpus) -> list[tuple[str, list[Behaviour]]]:
    """Whether the person pays less or more than others in two categories or more."""
    ranks: defaultdict[str, list[float]] = defaultdict(list)
    behaviours: defaultdict[str, list[Behaviour]] = defaultdict(list)
    for reading in own:
        behaviour = reading.behaviour
        if behaviour.price and (rank := corpus.price_rank(behaviour.price, behaviour.category)) is not None:
            ranks[behaviour.category].append(rank)
            behaviours[behaviour.category].append(behaviour)
    means = {category: statistics.fmean(found) for category, found in ranks.items() if len(found) > 1}
    if len(means) < LEAST_PLACES:
        return []
    overall = statistics.fmean(means.values())
    for words, side in (("less than most", overall <= CHEAPER), ("more than most", overall >= DEARER)):
        alike = [name for name in sorted(means) if (means[name] < 0.5) == (overall < 0.5)]
        if side and len(alike) >= LEAST_PLACES:
            return [(words, [behaviour for name in alike for behaviour in behaviours[name]])]
    return []


def _shops_for(own: Sequence[Reading]) -> list[tuple[str, list[Behaviour]]]:
    """Whom of the household the person bought for twice or more."""
    found: defaultdict[str, list[Behaviour]] = defaultdict(list)
    for reading in own:
        if reading.review.home:
            found[reading.review.home].append(reading.behaviour)
    return [
        (f"their {who}", behaviours) for who, behaviours in sorted(found.items()) if len(behaviours) >= LEAST_PLACES
    ]
