"""What a review says: for whom the item was bought, what it praises and blames, and its telling clause."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from memory_store.indexing.items import phrase_keys
from memory_store.indexing.lexicon import Lexicon
from memory_store.indexing.text import clean, one_line, shorten, stem, words
from memory_store.types import Behaviour

TELLING_WORDS = 12
LIKED, DISLIKED = 4.0, 2.0
"""Ratings at or above the one count as liked, at or below the other as disliked."""

_CLAUSE = re.compile(
    r"[.!?]+(?=\s|$)|[;\n()]+|,?\s+\b(?:but|however|although|though|except|yet)\b,?\s|,\s(?=(?:and|it|they|the|which|i)\b)|\s[-–—]+\s",
    re.I,
)
_WANTS = re.compile(
    r"\b(?:i|we)(?:'m| am| are| was)? ?(?:always|only|really|just|mostly|usually|still|do|specifically|will only)? ?"
    r"(?:prefer|preferred|look for|looking for|insist on|buy only|only buy|always buy|only use|swear by|"
    r"must have) (?P<tail>.{3,60})"
)
_SHUNS = re.compile(
    r"\b(?:allergic to|(?:can't|cannot|can not) stand|i (?:really )?(?:hate|avoid|dislike)|i try to avoid|"
    r"intolerant to|i'm (?:very )?sensitive to|i (?:don't|do not|never) (?:like|care for|want|buy|eat|wear)|"
    r"not a fan of) (?P<tail>.{3,60})"
)
_SELF = re.compile(r"\b(?:i'm|i am|as an?|being|we're|we are|i have|i've got|my) (?P<tail>.{2,50})")
SELF_ASPECTS = frozenset({"Diet", "Skin Type", "Hair Type", "Ease of Use", "Fit", "Pet Suitability", "Age Range"})
_GIFT = re.compile(
    r"(?P<idea>\b(?:great|perfect|nice|good|ideal|wonderful|make|makes|excellent|cute)\s(?:\w+\s){0,2})?"
    r"\b(?:as|for|was|is|were)\s(?:an?\s|the\s|his\s|her\s|my\s|our\s|their\s)?(?:[\w']+\s){0,3}?(?:gift|gifts|present)\b(?!\scards?)"
)
_GAVE = re.compile(
    r"\b(?:gifted (?:this|it|them|these)|gave (?:this|it|them|these|one) (?:to|as)|(?:gift|present) bought|"
    r"(?:gift|present) (?:for|to) (?:my|our|an?)\b)"
)


@dataclass(frozen=True, slots=True)
class ReviewReading:
    """``for_other`` is True for what was bought for somebody else, ``recipient`` who that is where said.

    ``home`` is whom of the household the person shops for. ``praised`` and ``blamed`` are phrase keys, ``wants``
    and ``shuns`` those that the person says outright they look for or stay away from. ``aspects`` are those
    written about, with the side taken (-1 to 1); ``complaints`` maps the vocabulary's complaints found to aspects.
    """

    for_other: bool = False
    recipient: str = ""
    home: str = ""
    praised: frozenset[str] = frozenset()
    blamed: frozenset[str] = frozenset()
    wants: frozenset[str] = frozenset()
    shuns: frozenset[str] = frozenset()
    aspects: dict[str, float] = field(default_factory=dict)
    complaints: dict[str, str] = field(default_factory=dict)
    telling: str = ""


@dataclass(slots=True)
class _Notes:
    praised: set[str] = field(default_factory=set)
    blamed: set[str] = field(default_factory=set)
    wants: set[str] = field(default_factory=set)
    shuns: set[str] = field(default_factory=set)
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
    for_other, recipient, home = _bought_for(f"{title}. {body}".lower(), lexicon)
    return ReviewReading(
        for_other,
        recipient,
        home,
        frozenset(notes.praised),
        frozenset(notes.blamed),
        frozenset(notes.wants),
        frozenset(notes.shuns),
        notes.aspects,
        notes.complaints,
        notes.telling[1],
    )


def _read_clause(clause: str, behaviour: Behaviour, lexicon: Lexicon, notes: _Notes, *, is_title: bool) -> None:
    tokens = words(clause)
    stems = [lexicon.mend(stem(token)) for token in tokens]
    side = _side(tokens, stems, behaviour, lexicon)
    weight = 0
    negated: set[str] = set()
    for start, _, term in lexicon.find(stems):
        weight += 1
        if term.kind == "complaint":
            if side <= 0 and not _negated(tokens, start, lexicon):
                notes.complaints.setdefault(term.text, term.aspect)
                weight += 1
        elif term.kind == "value" and _negated(tokens, start, lexicon):
            negated.add(term.key)
        noted = notes.aspects.get(term.aspect, 0.0)
        notes.aspects[term.aspect] = max(-1.0, min(1.0, noted + side))
    if side:
        keys = phrase_keys(stems, lexicon, longest=2) - negated
        (notes.praised if side > 0 else notes.blamed).update(keys)
    weight += 3 * _read_wishes(clause.lower(), lexicon, notes)
    _keep_telling(clause, len(tokens), weight, side, behaviour, notes, is_title=is_title)


def _side(tokens: Sequence[str], stems: Sequence[str], behaviour: Behaviour, lexicon: Lexicon) -> float:
    """Whether a clause praises (above 0) or blames (below 0), from its words and from the rating.

    Praise in a review of 1 or 2 stars is not believed: it is sarcasm as often as not.
    """
    total = 0
    for at, (token, word) in enumerate(zip(tokens, stems, strict=True)):
        value = (token in lexicon.positive or word in lexicon.positive) - (
            token in lexicon.negative or word in lexicon.negative
        )
        if token == "too" and at + 1 < len(tokens) and not _negated(tokens, at, lexicon):
            value = -1
        if value:
            total += -value if _negated(tokens, at, lexicon) else value
    if disliked(behaviour):
        return -1.0 if total < 0 else -0.5 if total == 0 else 0.0
    if total:
        return 1.0 if total > 0 else -1.0
    return 0.5 if behaviour.rating is not None and liked(behaviour) else 0.0


def _negated(tokens: Sequence[str], at: int, lexicon: Lexicon) -> bool:
    return any(token in lexicon.negators for token in tokens[max(0, at - 3) : at])


def _read_wishes(clause: str, lexicon: Lexicon, notes: _Notes) -> int:
    """What the person says of themselves; returns how many wishes were found."""
    if (found := _SHUNS.search(clause)) is not None:
        values, opening = _named(found["tail"], lexicon)
        notes.shuns |= values or opening
        return len(values)
    if (found := _WANTS.search(clause)) is not None:
        values, _ = _named(found["tail"], lexicon)
        notes.wants |= values
        return len(values)
    if (found := _SELF.search(clause)) is not None:
        stems = [stem(word) for word in words(found["tail"])][:4]
        own = {term.key for _, _, term in lexicon.find(stems) if term.kind == "value" and term.aspect in SELF_ASPECTS}
        notes.wants |= own
        return len(own)
    return 0


def _named(tail: str, lexicon: Lexicon) -> tuple[set[str], set[str]]:
    """The vocabulary's values in what follows "I need ...", and the words it opens with."""
    tokens = [stem(word) for word in words(tail)][:6]
    values = {term.key for _, _, term in lexicon.find(tokens) if term.kind == "value"}
    opening: list[str] = []
    for token in tokens[:2]:
        if token in lexicon.stop or len(token) < 4:
            break
        opening.append(token)
    return values, {" ".join(opening)} if opening else set()


def _keep_telling(
    clause: str, count: int, weight: int, side: float, behaviour: Behaviour, notes: _Notes, *, is_title: bool
) -> None:
    if count < 2:
        return
    agrees = (side > 0 and liked(behaviour)) or (side < 0 and not liked(behaviour))
    length = 1.0 if 4 <= count <= TELLING_WORDS else 0.0
    score = 0.5 + min(weight, 5) + agrees + length - (0.8 if is_title else 0.0)
    if score > notes.telling[0]:
        notes.telling = (score, shorten(clause, TELLING_WORDS).strip(" ,-–:\"'"))


def _recipients(names: frozenset[str]) -> str:
    return "|".join(sorted((name for name in names if len(name) > 2), key=len, reverse=True))


_PATTERNS: dict[int, tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]] = {}


def _recipient_patterns(lexicon: Lexicon) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    if id(lexicon) not in _PATTERNS:
        other = _recipients(lexicon.recipients_other - {"him", "her", "them", "friend's"})
        home = _recipients(lexicon.recipients_home)
        _PATTERNS[id(lexicon)] = (
            re.compile(rf"\bfor (?:my|our|a) (?:[\w'-]+ ){{0,4}}?(?P<who>{other})\b"),
            re.compile(
                rf"(?<!and )(?<!even )\bmy (?:[\w-]+ ){{0,3}}?(?P<who>{other}) (?:absolutely |really |just )?"
                r"(?:loves?|loved|likes?|liked|adores?|enjoys?|wears?|uses?|was thrilled|is thrilled|is happy)"
            ),
            re.compile(rf"\b(?:for|to) (?:my|our|a|the) (?:[\w'-]+ ){{0,4}}?(?P<who>{home})\b"),
        )
    return _PATTERNS[id(lexicon)]


def _bought_for(text: str, lexicon: Lexicon) -> tuple[bool, str, str]:
    """Whether a review says that the item is for somebody else, who that is, and whom at home it is for."""
    if "for" not in text and "my" not in text and "gift" not in text and "present" not in text:
        return False, "", ""
    bought, pleased, at_home = _recipient_patterns(lexicon)
    who = bought.search(text) or pleased.search(text)
    home = at_home.search(text)
    gift = _GAVE.search(text) is not None or any(not found["idea"] for found in _GIFT.finditer(text))
    if who is not None:
        return True, who["who"], ""
    if gift:
        return True, home["who"] if home else "", ""
    return False, "", home["who"] if home else ""
