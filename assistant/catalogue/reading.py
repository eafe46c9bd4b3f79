"""Reads hard constraints out of a request: prices, ratings, brands, words to avoid, whom it is for, categories.

A false constraint hides what is wanted, so each kind is taken only where the phrase leaves no doubt; everything else
stays in the text and weighs in the ranking as a wish.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from assistant.catalogue.audience import asked_age, asked_sex
from assistant.catalogue.filters import brand_key
from assistant.catalogue.prices import find_cheap, find_prices
from assistant.catalogue.vocabulary import AVOIDABLE, PLAIN_WORDS
from assistant.types import Constraints

_LONGEST_REQUEST = 4000


class _Found(NamedTuple):
    """A constraint: fields of Constraints, and the span of text to take out (empty where it helps the ranking)."""

    values: dict[str, object]
    start: int
    end: int


def read_constraints(
    text: str, *, brands: Collection[str] = (), categories: Collection[str] = ()
) -> tuple[Constraints, str]:
    """The constraints that a request demands outright, and its text without the words that would mislead a ranking.

    ``brands`` and ``categories`` are the catalogue's; no other becomes a constraint. Wanted brands stay in the text.
    Only the first 4,000 characters are read; what comes after them is returned as it is.
    """
    head, tail = text[:_LONGEST_REQUEST].replace("\0", " "), text[_LONGEST_REQUEST:]
    known = _by_key(brands if isinstance(brands, tuple) else tuple(brands))
    readers: tuple[Callable[[str], Iterator[_Found]], ...] = (
        _ratings,
        _prices,
        _cheap,
        _avoided,
        _audience,
        lambda words: _brands(words, known),
        lambda words: _category(words, categories),
    )
    values: dict[str, object] = {}
    for reader in readers:
        for found in reader(head):
            _collect(values, found.values)
            head = head[: found.start] + "\0" * (found.end - found.start) + head[found.end :]
    if not values:
        return Constraints(), text
    low, high = values.get("price_min"), values.get("price_max")
    if isinstance(low, float) and isinstance(high, float) and low > high:
        del values["price_min"]
    return Constraints(**values), _tidied(head) + tail  # type: ignore[arg-type]


def _collect(values: dict[str, object], new: dict[str, object]) -> None:
    """The first of a kind stands; brands and words to avoid add up."""
    for name, value in new.items():
        earlier = values.get(name)
        if isinstance(value, tuple) and isinstance(earlier, tuple):
            values[name] = tuple(dict.fromkeys(earlier + value))
        else:
            values.setdefault(name, value)


def _tidied(text: str) -> str:
    text = re.sub(rf"(?:\s*\b(?:{_DANGLING})[\s,]*)?\0+", "\0", text, flags=re.I)
    text = re.sub(r"\s*\0[\s\0]*", " ", text)
    text = re.sub(r"\s+([,.;!?])", r"\1", text)
    text = re.sub(r"([,;])(?:\s*[,;])+|[,;]\s*(?=[.!?])", r"\1", text)
    return text.strip(" ,;") if re.search(r"\w", text) else ""


_DANGLING = r"and|but|or|for|with(?:\s+a)?|that\s+(?:is|are|has|have)|it\s+should\s+be|priced|costing|my|I"


def _prices(text: str) -> Iterator[_Found]:
    for low, high, start, end in find_prices(text):
        values = {"price_min": low, "price_max": high}
        yield _Found({name: value for name, value in values.items() if value is not None}, start, end)


def _cheap(text: str) -> Iterator[_Found]:
    return (_Found({"cheap": True}, start, end) for start, end in find_cheap(text))


# Ratings

_STARS = r"(?<![\d.$/-])([1-5](?:\.\d)?|three|four|five)"
_SAID = r"(?:\s+(?:rating|rated|reviews?))?"
_UP = r"(?: (?:or|and)\s+(?:up|above|over|higher|more|better|greater) | \+ | plus\b | minimum\b | at\s+least )"
_AT_LEAST = r"""(?: at\s+least | (?:a\s+)?minimum(?:\s+of)? | min | over | above | more\s+than | better\s+than
                  | higher\s+than | no\s+less\s+than | not\s+less\s+than )"""
_RATED = r"""\b(?:with\s+)?(?:an?\s+)?(?:average\s+)?
             (?:rated|ratings?(?:\s+of)?|reviews?\s+of|score[ds]?(?:\s+of)?)\s+(?:is\s+)?"""
_RATINGS = tuple(
    re.compile(pattern, re.I | re.X)
    for pattern in (
        rf"""\b(?:with\s+|rated\s+)?(?:a\s+)?(?:rating\s+of\s+)?(?:{_AT_LEAST}\s+)?
             {_STARS}(?:\s*|-)stars?{_SAID}\s*{_UP}""",
        rf"\b(?:with\s+|rated\s+)?{_AT_LEAST}\s+(?:a\s+)?{_STARS}(?:\s*|-)stars?{_SAID}",
        rf"(?:\b(?:with|rated)\s+)?{_STARS}\s*\+\s*(?:stars?|ratings?|rated)\b",
        rf"{_RATED}{_AT_LEAST}\s+{_STARS}(?![\w/%]|\.\d)(?:\s+stars?)?",
        rf"{_RATED}{_STARS}(?:\s+stars?)?\s*{_UP}",
    )
)


def _ratings(text: str) -> Iterator[_Found]:
    spelt = {"three": 3.0, "four": 4.0, "five": 5.0}
    for pattern in _RATINGS:
        match = pattern.search(text)
        if match:
            stars = match[1].lower()
            value = spelt[stars] if stars in spelt else float(stars)
            if value <= 5:
                yield _Found({"minimum_rating": value}, *match.span())
                return


# Words to avoid

_AVOIDABLE = "|".join(
    re.escape(word).replace(r"\-", r"[\s-]") for word in sorted(AVOIDABLE, key=lambda word: (-len(word), word))
)
_REFUSED = re.compile(
    rf"""\b(?: not | no | without | avoid(?:ing)? | never | isn['’]?t | is\s+not | aren['’]?t | are\s+not
             | (?:don['’]?t|do\s+not)\s+(?:want|like|use)
             | (?:doesn['’]?t|does\s+not|not)\s+
                 (?:have|contain|include|need|require|containing|having|including|use|using)
             | allergic\s+to | anything\s+but | nothing(?:\s+(?:with|in))? )\s+
        (?:(?:an?|any|made\s+(?:of|from|with)|contain(?:s|ing)?|added|real|harsh|the|in|from|or|monthly|yearly)\s+){{0,3}}
        (?P<words>(?:{_AVOIDABLE})
            (?:\s*(?:,\s*(?:(?:and|or|nor|no|not)\s+)?|/|\s(?:and|or|nor)\s+(?:no\s+)?)(?:{_AVOIDABLE})\b)*)
        (?![\s-]*(?:free|less|based|proof|resistant|safe|compatible|friendly)|-?\w)""",
    re.I | re.X,
)
_EACH_AVOIDABLE = re.compile(rf"\b(?:{_AVOIDABLE})\b", re.I)


def _avoided(text: str) -> Iterator[_Found]:
    for match in _REFUSED.finditer(text):
        words = (re.sub(r"[\s-]+", " ", word.lower()) for word in _EACH_AVOIDABLE.findall(match["words"]))
        yield _Found({"avoided_words": tuple(dict.fromkeys(words))}, *match.span())


def _audience(text: str) -> Iterator[_Found]:
    """Whom it is for; the words stay, since items say them too."""
    if (age := asked_age(text)) is not None:
        yield _Found({"age": age}, 0, 0)
    if (sex := asked_sex(text)) is not None:
        yield _Found({"sex": sex}, 0, 0)


# Brands

_WORD = re.compile(r"[^\s,;:!?()\"/\0]+")
_BY = re.compile(
    r"\b(?:(?:made|manufactured)\s+by|by|(?:the\s+)?brand(?:\s+(?:is|of|name))?:?)\s+(?:the\s+brand\s+)?", re.I
)
_FROM = re.compile(r"\b(?:from|only|just|nothing\s+but)\s+", re.I)
_BUT = re.compile(
    r"\b(?:not|no|except(?:\s+for)?|other\s+than|(?:anything|everything|any\s+brand|something)\s+but|avoid|besides|"
    r"(?:don't|dont|do\s+not)\s+(?:want|like))\s+(?:(?:made\s+)?(?:by|from)\s+)?(?:the\s+brand\s+|any\s+|the\s+)?",
    re.I,
)
_AND = re.compile(r"\s*(?:,|/|,?\s(?:and|or|nor))\s+(?:by\s+|from\s+)?", re.I)
_AFTER = re.compile(r"\s+(?:brand(?:ed)?\b|only\b(?=\s*(?:$|[.,;!?]|please)))", re.I)
_CLAUSE_END = re.compile(r"\s*(?:$|[.,;!?])")
_NEVER = frozenset(("hand", "mistake", "default", "heart", "them", "itself"))
_MOST_WORDS = 5


@lru_cache(maxsize=8)
def _by_key(brands: tuple[str, ...]) -> dict[str, str]:
    return {key: brand for brand in brands if len(key := brand_key(brand)) > 1}


def _brands(text: str, known: dict[str, str]) -> Iterator[_Found]:
    for cue in _BUT.finditer(text):
        refused, end = _listed(text, cue.end(), known, sure=False)
        if refused:
            yield _Found({"excluded_brands": refused}, cue.start(), end)
    for cues, sure in ((_BY, True), (_FROM, False)):
        for cue in cues.finditer(text):
            if re.search(r"\b(?:not|no|but|except|made\s+not)\s+$", text[: cue.start()], re.I):
                continue
            wanted, end = _listed(text, cue.end(), known, sure=sure)
            if wanted:
                yield _Found({"brands": wanted}, end, end)
    for after in _AFTER.finditer(text):
        words = list(_WORD.finditer(text, max(0, after.start() - 80), after.start()))
        for word in words[-_MOST_WORDS:]:
            brand, end = _brand_at(text[: after.start()], word.start(), known, sure=True)
            if brand and end == after.start():
                yield _Found({"brands": (brand,)}, end, end)
                break


def _listed(text: str, start: int, known: dict[str, str], *, sure: bool) -> tuple[tuple[str, ...], int]:
    """The brands named from ``start`` on ("Sony, Bose or JBL"), and where they end."""
    found: list[str] = []
    brand, end = _brand_at(text, start, known, sure=sure)
    stop = start
    while brand:
        found.append(brand)
        stop = end
        more = _AND.match(text, stop)
        brand, end = _brand_at(text, more.end(), known, sure=False) if more else (None, stop)
    return tuple(found), stop


def _brand_at(text: str, start: int, known: dict[str, str], *, sure: bool) -> tuple[str | None, int]:
    """The longest brand that begins at ``start``. In lower case an everyday word counts only where ``sure``."""
    ends = [word.end() for word in islice(_WORD.finditer(text, start), _MOST_WORDS)]
    for end in reversed(ends):
        words = re.sub(r"['’]s?$", "", text[start:end].rstrip("."))
        brand = known.get(brand_key(words)) if re.fullmatch(r"\w[^,;:!?\0]*", words) else None
        plain = words.islower() and (words in PLAIN_WORDS or len(words) < 4)
        if brand and (not plain or (sure and words not in _NEVER and _CLAUSE_END.match(text, start + len(words)))):
            return brand, start + len(words)
    return None, start


# Categories

_SECTION = r"(?:section|category|department|aisle)"


def _category(text: str, categories: Collection[str]) -> Iterator[_Found]:
    for phrase, category in _named(tuple(categories)):
        words = r"\s+".join("(?:and|&)" if word == "and" else re.escape(word) for word in phrase.split())
        section = re.search(rf"\b(?:in|from|under|within)\s+(?:the\s+)?{words}\s+{_SECTION}\b", text, re.I)
        full = (
            phrase == category
            and " " in phrase
            and re.search(rf"\b(?:in|from|under|within)\s+(?:the\s+)?{words}\b", text, re.I)
        )
        short = re.search(rf"\bin\s+{words}(?=\s*(?:$|[.,;!?]))", text) if phrase[:1].isupper() else None
        match = section or full or short
        if match:
            yield _Found({"category": category}, *match.span())
            return


@lru_cache(maxsize=8)
def _named(categories: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """What people call the categories, longest first: the whole name, or a part of it ("Toys" of "Toys and Games")."""
    names = [(category, category) for category in categories if category]
    for category in sorted(categories, key=lambda name: (not name.startswith("All "), name)):
        parts = re.split(r"\s*(?:,|&|\band\b)\s*", category.removeprefix("All "))
        names += [(part, category) for part in parts if len(part) > 2 and part != category]
    return tuple(sorted(dict(reversed(names)).items(), key=lambda name: (-len(name[0]), name[0])))
