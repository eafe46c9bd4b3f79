"""Prices in words: "under $40", "$20-$30", "between 20 and 30", "my budget is 40"; and wishes for a low one: "cheap".

A number alone is a price only where the phrase allows nothing else; sizes, ages, weights and what something once cost
are not limits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

PriceSpan = tuple[float | None, float | None, int, int]
"""The least and the greatest price (None: open), and where the words for it start and end."""

_AROUND = 0.25
_LEAST_BARE = 5.0

_SPELT = {
    "five": 5.0,
    "ten": 10.0,
    "fifteen": 15.0,
    "twenty": 20.0,
    "twenty-five": 25.0,
    "thirty": 30.0,
    "forty": 40.0,
    "fifty": 50.0,
    "sixty": 60.0,
    "seventy": 70.0,
    "eighty": 80.0,
    "ninety": 90.0,
    "a hundred": 100.0,
    "one hundred": 100.0,
    "two hundred": 200.0,
}
_NUMBER = r"\d[\d,]*(?:\.\d{1,2})?(?!\d)"
_CURRENCY = r"(?:dollars?|bucks|usd|euros?|eur|quid)\b"
_SPELT_NUMBER = "|".join(re.escape(words) for words in sorted(_SPELT, key=len, reverse=True))
_MONEY = rf"""(?: [$£€]\s?{_NUMBER} (?!\s?(?:%|k\b|m\b|million|off\b|per\b|an?\s(?:hour|month|year)\b))
                | {_NUMBER}\s?(?:{_CURRENCY}|[$£€])
                | (?:{_SPELT_NUMBER})\s{_CURRENCY} )"""
_BARE = rf"""{_NUMBER} (?=\s*(?: $ | [.,;!?)](?!\d)
                | \b(?:please|total|max|tops|or\sless|or\sunder|if|but|thanks|for\s(?:my|the|a|his|her)\b)))"""
_UNIT = r"""\s*(?:inch|cm\b|mm\b|oz\b|lbs?\b|")"""
_VERB = r"(?:cost|be|go|going|having|spend|spending|pay|paying|want|to|me|us|priced)"
_LESS = rf"""(?: (?:no|not|\w+n['’]t|without) \s+ (?:{_VERB}\s+){{0,3}} (?:more\s+than|over|above|exceed(?:ing)?)
               | nothing\s+(?:over|above|more\s+than) | under | below | beneath | less\s+th[ae]n | lower\s+than
               | cheaper\s+than | at\s+most | up\s+to | max(?:imum)?(?:\s+of)? | within )"""
_MORE = r"""(?: not?\s+(?:less\s+than|under|below) | over | above | more\s+than | at\s+least | starting\s+(?:at|from)
              | upwards\s+of | minimum(?:\s+of)? )"""
_NEAR = r"(?:around|about|approximately|approx\.?|roughly|near|close\s+to|~)"
_BARE_LESS = r"(?:under|below|less\s+th[ae]n|cheaper\s+than|lower\s+than|no\s+more\s+than|not\s+more\s+than|at\s+most)"
_DASH = r"(?:-|–|—|to|and|through)"
_PRICED = r"(?:priced?|costs?|costing)"


def _pattern(words: str) -> re.Pattern[str]:
    return re.compile(words, re.I | re.X)


_RANGES = (
    _pattern(rf"(?:\b(?:between|from)\s+)? ({_MONEY}|[$£€]?{_NUMBER}) \s*{_DASH}\s* ({_MONEY})"),
    _pattern(rf"(?:\b(?:between|from)\s+)? ([$£€]\s?{_NUMBER}) \s*{_DASH}\s* ({_NUMBER}) (?!{_UNIT}|[\w-])"),
    _pattern(rf"\b between\s+ ({_NUMBER}) \s+and\s+ ({_BARE})"),
)
_LIMITS = (
    ("most", _pattern(rf"\b (?:(?:{_PRICED}|is|be|for)\s+)? {_LESS}\s+ ({_MONEY}) (?:\s+(?:in\s+)?total)?")),
    (
        "most",
        _pattern(
            rf"""({_MONEY}) \s* (?: or\s+(?:less|under|below|cheaper|lower) | and\s+(?:under|below)
                                  | max(?:imum)?\b | tops\b | at\s+(?:the\s+)?most )"""
        ),
    ),
    (
        "least",
        _pattern(rf"({_MONEY}) \s* (?:or\s+(?:more|over|above|higher|up) | and\s+(?:up|above|over) | minimum\b | \+)"),
    ),
    ("near", _pattern(rf"\b (?:in\s+)? (?:the|a)\s+ ({_MONEY}) \s+(?:price\s+)?range")),
    ("near", _pattern(rf"(?<!\bcosts\s)(?<!\bcost\s) \b{_NEAR}\s* ({_MONEY})")),
    ("least", _pattern(rf"\b (?:{_PRICED}\s+)? {_MORE}\s+ ({_MONEY})")),
    (
        "most",
        _pattern(
            rf"""\b (?:(?:my|a|with|on|have|i)\s+)*
                 (?:budget|spend(?:ing)?|pay(?:ing)?|afford|price(?:\s+limit|\s+range)?)\s+
                 (?:(?:is|of|to|only|like|limit|for|it|at|my)\s+){{0,3}} ({_MONEY})"""
        ),
    ),
    ("most", _pattern(rf"({_MONEY}) \s+(?:budget|limit)\b")),
    ("most", _pattern(rf"\b (?:{_PRICED}|budget)\s+(?:is\s+|of\s+)? {_LESS}\s+ ({_NUMBER}) (?!{_UNIT}|[\w%.]*\w)")),
    ("most", _pattern(rf"\b (?:my\s+)?budget\s+(?:is|of)\s+ ({_NUMBER}) (?![\w%])")),
    ("most", _pattern(rf"\b {_BARE_LESS}\s+ ({_BARE})")),
)
_TOLD = _pattern(
    r"""\b(?: costs?(?:ing)?\s+(?:me|us|about|around|over|nearly|at\s+least) | would\s+cost | paid | spent | bought
            | rented | seen | saw | sold | sells? | quoted | sav(?:ed?|ing) | worth | retails? | charged? | used\s+to
            | usually | normally | typically | currently | was | were | had | others? | got | shipping
            | valued?\s+at )\b [^.!?;,]*$"""
)
"""What something cost or is worth is told, not demanded: such a word earlier in the clause speaks against a limit."""
_NO_PRICE = _pattern(
    r"""\b(?: sizes? | aged? | ages | kids? | child | children | toddlers? | boys? | girls? | men | women | people
            | adults? | anyone | those | weigh\w* | holds? | temperature\w* | degrees? | hours? | minutes? | length
            | width | height | tall | wide | deep | noise | speed | calories | carbs | volume | level | waist | stars?
            | rating | wattage | watts? | bmi | players? | quantity | pages? | number )\b [^.!?;,]*$"""
)
_IS_MONEY = _pattern(rf"[$£€] | {_CURRENCY} | \b(?:price|cost|budget)")

_CHEAP = _pattern(
    r"""(?<!not\s)(?<!too\s)(?<!no\s)(?<!looks\s)(?<!look\s)(?<!feels\s)(?<!feel\s)(?<!nothing\s)(?<!dirt\s)(?<!or\s)
        (?<!appear\s)(?<!typical\s)\b
        (?:an\s)? (?: cheap(?:ish)? | inexpensive | affordable | economical | low[\s-](?:cost|priced?) )\b
        (?!-|\s(?:looking|feeling|plastic|junk|stuff|quality|knock|made|materials?))(?:\s(?:and|but)\b)?
      | \b(?: (?:budget|wallet|pocket)[\s-]friendly | lower\sprices\sfirst )\b
      | (?<!\w['’]s\s)(?<!my\s)(?<!our\s)(?<!the\s)(?<!family\s)(?<!household\s)(?<!monthly\s)\bbudget
        (?=\s[a-z]) (?!\s(?:of|is|for|and|but|so|to|app|apps|binders?|board|books?|calculator|calendars?|envelopes?
        |journals?|notebooks?|organi[sz]ers?|pads?|planners?|planning|sheets?|software|spreadsheets?|templates?
        |trackers?|tracking|workbooks?)\b)
      | \b(?:on|within)\s(?:a|my|our)\s(?:(?:tight|small|limited|low|student)\s)?budget\b(?!\sof)
      | \b(?:that(?:['’]s|\sis)\s|but\s|and\s)?(?:not|nothing|isn['’]?t|without\sbeing)\s
        (?:(?:too|very|so|that|overly|crazy|super)\s)?(?:expensive|pricey|pricy|costly|dear)\b
      | \b(?:that\s)?(?:(?:doesn|won|don)['’]?t|does\snot|will\snot)\s
        (?:cost\s(?:a\sfortune|too\smuch|much|the\searth|an\sarm\sand\sa\sleg|a\slot)|break\sthe\sbank)\b
      | \bwithout\s(?:spending\s(?:too\smuch|a\slot|a\sfortune)|breaking\sthe\sbank)\b"""
)


def find_cheap(text: str) -> Iterator[tuple[int, int]]:
    """Where the text wishes for a low price without a figure: "cheap", "on a budget", "not too expensive"."""
    return (match.span() for match in _CHEAP.finditer(text))


def find_prices(text: str) -> Iterator[PriceSpan]:
    """The prices that the text demands, a range before a single limit; no two share a word."""
    taken: list[tuple[int, int]] = []
    for kind, pattern in (*(("range", pattern) for pattern in _RANGES), *_LIMITS):
        for match in pattern.finditer(text):
            start, end = match.span()
            if _is_demanded(text, match) and all(end <= first or start >= last for first, last in taken):
                taken.append((start, end))
                low, high = _bounds(kind, [_amount(words) for words in match.groups()])
                yield low, high, start, end


def _is_demanded(text: str, match: re.Match[str]) -> bool:
    before = text[max(0, match.start() - 60) : match.start()]
    if _TOLD.search(before):
        return False
    return bool(_IS_MONEY.search(match[0])) or not (_NO_PRICE.search(before) or _amount(match[1]) < _LEAST_BARE)


def _bounds(kind: str, amounts: list[float]) -> tuple[float | None, float | None]:
    if kind == "range":
        return min(amounts), max(amounts)
    if kind == "near":
        return round(amounts[0] * (1 - _AROUND), 2), round(amounts[0] * (1 + _AROUND), 2)
    return (amounts[0], None) if kind == "least" else (None, amounts[0])


def _amount(words: str) -> float:
    digits = re.search(_NUMBER, words)
    if digits:
        return float(digits[0].replace(",", ""))
    return _SPELT[re.sub(rf"\s{_CURRENCY}", "", words.lower())]
