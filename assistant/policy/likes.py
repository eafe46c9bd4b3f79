"""Which of the tastes told in a trajectory still hold: what is liked, and taken back by no other."""

from __future__ import annotations

from collections.abc import Collection

from assistant.words import contains
from memory_store.indexing.statements import LIKES, Lead, Statement


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
