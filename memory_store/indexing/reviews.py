"""What a review says: what it praises and blames, what the person wants, its complaints, and its telling clause."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from memory_store.indexing.items import phrase_keys
from memory_store.indexing.lexicon import Lexicon, Term, Token
from memory_store.indexing.text import clean, compounds, one_line, shorten, words
from memory_store.indexing.wishes import bought_for, read_wishes
from memory_store.types import Behaviour

TELLING_WORDS = 12
LIKED, DISLIKED = 4.0, 2.0
"""Ratings at or above the one count as liked, at or below the other as disliked."""

_CLAUSE = re.compile(
    r"[.!?]+(?=\s|$)|[;\n()]+|,?\s+\b(?:but|however|although|though|except|yet)\b,?\s|"
    r",\s(?=(?:and|it|they|the|which|i)\b)|\s[-–—]+\s",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ReviewReading:
    """``for_other`` is True for what was bought for somebody else, ``recipient`` who that is where said.

    ``home`` is whom of the household the person shops for. ``praised`` and ``blamed`` are phrase keys, ``wants``
    and ``shuns`` those that the person may say outright they look for or stay away from, ``left`` those of
    ``shuns`` that they used to like. ``aspects`` are those written about, with the side taken (-1 to 1);
    ``complaints`` maps the vocabulary's complaints found to aspects.
    """

    for_other: bool = False
    recipient: str = ""
    home: str = ""
    praised: frozenset[str] = frozenset()
    blamed: frozenset[str] = frozenset()
    wants: frozenset[str] = frozenset()
    shuns: frozenset[str] = frozenset()
    left: frozenset[str] = frozenset()
    aspects: dict[str, float] = field(default_factory=dict)
    complaints: dict[str, str] = field(default_factory=dict)
    telling: str = ""


@dataclass(slots=True)
class _Notes:
    praised: set[str] = field(default_factory=set)
    blamed: set[str] = field(default_factory=set)
    wants: set[str] = field(default_factory=set)
    shuns: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    aspects: dict[str, float] = field(default_factory=dict)
    complaints: dict[str, str] = field(default_factory=dict)
    telling: tuple[float, str] = (0.0, "")


def liked(behaviour: Behaviour) -> bool:
    """Bought and not faulted: rated 4 or 5, or not rated."""
    return behaviour.rating is None or behaviour.rating >= LIKED


def disliked(behaviour: Behaviour) -> bool:
    """Rated 1 or 2."""
    return behaviour.rating is not None and behaviour.rating <= DISLIKED


def read_review(behaviour: Behaviour, lexicon: Lexicon) -> ReviewReading:
    """The reading of a behaviour's review; an empty one for a behaviour without."""
    title, body = one_line(behaviour.review_title), clean(behaviour.review_text)
    if not title and not body:
        return ReviewReading()
    notes = _Notes()
    for at, clause in enumerate([title, *_CLAUSE.split(body)]):
        if clause and not clause.isspace():
            _read_clause(clause, behaviour, lexicon, notes, is_title=at == 0)
    for sentence in re.split(r"[.!?\n]+(?:\s|$)", f"{title}. {body}".lower()):
        wants, shuns, left = read_wishes(sentence, lexicon)
        notes.wants |= wants
        notes.shuns |= shuns
        notes.left |= left
    return ReviewReading(
        *bought_for(f"{title}. {body}".lower()),
        frozenset(notes.praised - notes.shuns),
        frozenset(notes.blamed - notes.wants),
        frozenset(notes.wants - notes.shuns),
        frozenset(notes.shuns),
        frozenset(notes.left),
        notes.aspects,
        notes.complaints,
        notes.telling[1],
    )


def _read_clause(clause: str, behaviour: Behaviour, lexicon: Lexicon, notes: _Notes, *, is_title: bool) -> None:
    tokens = [lexicon.token(word) for word in words(clause)]
    stems = [token.stem for token in tokens]
    side = _side(tokens, behaviour)
    terms = list(lexicon.find(stems))
    weight = len(terms)
    negated: set[str] = set()
    for start, _, term in terms:
        if term.kind == "complaint" and side <= 0 and not _negated(tokens, start):
            notes.complaints.setdefault(term.text, term.aspect)
            weight += 1
        elif term.kind == "value" and _negated(tokens, start):
            negated.add(term.key)
        noted = notes.aspects.get(term.aspect, 0.0)
        notes.aspects[term.aspect] = max(-1.0, min(1.0, noted + side))
    if side:
        denied = {at for at in range(len(tokens)) if _negated(tokens, at)} if any(t.negates for t in tokens) else ()
        keys = phrase_keys(stems, lexicon, longest=2, terms=terms, joined=compounds(clause), without=denied)
        (notes.praised if side > 0 else notes.blamed).update(keys - negated)
    _keep_telling(clause, tokens, terms, weight, side, behaviour, notes, is_title=is_title)


def _side(tokens: Sequence[Token], behaviour: Behaviour) -> float:
    """Whether a clause praises (above 0) or blames (below 0), from its words and from the rating.

    Praise in a review of 1 or 2 stars is not believed: it is sarcasm as often as not.
    """
    total = 0
    for at, token in enumerate(tokens):
        if token.feeling and not (token.feeling < 0 and token.text == "too" and _negated(tokens, at)):
            total += -token.feeling if _negated(tokens, at) else token.feeling
    if disliked(behaviour):
        return -1.0 if total < 0 else -0.5 if total == 0 else 0.0
    if total:
        return 1.0 if total > 0 else -1.0
    return 0.5 if behaviour.rating is not None and liked(behaviour) else 0.0


def _negated(tokens: Sequence[Token], at: int) -> bool:
    return any(token.negates for token in tokens[max(0, at - 3) : at])


def _keep_telling(
    clause: str,
    tokens: Sequence[Token],
    terms: Sequence[tuple[int, int, Term]],
    weight: int,
    side: float,
    behaviour: Behaviour,
    notes: _Notes,
    *,
    is_title: bool,
) -> None:
    count = len(tokens)
    if count < 2:
        return
    agrees = (side > 0 and liked(behaviour)) or (side < 0 and not liked(behaviour))
    values = sum(1 for _, _, term in terms if term.kind == "value")
    length = 1.0 if 4 <= count <= TELLING_WORDS else 0.0
    score = 0.5 + min(weight, 5) + values + agrees + length - (0.8 if is_title else 0.0)
    if score > notes.telling[0]:
        notes.telling = (score, shorten(clause, TELLING_WORDS).strip(" ,-–:\"'"))
