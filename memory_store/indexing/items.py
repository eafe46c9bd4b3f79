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

_LABELLED = re.compile(r"(?:^|[\n.;,|•]|\s-)\s*([A-Za-z][A-Za-z ]{2,24}):\s*([^.;|\n•]{2,80})")
_HEAD_END = re.compile(
    r"[,;:(\[|/]|\s[-–—]\s|\b(?:for|with|by|in|from|compatible|fits|of|replaces|w)\b|[\d\"#&+]", re.I
)


@dataclass(frozen=True, slots=True)
class ItemReading:
    """``keys`` are the phrases found, ``heads`` the keys that the title ends its product name with, longest first,
    ``opening`` the title's first words (often an unlisted brand), ``labels`` aspects that the text itself gives."""

    keys: frozenset[str]
    heads: tuple[str, ...]
    opening: frozenset[str]
    labels: dict[str, str]


def read_item(behaviour: Behaviour, lexicon: Lexicon) -> ItemReading:
    """The reading of the item that a behaviour bought."""
    title, body = clean(behaviour.title), clean(behaviour.item_text[:READ_CHARACTERS])
    keys: set[str] = set()
    for piece in segments(f"{title}\n{body}"):
        keys |= phrase_keys([stem(word) for word in words(piece)], lexicon, longest=3, joined=compounds(piece))
    title_stems = [stem(word) for word in words(title)[:3]]
    opening = frozenset(title_stems[:2])
    return ItemReading(frozenset(keys), title_heads(title, lexicon), opening, _labels(body, lexicon))


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
        if not any(at in taken or at in without for at in range(start, end)) and not stems[start][0].isdigit():
            taken.update((at, (start, end)) for at in range(start, end))
            phrase = " ".join(stems[start:end])
            if phrase not in lexicon.terms:
                found.add(phrase)
    stop, inner, units, vocabulary, count = lexicon.stop, lexicon.inner, lexicon.units, lexicon.terms, len(stems)
    for start, first in enumerate(stems):
        number = first[0].isdigit()
        if first in stop or start in without or (len(first) < 3 and not number):
            continue
        if number and (start + 1 == count or stems[start + 1] not in units):
            continue
        if not number and len(first) > 3 and start not in taken and first not in vocabulary:
            found.add(first)
        if start in taken and taken[start][0] != start:
            continue
        for end in range(start + 2, min(count, start + longest) + 1):
            last = stems[end - 1]
            if last[0].isdigit() or end - 1 in without:
                break
            if (last in stop or len(last) < 3) and not (number and end == start + 2):
                if last in inner:
                    continue
                break
            if end - 1 in taken and taken[end - 1][1] > end:
                continue
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
