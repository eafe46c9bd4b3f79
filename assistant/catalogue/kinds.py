"""The kind of product that a query names as what it wants."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from assistant.catalogue.lexical import words
from assistant.words import head_of

_AFTERTHOUGHT = re.compile(
    r"""(?:\s+(?:in\s+|size\s+)?(?:\d[\w./-]*|xs|s|m|l|xl|xxl|extra|plus|small|medium|large|big|wide|narrow|tall|short|long
    |(?:wo)?m[ae]n['’]?s?|kids?['’]?|boys?['’]?|girls?['’]?|lad(?:y|ies)['’]?|black|white|grey|gray|blue|red|green|pink))+$""",
    re.I | re.X,
)
"""Sizes, colours and whom it is for, where they follow the thing: "hiking boots women's wide"."""


_PRODUCT_END = re.compile(r"\s(?:for|with|by|in|of|from)\s|\s[-–—|]\s|[,:;()|]", re.I)
"""Where the name of the product ends that a title begins with."""

READ = 100
"""So many titles of each kind are read for its other names: enough to know them, and a large catalogue stays small."""
BEARING, SHARE = 3, 0.9
"""In so many titles of a kind its name of the product ends so; of all titles that say it so large a part is of it."""
NAMES, LONGEST = 3, 3
"""So many other names of a kind are kept, the most frequent ones; so many words they have at most."""

_Key = tuple[str, ...]


def other_names(titled: Iterable[tuple[str, str]], departments: Collection[str]) -> dict[str, tuple[str, ...]]:
    """What each kind is called beside its name, learnt from how the titles of its items begin: "Wellington boots" are
    "Rain Boots" too, and a "Bluefin Sport Watch" is a watch. ``titled``: title and kind of every item."""
    titles: dict[str, list[str]] = defaultdict(list)
    for title, kind in titled:
        if len(titles[kind]) < READ:
            titles[kind].append(title)
    ending: Counter[tuple[_Key, str]] = Counter()
    written: dict[_Key, str] = {}
    for kind in titles.keys() - set(departments):
        for name in (name for title in titles[kind] for name in _endings(title)):
            ending[key := tuple(words(name)), kind] += 1
            written[key] = min(name, written.get(key, name))
    borne = {(key, kind): count for (key, kind), count in ending.items() if count >= BEARING and key}
    mentions = _mentions(titles, {key for key, _ in borne})
    known = {key: kind for key, kind in borne if mentions[key][kind] >= SHARE * mentions[key].total()}
    known |= {tuple(words(kind)): kind for kind in titles}
    found: dict[str, list[tuple[int, str]]] = {kind: [] for kind in sorted(titles)}
    for (key, kind), count in borne.items():
        endings = [key[at:] for at in range(1, len(key))]
        if known.get(key) == kind and key != tuple(words(kind)) and kind not in map(known.get, endings):
            found[kind].append((-count, written[key]))
    return {kind: tuple(name for _, name in sorted(names)[:NAMES]) for kind, names in found.items()}


def _endings(title: str) -> list[str]:
    """The last one to three words of the product's name, where they could name a kind: no sizes or codes."""
    head = _PRODUCT_END.split(title, maxsplit=1)[0].split()
    if not head or len(head[-1]) < 3 or not head[-1].replace("-", "").isalpha():
        return []
    names = (head[-length:] for length in range(1, min(LONGEST, len(head)) + 1))
    return [" ".join(name) for name in names if not any(letter.isdigit() for word in name for letter in word)]


def _mentions(titles: Mapping[str, Sequence[str]], keys: Collection[_Key]) -> dict[_Key, Counter[str]]:
    """In how many titles of each kind each of the keys stands."""
    found: dict[_Key, Counter[str]] = {key: Counter() for key in keys}
    lengths = {len(key) for key in keys}
    for kind, listed in titles.items():
        for title in listed:
            read = words(title)
            grams = {tuple(read[at : at + length]) for length in lengths for at in range(len(read) - length + 1)}
            for key in grams & found.keys():
                found[key][kind] += 1
    return found


class Named(NamedTuple):
    """A kind by its number, the name by which it was found, and whether that is its own."""

    kind: int
    name: str
    own: bool


class KindNames:
    """Finds kinds by their names. ``kinds``: all of the catalogue, in the order of their numbers, with what else each
    is called; whole departments name no product."""

    def __init__(self, kinds: Mapping[str, Sequence[str]], departments: Collection[str]) -> None:
        numbered = list(enumerate(kinds.items()))
        others = [Named(number, name, own=False) for number, (_, names) in numbered for name in names]
        own = [Named(number, kind, own=True) for number, (kind, _) in numbered if kind not in departments]
        self._known = {tuple(words(named.name)): named for named in (*others, *own)}
        self._longest = max(map(len, self._known), default=0)

    def named(self, query: str) -> Named | None:
        """The kind with whose name the head of the query ends, the longest such name; None: there is none. "A co-op
        board game for two" names "Board game", "dry shampoo" no "Shampoo" where both are kinds."""
        head = words(_AFTERTHOUGHT.sub("", head_of(query)))
        for length in range(min(len(head), self._longest), 0, -1):
            if (named := self._known.get(tuple(head[-length:]))) is not None:
                return named
        return None
