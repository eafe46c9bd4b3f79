"""The extractive writer: the embedded default, without a model. Says in short sentences what the behaviours show.

Levels as in PAPER, "The method", step 1: behaviours as they are, patterns per category, a profile across them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from memory_store.indexing.base import Choice, local_entry
from memory_store.indexing.corpus import Contrast, Corpus, Reading
from memory_store.indexing.extractive_behaviour import behaviour_text
from memory_store.indexing.extractive_global import scenario_entries
from memory_store.indexing.extractive_habits import (
    CHEAPER,
    DEARER,
    Care,
    Change,
    brands_bought,
    brands_faulted,
    cares,
    changes,
    prices_paid,
)
from memory_store.indexing.extractive_profile import profile_entries
from memory_store.indexing.extractive_tastes import Taste, dislikes, likes, own_taste, wording
from memory_store.indexing.statements import Lead, Statement, plain
from memory_store.types import Behaviour, Level, MemoryEntry, UserRecord

MOST_LIKES, MOST_DISLIKES, MOST_BRANDS, MOST_CHANGES, MOST_CARES = 5, 3, 2, 2, 1
MOST_COMPLAINTS = 2


class ExtractiveWriter:
    """Writes memory from statistics and fixed sentences. ``fit`` it to all behaviours before writing."""

    name = "extractive-3"
    samples_per_scenario = 200
    concurrency = 1
    spent = ""

    def __init__(self, corpus: Corpus | None = None) -> None:
        self.corpus = corpus or Corpus()

    def fit(self, behaviours: Iterable[Behaviour]) -> None:
        """Counts what all buyers buy and write; a few tenths of a second for 1,000 behaviours."""
        self.corpus = Corpus.fit(behaviours)

    def write_user(self, user: UserRecord, behaviours: Sequence[Behaviour]) -> list[MemoryEntry]:
        """All local entries of one user, behaviours first. The order of equal times follows the ids."""
        ordered = sorted(behaviours, key=lambda one: (one.timestamp is not None, one.timestamp or 0, one.behaviour_id))
        readings = [self.corpus.read(behaviour) for behaviour in ordered]
        contrast = self.corpus.contrast(readings)
        entries = [
            local_entry(
                user.user_id,
                Level.BEHAVIOUR,
                reading.behaviour.category,
                "",
                behaviour_text(reading),
                [reading.behaviour],
            )
            for reading in readings
        ]
        by_category: defaultdict[str, list[Reading]] = defaultdict(list)
        for reading in own_taste(readings):
            by_category[reading.behaviour.category].append(reading)
        for category, own in sorted(by_category.items()):
            entries += _Patterns(user.user_id, category, own, contrast, self.corpus).entries()
        entries += profile_entries(user.user_id, readings, contrast, self.corpus)
        return list({entry.entry_id: entry for entry in entries}.values())

    def write_scenario(self, scenario: str, samples: Sequence[Choice]) -> list[MemoryEntry]:
        """The aspects that a scenario's buyers weigh, the weightiest first."""
        return scenario_entries(scenario, samples, self.corpus)


class _Patterns:
    """The patterns of one user in one category."""

    def __init__(self, user_id: str, category: str, own: Sequence[Reading], contrast: Contrast, corpus: Corpus) -> None:
        self._user_id, self._category, self._own = user_id, category, own
        self._contrast, self._corpus = contrast, corpus

    def entries(self) -> list[MemoryEntry]:
        """One entry a statement: changes, brands, likes, dislikes, price, aspects."""
        turns = changes(self._own, self._contrast, self._corpus)[:MOST_CHANGES]
        turned = {value for turn in turns for value in (turn.new, turn.old)}
        wanted = [taste for taste in likes(self._own, self._contrast, self._corpus) if taste.phrase not in turned]
        shunned = dislikes(self._own, self._contrast, self._corpus)
        entries = [self._change(turn) for turn in turns]
        for habit in brands_bought(self._own, self._category, self._corpus)[:MOST_BRANDS]:
            if habit.brand not in turned:
                count = f"{habit.count} of {habit.total}" if habit.count > 1 else "named in a review"
                entries.append(self._entry(Lead.BUYS, plain(habit.brand), "Brand", count, habit.evidence))
        entries += [self._taste(Lead.PREFERS, taste) for taste in wanted[:MOST_LIKES]]
        entries += [self._taste(Lead.AVOIDS, taste) for taste in shunned[:MOST_DISLIKES]]
        for brand, evidence in brands_faulted(self._own)[:MOST_BRANDS]:
            text = f"rated {len(evidence)} purchases low"
            entries.append(self._entry(Lead.AVOIDS, plain(brand), "Brand", text, evidence))
        entries += self._price()
        said = {taste.aspect for taste in (*wanted[:MOST_LIKES], *shunned[:MOST_DISLIKES])}
        worries = [care for care in cares(self._own, self._contrast) if care.complaints or care.aspect not in said]
        entries += [self._care(care) for care in worries if care.complaints][:MOST_COMPLAINTS]
        entries += [self._care(care) for care in worries if not care.complaints][:MOST_CARES]
        return entries

    def _taste(self, lead: Lead, taste: Taste) -> MemoryEntry:
        value = wording(taste, self._corpus)
        if lead is Lead.PREFERS and taste.aspect == "Age Range":
            lead, value = Lead.SHOPS_FOR, value.removeprefix("for ")
        return self._entry(lead, value, taste.aspect, evidence_words(lead, taste, self._own), taste.evidence)

    def _change(self, turn: Change) -> MemoryEntry:
        behaviours = [reading.behaviour for reading in (*turn.before, *turn.recent)]
        new, old = (
            self._worded(turn.new, turn.aspect, turn.recent),
            self._worded(turn.old, turn.aspect, turn.before),
        )
        text = f"the last {len(turn.recent)} purchases" if len(turn.recent) > 1 else "the last purchase"
        statement = Statement(Lead.LATELY, new, plain(self._category), old, text)
        return self._stored(statement, turn.aspect, behaviours)

    def _worded(self, value: str, aspect: str, readings: Sequence[Reading]) -> str:
        if aspect == "Brand":
            return plain(value)
        return wording(Taste(value, aspect, bought=list(readings)), self._corpus)

    def _price(self) -> list[MemoryEntry]:
        habit = prices_paid(self._own, self._category, self._corpus)
        if habit is None:
            return []
        text = ""
        if habit.rank is not None:
            text = "about what others pay"
            if habit.rank <= CHEAPER:
                text = "less than most buyers here"
            elif habit.rank >= DEARER:
                text = "more than most buyers here"
        low, high = _money(habit.low), _money(habit.high)
        value = low if low == high else f"{low} to {high}"
        return [self._entry(Lead.PAYS, value, "Price", text, habit.evidence)]

    def _care(self, care: Care) -> MemoryEntry:
        if care.complaints:
            text = f"complained ({' and '.join(care.complaints)}) in {care.count} of {care.total} reviews"
        else:
            text = f"wrote of it in {care.count} of {care.total} reviews"
        return self._entry(Lead.CARES, care.aspect, care.aspect, text, care.evidence)

    def _entry(self, lead: Lead, value: str, aspect: str, why: str, evidence: Sequence[Behaviour]) -> MemoryEntry:
        return self._stored(Statement(lead, value, plain(self._category), evidence=why), aspect, evidence)

    def _stored(self, statement: Statement, aspect: str, evidence: Sequence[Behaviour]) -> MemoryEntry:
        return local_entry(self._user_id, Level.PATTERN, self._category, aspect, statement.text(), evidence)


def evidence_words(lead: Lead, taste: Taste, own: Sequence[Reading]) -> str:
    """Why a taste is stated: "praised in 2 reviews, 3 of 4 purchases"."""
    parts = []
    if taste.said:
        parts.append("said so in a review" if len(taste.said) == 1 else f"said so in {len(taste.said)} reviews")
    elif taste.written:
        verb = "praised" if lead is Lead.PREFERS else "blamed"
        parts.append(f"{verb} in {_counted(len(taste.written), 'review')}")
    if taste.bought and lead is Lead.PREFERS and len(taste.bought) > 1:
        parts.append(f"{len(taste.bought)} of {len(own)} purchases")
    elif len(taste.bought) > 1:
        parts.append(f"in {_counted(len(taste.bought), 'purchase')} rated low")
    return ", ".join(parts)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _money(amount: float) -> str:
    return f"${amount:.0f}" if amount >= 10 else f"${amount:.2f}".removesuffix(".00")
