"""Whom an item is for, where it says so: an age in years, men or women; and whom a request says that it is for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.types import Item, Sex

SAYING_WHOM = ("age", "year", "yr", "men", "man", "boy", "male", "women", "woman", "girl", "lady", "female")
"""Words without which a text says nothing of whom it is for."""

_WHOM = re.compile(rf"(?:{'|'.join(SAYING_WHOM)})(?:['’]?s)?", re.I)
_OLDEST = 17
_NUMBERS = r"(?P<ages>\d{1,2}(?:(?:\s*(?:-|–|,|&|/|to|and)\s*|\s)\d{1,2})*)"
_ON = r"(?P<on>\s*(?:\+|plus\b|and\s+(?:up|over|older|above)\b))?"
_STATED = (
    re.compile(rf"\b{_NUMBERS}{_ON}[\s-]*(?:years?|yrs?)[\s-]*olds?\b(?P<older>\s+(?:and|or)\s+(?:up|older))?", re.I),
    re.compile(rf"\bages?:?\s+{_NUMBERS}{_ON}(?!\s*(?:-|–|to)?\s*\d*\s*mo)(?P<older>\s+years\s+(?:and\s+)?up)?", re.I),
)
_SPELT = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_YEARS = rf"\d{{1,2}}|{'|'.join(_SPELT)}"
_ASKED_AGE = re.compile(
    rf"\b(?:(?P<old>{_YEARS})(?:[\s-]*(?:years?|yrs?)[\s-]*olds?|\s*y/?o)|turn(?:s|ing)\s+(?P<turns>{_YEARS}))\b", re.I
)
_MEN, _WOMEN = (
    re.compile(rf"(?<![\w-])(?:{words})['’]?s?(?![\w-])", re.I)
    for words in ("men|man|boys?|male", "women|woman|girls?|lady|ladies|female")
)
_FOR_MEN, _FOR_WOMEN = (
    re.compile(rf"(?<![\w-])(?:(?:{many})['’]?s|(?:{many}s?)['’]|for\s+(?:{many}s?|{one}))(?![\w-])", re.I)
    for many, one in (("men|boy", "an?\\s+(?:man|boy)"), ("women|girl|ladie", "an?\\s+(?:woman|girl)"))
)


def asked_age(text: str) -> int | None:
    """The age in years of the child that a request is for ("for a 6 year old"); None: no child's age is named."""
    match = _ASKED_AGE.search(text)
    said = (match["old"] or match["turns"]).lower() if match else "0"
    age = _SPELT.index(said) + 1 if said in _SPELT else int(said)
    return age if 0 < age <= _OLDEST else None


def asked_sex(text: str) -> Sex | None:
    """Whether a request is for men or boys, or for women or girls; None where it says neither, or both."""
    men, women = _FOR_MEN.search(text), _FOR_WOMEN.search(text)
    return None if bool(men) == bool(women) else "men" if men else "women"


def says_whom(word: str) -> bool:
    """Whether a word says whom something is for ("women's"): a matter of the filters, not of the ranking."""
    return _WHOM.fullmatch(word) is not None


def suits_age(item: Item, age: int) -> bool:
    """Whether the ages that the item states, if any, include this one; the title is more exact than the features."""
    ranges = [*_ages(item.title)] or [found for text in item.features for found in _ages(text)]
    return not ranges or any(low <= age <= high for low, high in ranges)


def suits_sex(item: Item, sex: Sex) -> bool:
    """Whether title and categories do not say that the item is for the others only."""
    text = " . ".join((item.title, *item.categories))
    ours, theirs = (_MEN, _WOMEN) if sex == "men" else (_WOMEN, _MEN)
    return bool(ours.search(text)) or not theirs.search(text)


def _ages(text: str) -> Iterator[tuple[int, int]]:
    """The ranges of years that a text states: "3 4 5 Year Olds", "Ages 6-8", "age 8 and up"."""
    for pattern in _STATED:
        for match in pattern.finditer(text):
            numbers = [int(number) for number in re.findall(r"\d+", match["ages"])]
            yield min(numbers), 120 if match["on"] or match["older"] else max(numbers)
