"""What an ideal item profile is made of: the kind and the request that open it, and the tastes that still hold."""

from __future__ import annotations

from collections.abc import Collection

from assistant.words import contains
from memory_store.indexing.statements import LIKES, Lead, Statement

BASE_CHARACTERS = 700


def opening_of(request: str, named: str) -> str:
    """What a profile opens with: what the scenario names where the request does not say it, then the request."""
    asked = _within(BASE_CHARACTERS, request.rstrip(" .,!?") or request)
    return asked if not named or contains(request, named) else f"{named}, {asked}"


def is_liked(statement: Statement, told: Collection[Statement]) -> bool:
    """Whether a statement says that its value is liked, and no other that is ``told`` of the same kind of product, or
    of all kinds, says that it is avoided or was given up."""
    return statement.lead in LIKES and not any(
        contains(statement.value, phrase)
        for other in told
        if other is not statement and (not statement.category or other.category in ("", statement.category))
        for phrase in _shunned(other)
    )


def _shunned(statement: Statement) -> list[str]:
    """What a statement says is not wanted, or no longer."""
    phrases = (statement.value if statement.lead is Lead.AVOIDS else "", statement.formerly)
    return [phrase for phrase in phrases if phrase]


def _within(characters: int, text: str) -> str:
    """The text, cut at a word where it is longer."""
    return text if len(text) <= characters else text[:characters].rpartition(" ")[0] or text[:characters]
