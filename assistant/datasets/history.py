"""The leave-in-time rule: what may stand in a history once requests were made from it (PAPER, "The setting").

Nothing at or after the time of a user's first request, and never the review that a request was written from.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import defaultdict
from collections.abc import Iterable

from assistant.datasets.rows import InteractionRow, RequestRow

_WORDS = re.compile(r"\w+")


def text_key(text: str) -> bytes:
    """A key that two spellings of one text share: the words alone, in lower case. b"" for a text without words."""
    words = _WORDS.findall(text.lower())
    return hashlib.blake2b(" ".join(words).encode(), digest_size=16).digest() if words else b""


class HistoryRule:
    """Says which interactions may be known, given the requests that are to be answered.

    ``behind`` holds the texts of the reviews that requests were written from, where they are known.
    A user with a request of unknown time and no other time has no cut: only the purchases asked for stay out;
    with ``strict`` such a user has no history at all.
    """

    def __init__(self, requests: Iterable[RequestRow], behind: Iterable[str] = (), *, strict: bool = False) -> None:
        self._first: dict[str, float] = {}
        self._targets: dict[str, set[str]] = defaultdict(set)
        for request in requests:
            if request.user_id is None:
                continue
            unknown = -math.inf if strict else math.inf
            time = unknown if request.timestamp is None else request.timestamp
            self._first[request.user_id] = min(time, self._first.get(request.user_id, math.inf))
            self._targets[request.user_id].update(request.target_item_ids)
        self._behind = {key for text in behind if (key := text_key(text))}

    def refuses(self, row: InteractionRow) -> str | None:
        """Why ``row`` must not be known, None where it may be."""
        first = self._first.get(row.user_id)
        if self._behind and text_key(row.text) in self._behind:
            return "the review behind a request"
        if first is None:
            return None
        if first == -math.inf:
            return "history of a user whose request has no known time"
        if row.timestamp is not None and row.timestamp >= first:
            return "at or after a request of this user"
        if row.item_id in self._targets[row.user_id] and (row.timestamp is None or first == math.inf):
            return "the purchase behind a request (no times to tell)"
        return None
