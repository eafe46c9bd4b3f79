"""The kind of product that a query names as what it wants."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from assistant.catalogue.lexical import words
from assistant.words import head_of

_AFTERTHOUGHT = re.compile(
    r"""(?:\s+(?:in\s+|size\s+)?(?:\d[\w./-]*|xs|s|m|l|xl|xxl|extra|plus|small|medium|large|big|wide|narrow|tall|short|long
    |(?:wo)?m[ae]n['’]?s?|kids?['’]?|boys?['’]?|girls?['’]?|lad(?:y|ies)['’]?|black|white|grey|gray|blue|red|green|pink))+$""",
    re.I | re.X,
)
"""Sizes, colours and whom it is for, where they follow the thing: "hiking boots women's wide"."""


class KindNames:
    """Finds kinds by their names. ``kinds``: all of the catalogue, by number; whole departments name no product."""

    def __init__(self, kinds: Sequence[str], departments: Collection[str]) -> None:
        self._numbers = {tuple(words(kind)): number for number, kind in enumerate(kinds) if kind not in departments}
        self._longest = max(map(len, self._numbers), default=0)

    def named(self, query: str) -> int | None:
        """The number of the kind whose name the head of the query ends with, the longest such name; None: there is
        none. "A co-op board game for two" names "Board game", "dry shampoo" no "Shampoo" where both are kinds."""
        head = words(_AFTERTHOUGHT.sub("", head_of(query)))
        for length in range(min(len(head), self._longest), 0, -1):
            if (number := self._numbers.get(tuple(head[-length:]))) is not None:
                return number
        return None
