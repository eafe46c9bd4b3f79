"""Names, lines and personas for the users of a dataset that has no users file, or leaves them out of it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from assistant.datasets.rows import RequestRow
from memory_store.types import UserRecord

PERSONAS = 8
OPENERS = 3
_A_CATEGORY = 2


class Namer:
    """Gives users readable names that say nothing about them: "Shopper 4F2A". The same order gives the same names."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def name(self, user_id: str) -> str:
        """A name that nobody was given before."""
        digits = hashlib.blake2b(user_id.encode(), digest_size=16).hexdigest().upper()
        name = next(
            (name for n in range(4, len(digits)) if (name := f"Shopper {digits[:n]}") not in self._taken),
            f"Shopper {digits}",
        )
        self._taken.add(name)
        return name


def history_line(categories: Mapping[str, int]) -> str:
    """One line on a history, from its count of purchases a category, most first: "31 purchases, mostly Tea"."""
    total = sum(categories.values())
    if not total:
        return "No purchases yet"
    noun = "purchase" if total == 1 else "purchases"
    top, count = next(iter(categories.items()))
    if not top:
        return f"{total:,} {noun}"
    if len(categories) == 1:
        return f"{total:,} {noun} in {top}"
    return f"{total:,} {noun}, {'mostly' if count * 2 > total else 'most often'} {top}"


def openers_of(requests: Iterable[RequestRow]) -> dict[str, tuple[str, ...]]:
    """Up to three things that each user asked for, in the order of the file."""
    asked: dict[str, list[str]] = {}
    for request in requests:
        if request.user_id is not None:
            texts = asked.setdefault(request.user_id, [])
            if len(texts) < OPENERS and request.request not in texts:
                texts.append(request.request)
    return {user_id: tuple(texts) for user_id, texts in asked.items()}


def choose_personas(histories: Mapping[str, Mapping[str, int]], askers: Iterable[str]) -> list[str]:
    """Eight users worth meeting: known by requests and long histories, at most two whose main category is the same."""
    known = set(askers)
    ranked = sorted(histories, key=lambda user: (user not in known, -sum(histories[user].values()), user))
    chosen: list[str] = []
    mains: Counter[str] = Counter()
    for user in ranked:
        main = next(iter(histories[user]), "")
        if len(chosen) < PERSONAS and main and mains[main] < _A_CATEGORY:
            mains[main] += 1
            chosen.append(user)
    return chosen


def described(
    user: UserRecord, categories: Mapping[str, int], openers: tuple[str, ...], *, persona: bool
) -> UserRecord:
    """``user`` with a line and openers where it has none of its own."""
    return replace(
        user,
        bio=user.bio or history_line(categories),
        openers=user.openers or openers,
        persona=user.persona or persona,
    )
