"""Which phrases the listings of a category use as values, and what whole phrase a fragment is a piece of."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence

from memory_store.indexing.items import ItemReading
from memory_store.indexing.lexicon import Lexicon

LEAST_BORNE = 2
WHOLE_SHARE = 0.75
"""A phrase is a fragment of a longer one that this part of its items bear."""


class Values:
    """The values of every category, learnt from its items: phrases that titles and the heads of features are made of.

    A phrase of the vocabulary is a value anywhere; another where two items bear it, a title names it (one that is a
    single word: and the head of a feature), and it is no fragment.
    """

    def __init__(
        self,
        items: Iterable[tuple[str, ItemReading]] = (),
        lexicon: Lexicon | None = None,
        wordings: Callable[[str], Sequence[str]] = lambda phrase: (phrase,),
    ) -> None:
        """``items`` are the distinct ones with their categories."""
        self._vocabulary: frozenset[str] = frozenset()
        self._wholes: dict[str, dict[str, str]] = {}
        self._values: dict[str, frozenset[str]] = {}
        self._borne: dict[str, dict[str, int]] = {}
        by_category: defaultdict[str, list[ItemReading]] = defaultdict(list)
        for category, reading in items:
            by_category[category].append(reading)
        if lexicon is None:
            return
        vocabulary = self._vocabulary = frozenset(term.key for term in lexicon.terms.values() if term.kind == "value")
        for category, readings in by_category.items():
            borne = Counter(phrase for reading in readings for phrase in reading.keys)
            titled = Counter(phrase for reading in readings for phrase in reading.titled)
            opened = Counter(phrase for reading in readings for phrase in reading.opened)
            values = {
                phrase
                for phrase, count in borne.items()
                if phrase in vocabulary or (count >= LEAST_BORNE and _is_value(phrase, titled[phrase], opened[phrase]))
            }
            wholes = _wholes(values, borne, opened, wordings)
            self._wholes[category] = wholes
            self._borne[category] = {phrase: count for phrase, count in borne.items() if " " not in phrase}
            self._values[category] = frozenset(values - wholes.keys())

    def __bool__(self) -> bool:
        return bool(self._values)

    def borne(self, word: str, category: str) -> int:
        """How many items of the category bear a word that is not within a value of several."""
        return self._borne.get(category, {}).get(word, 0)

    def wholes(self, phrases: frozenset[str], category: str) -> frozenset[str]:
        """The phrases with each fragment replaced by the longer phrase of the category that it is a piece of."""
        known = self._wholes.get(category)
        if not known or known.keys().isdisjoint(phrases):
            return phrases
        return frozenset(known.get(phrase, phrase) for phrase in phrases)

    def among(self, phrases: frozenset[str], category: str) -> frozenset[str]:
        """Those of an item's phrases that are values of the category, whole."""
        return phrases & self._values.get(category, frozenset())

    def values(self, phrases: frozenset[str], category: str) -> frozenset[str]:
        """Those of a review's phrases that are values of the category, or of the vocabulary."""
        return (phrases & self._values.get(category, frozenset())) | (phrases & self._vocabulary)


def _is_value(phrase: str, titled: int, opened: int) -> bool:
    if " " in phrase:
        return titled + opened > 1 and titled > 0
    return titled > 1 and opened > 1


def _wholes(
    values: Iterable[str], borne: Counter[str], opened: Counter[str], wordings: Callable[[str], Sequence[str]]
) -> dict[str, str]:
    """For each fragment the longest value that nearly all its items bear, and that opens lines if it does itself."""
    known = set(values)
    pieces: dict[str, str] = {}
    forms = {form: phrase for phrase in known for form in wordings(phrase)}
    for longer in sorted(known, key=lambda phrase: (len(phrase.split()), borne[phrase], phrase)):
        parts = longer.split()
        for size in range(1, len(parts)):
            for at in range(len(parts) - size + 1):
                piece = forms.get(" ".join(parts[at : at + size]))
                if (
                    piece
                    and piece != longer
                    and all(counts[longer] >= WHOLE_SHARE * counts[piece] for counts in (borne, opened))
                ):
                    pieces[piece] = longer
    for piece in list(pieces):
        seen = {piece}
        while (longer := pieces[piece]) in pieces and longer not in seen:
            seen.add(longer)
            pieces[piece] = pieces[longer]
    return {piece: longer for piece, longer in pieces.items() if piece != longer}
