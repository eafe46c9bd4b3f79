"""Measures that texts state ("28cm", "ten feet", "650-700 mm", "size 5"), and how near an item's are to those asked."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

_UNITS = {
    "length": {
        "mm|millimet(?:er|re)s?": 0.001,
        "cm|centimet(?:er|re)s?": 0.01,
        "m|met(?:er|re)s?": 1.0,
        'in(?=[\\s,.;)]|$)(?!\\s+(?:\\d|an?|one|the|my|our)\\b)|inch(?:es)?|"|”': 0.0254,
        "ft|feet|foot": 0.3048,
        "yds?|yards?": 0.9144,
    },
    "volume": {
        "ml|millilit(?:er|re)s?": 0.001,
        "cl": 0.01,
        "l|lit(?:er|re)s?": 1.0,
        "fl\\.?\\s?oz|fluid\\s+ounces?": 0.02957,
        "pints?": 0.4732,
        "qts?|quarts?": 0.9464,
        "gal|gallons?": 3.785,
    },
    "weight": {"g|grams?": 0.001, "kg|kilos?|kilograms?": 1.0, "oz|ounces?": 0.02835, "lbs?|pounds?": 0.4536},
    "power": {"w|watts?": 1.0},
    "voltage": {"v|volts?": 1.0},
    "storage": {"gb|gigabytes?": 1.0, "tb|terabytes?": 1000.0},
    "charge": {"mah": 1.0},
    "count": {"packs?|pieces?|pcs?|count|ct": 1.0},
}
_FACTORS = {unit: (dimension, factor) for dimension, units in _UNITS.items() for unit, factor in units.items()}
_UNIT = re.compile("|".join(f"({unit})" for unit in _FACTORS), re.I)
_SPELT = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_NUMBER = rf"(?:\d[\d,]*(?:\.\d+)?|\.\d+|\b(?:{'|'.join(_SPELT)})\b)"
_BOUND = (
    r"(?P<most>under|below|up\s+to|at\s+most|max(?:imum)?(?:\s+of)?|(?:no|not)\s+more\s+than|less\s+than)"
    r"|(?P<least>over|above|at\s+least|min(?:imum)?(?:\s+of)?|more\s+than)"
)
_MEASURE = re.compile(
    rf"""(?<![\w.'’-])(?:\b(?:{_BOUND})\s+)?
         (?P<numbers>{_NUMBER}(?:\s*(?:["”]|in|cm|mm|m|ft)?\s*(?P<between>x|×|by|-|–|to)\s*{_NUMBER})*)
         [\s-]*(?P<unit>{"|".join(_FACTORS)})(?![\w'’])""",
    re.I | re.X,
)
_SIZE = re.compile(r"\bsize\s+(\d{1,3}(?:\.5)?)\b(?!\s*(?:x\s*\d|%|-?\s*(?:mm|cm|m|inch))\b)", re.I)
_EACH = re.compile(_NUMBER, re.I)
_OPEN = 1.6
"""How far a bound reaches: "at least 50 cm" wants 50 to 80."""

_FAR = math.log(1.4)
"""Measures apart by this factor or more have nothing in common."""


class Measure(NamedTuple):
    """A stated quantity in the dimension's base unit (metres, litres, kilograms, …), from low to high."""

    dimension: str
    low: float
    high: float


def read_measures(text: str) -> list[Measure]:
    """The measures that a text states, in its order; those of "size 5" have the dimension "size"."""
    found = [(match.start(), measure) for match in _MEASURE.finditer(text) for measure in _measures(match)]
    for match in _SIZE.finditer(text):
        found.append((match.start(), Measure("size", float(match[1]), float(match[1]))))
    return [measure for _, measure in sorted(found)]


def _measures(match: re.Match[str]) -> Iterator[Measure]:
    unit = _UNIT.fullmatch(match["unit"])
    if unit is None:
        return
    dimension, factor = _FACTORS[list(_FACTORS)[(unit.lastindex or 1) - 1]]
    values = [value * factor for number in _EACH.findall(match["numbers"]) if (value := _value(number)) > 0]
    if not values:
        return
    if match["most"]:
        yield Measure(dimension, min(values) / _OPEN, min(values))
    elif match["least"]:
        yield Measure(dimension, max(values), max(values) * _OPEN)
    elif (match["between"] or "").lower() in ("-", "–", "to"):
        yield Measure(dimension, min(values), max(values))
    else:
        yield from (Measure(dimension, value, value) for value in values)


def _value(number: str) -> float:
    spelt = number.lower()
    return float(_SPELT.index(spelt) + 1) if spelt in _SPELT else float(number.replace(",", ""))


def nearness(asked: Collection[Measure], stated: Collection[Measure]) -> float:
    """From 0 (nothing asked is stated) to 1 (each is): the mean of each asked one's nearest stated one, by ratio."""
    if not asked:
        return 0.0
    return sum(max((_near(one, other) for other in stated), default=0.0) for one in asked) / len(asked)


def _near(one: Measure, other: Measure) -> float:
    if one.dimension != other.dimension:
        return 0.0
    apart = math.log(max(one.low, other.low) / min(one.high, other.high))
    if one.dimension == "size":
        return float(apart <= 0)
    return min(1.0, max(0.0, 1 - apart / _FAR)) if apart > 0.06 else 1.0
