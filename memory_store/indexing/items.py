"""What an item's text says of it: phrases that may be worth wanting, and what kind of product it is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from memory_store.indexing.lexicon import Lexicon, Term
from memory_store.indexing.text import clean, compounds, key, segments, stem, words
from memory_store.types import Behaviour

HEAD_SHARE = 0.3
READ_CHARACTERS = 1500
"""Of an item's features and description."""
LONGEST, LONGEST_OPENING = 4, 4
CACHED_PIECES = 30_000

_LABELLED = re.compile(r"(?:^|[\n.;,|•]|\s-)\s*([A-Za-z][A-Za-z ]{2,24}):\s*([^.;|\n•]{2,80})")
_HEAD_END = re.compile(
    r"[,;:(\[|/]|\s[-–—]\s|\b(?:for|with|by|in|from|compatible|fits|of|replaces|w)\b|[\d\"#&+]", re.I
)


@dataclass(frozen=True, slots=True)
class ItemReading:
    """``keys`` are the phrases found, those ``titled`` in the title, those ``opened`` at the head of a body's line.

    ``heads`` are the keys that the title ends its product name with, longest first, ``opening`` the title's first
    words (often an unlisted brand), ``labels`` aspects that the text itself gives.
    """

    keys: frozenset[str]
    titled: frozenset[str]
    opened: frozenset[str]
    heads: tuple[str, ...]
    opening: frozenset[str]
    labels: dict[str, str]


class Pieces:
    """Reads the pieces of listings with one lexicon, each wording once: a shop repeats its lines from item to item."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._stems: dict[str, tuple[str, ...]] = {}
        self._keys: dict[tuple[str, frozenset[int]], frozenset[str]] = {}

    def stems(self, piece: str) -> tuple[str, ...]:
        """The stems of its words."""
        found = self._stems.get(piece)
        if found is None:
            found = tuple(stem(word) for word in words(piece))
            if len(self._stems) < CACHED_PIECES:
                self._stems[piece] = found
        return found

    def keys(self, piece: str, names: Iterable[Sequence[str]]) -> frozenset[str]:
        """The phrases that it says, none of them reaching into one of the names."""
        stems = self.stems(piece)
        at = piece, frozenset(_places(names, stems))
        found = self._keys.get(at)
        if found is None:
            found = frozenset(phrase_keys(stems, self._lexicon, LONGEST, joined=compounds(piece), without=at[1]))
            if len(self._keys) < CACHED_PIECES:
                self._keys[at] = found
        return found


def read_item(behaviour: Behaviour, lexicon: Lexicon, pieces: Pieces) -> ItemReading:
    """The reading of the item that a behaviour bought."""
    title, body = clean(behaviour.title), clean(behaviour.item_text[:READ_CHARACTERS])
    names = [tuple(key(name).split()) for name in (behaviour.brand or "", behaviour.category) if name]
    titled: set[str] = set()
    for piece in segments(title):
        titled |= pieces.keys(piece, names)
    keys, opened = set(titled), set[str]()
    for line in body.split("\n"):
        for at, piece in enumerate(segments(line)):
            found = pieces.keys(piece, names)
            keys |= found
            if not at:
                opened |= found.intersection(_openings(pieces.stems(piece), lexicon))
    title_stems = [stem(word) for word in words(title)[:3]]
    return ItemReading(
        frozenset(keys),
        frozenset(titled),
        frozenset(opened),
        title_heads(title, lexicon),
        frozenset(title_stems[:2]),
        _labels(body, lexicon),
    )


def _places(names: Iterable[Sequence[str]], stems: Sequence[str]) -> set[int]:
    """Where in a run of words one of the names stands."""
    found: set[int] = set()
    for name in names:
        size = len(name)
        for at in range(len(stems) - size + 1):
            if stems[at] == name[0] and stems[at : at + size] == name:
                found.update(range(at, at + size))
    return found


def _openings(stems: Sequence[str], lexicon: Lexicon) -> set[str]:
    """What a line opens with, in every length; words that no phrase begins with are passed over."""
    start = next((at for at, one in enumerate(stems) if one in lexicon.opens or one not in lexicon.stop), 0)
    found = {" ".join(stems[start : start + size]) for size in range(1, LONGEST_OPENING + 1)}
    return found | {lexicon.canonical(one) for one in found}


def phrase_keys(
    stems: Sequence[str],
    lexicon: Lexicon,
    longest: int,
    terms: Iterable[tuple[int, int, Term]] | None = None,
    joined: Iterable[tuple[int, int]] = (),
    without: Collection[int] = (),
) -> set[str]:
    """The keys of one run of words: the vocabulary's values, and other phrases that could be an attribute.

    Such a phrase neither begins nor ends with a stop word, holds a number only before its unit, and is no piece of a
    value. ``terms`` is what the vocabulary finds in the words, where that is known already; ``joined`` are words that
    hyphens make one phrase of; ``without`` are places of words that no other phrase may touch.
    """
    values = [found for found in (lexicon.find(stems) if terms is None else terms) if found[2].kind == "value"]
    found = {term.key for _, _, term in values}
    taken = {at: (start, end) for start, end, _ in values for at in range(start, end)}
    for start, end in joined:
        across = any(at in taken and not (start <= taken[at][0] and taken[at][1] <= end) for at in range(start, end))
        if across or any(at in without for at in range(start, end)) or not any(map(str.isalpha, stems[start:end])):
            continue
        phrase = " ".join(stems[start:end])
        taken.update((at, (start, end)) for at in range(start, end))
        if phrase not in lexicon.terms:
            found.add(phrase)
    stop, inner, opens = lexicon.stop, lexicon.inner, lexicon.opens
    units, vocabulary, count = lexicon.units, lexicon.terms, len(stems)
    for start, first in enumerate(stems):
        whole = taken.get(start)
        if (whole is not None and whole[0] != start) or start in without:
            continue
        number = first[0].isdigit() and whole is None
        alone = first in stop or len(first) < 3
        if (alone and whole is None and not number and first not in opens) or (
            number and (start + 1 == count or stems[start + 1] not in units)
        ):
            continue
        if not number and not alone and len(first) > 3 and whole is None and first not in vocabulary:
            found.add(first)
        for end in range((whole[1] if whole else start + 1) + 1, min(count, start + longest) + 1):
            last, span = stems[end - 1], taken.get(end - 1)
            if end - 1 in without or (last[0].isdigit() and span is None):
                break
            if span is not None:
                if span[1] > end:
                    continue
            elif (last in stop or len(last) < 3) and not (number and end == start + 2):
                if last in inner or last in opens:
                    continue
                break
            phrase = " ".join(stems[start:end])
            if phrase not in vocabulary:
                found.add(phrase)
    return found


def title_heads(title: str, lexicon: Lexicon) -> tuple[str, ...]:
    """The last words of the product name that a title begins with, as keys: two of them, then one.

    A title's first word is left out: there a brand stands as often as not.
    """
    cut = _HEAD_END.search(title, 3)
    stems = [stem(word) for word in words(title[: cut.start()] if cut else title)]
    while len(stems) > 1 and (stems[-1] in lexicon.stop or _is_value(stems[-1], lexicon)):
        stems.pop()
    if len(stems) < 2 or stems[-1] in lexicon.stop or len(stems[-1]) < 3 or not stems[-1].isalpha():
        return ()
    if len(stems) > 2 and stems[-2] not in lexicon.stop:
        return " ".join(stems[-2:]), stems[-1]
    return (stems[-1],)


def _is_value(word: str, lexicon: Lexicon) -> bool:
    term = lexicon.terms.get(word)
    return term is not None and term.kind == "value"


def _labels(body: str, lexicon: Lexicon) -> dict[str, str]:
    """ "Material: jelly" makes "jelly" a material."""
    labels: dict[str, str] = {}
    for name, value in _LABELLED.findall(body):
        term = lexicon.terms.get(key(name))
        aspect = term.aspect if term else name.strip().title() if name.strip().title() in lexicon.aspects else None
        if aspect:
            labels.update(dict.fromkeys((key(part) for part in segments(value)), aspect))
    return labels


class Kinds:
    """Kinds of product, learnt from how titles end ("argan oil shampoo" is a shampoo); finer than a category."""

    def __init__(
        self,
        heads: Iterable[tuple[str, ...]],
        occurrences: Mapping[str, int] | None = None,
        *,
        pairs: int = 6,
        singles: int = 8,
    ) -> None:
        """``heads`` of every distinct item; a kind is named by two words where ``pairs`` items share them.

        ``words`` are those that name products more often than not, where ``occurrences`` tells how many items bear
        each.
        """
        counts = Counter(head for item in heads for head in item)
        self._known = {head for head, count in counts.items() if count >= (pairs if " " in head else singles)}
        all_of = occurrences or {}
        self.words = {head for head, count in counts.items() if count >= HEAD_SHARE * all_of.get(head, 0)}

    def of(self, heads: Sequence[str]) -> str:
        """The kind's key, "" where it is not known."""
        return next((head for head in heads if head in self._known), "")
