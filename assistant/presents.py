"""What a present is about: the request without the words that say that it is one and whom it is for.

"A gift for my dad who fishes" asks for something about fishing: left in the query, "gift", "dad" and "who" would rank
gift cards and jewellery before a rod.
"""

from __future__ import annotations

import re

from assistant.cues import ADULT
from assistant.words import content_words

_DAY = r"(?:mother|father|valentine)'?s[ ]day"
_OCCASION = rf"""(?:birthday|christmas|xmas|wedding|anniversary|retirement|housewarming|graduation|leaving|farewell|
                 thank[ -]you|easter|hanukkah|eid|diwali|{_DAY})"""
_WHAT = rf"""\b(?:an?\s+|some\s+|the\s+)?
             (?:(?:small|little|nice|good|perfect|great|last[ -]minute|cheap|{_OCCASION})\s+)*
             (?:gifts?|presents?)\b(?!\s+(?:cards?|bags?|box(?:es)?|wrap(?:ping)?|tags?|vouchers?)\b)
             (?:\s+(?:ideas?|suggestions?))?"""
_SMALL = r"\b(?:a\s+)?(?:stocking\s+(?:stuffers?|fillers?)|secret\s+santa)\b"
_WHOSE_DAY = rf"\b(?:it's\s+|it\s+is\s+|for\s+)?(?:my|our)\s+(?:\w+\s+)?{ADULT}'?s\s+(?:\w+\s+)?{_OCCASION}\b"
_WHOM = rf"\b(?:for|to\s+give(?:\s+to)?)\s+(?:my|our|his|her|an?|the|some)\s+(?:\w+\s+)?{ADULT}\b"
_LIKES = r"""\b(?:who|that|he|she|they)(?:'s|\s+is|'re|\s+are)?\s+
             (?:(?:really|always|also)\s+)?(?:loves?|likes?|enjoys?|into|mad\s+about|keen\s+on|would\s+(?:like|love))\b"""
_REST = r"\b(?:who|that)\b"
_PRESENT = re.compile("|".join((_WHOSE_DAY, _WHAT, _SMALL, _WHOM, _LIKES, _REST)), re.IGNORECASE | re.VERBOSE)
_EMPTY = re.compile(r"(?:^|(?<=[\s,.;:]))(?:for|an?)?\s*[,.;:](?=\s|$)|^\s*for\s+(?:an?\s+|my\s+)?")


def about_what(text: str) -> str:
    """The part of a request for a present that speaks of the thing; the whole request where nothing else is left."""
    rest = " ".join(_EMPTY.sub(" ", " ".join(_PRESENT.sub(" ", text).split())).split()).strip(" ,.;:?!")
    return rest if content_words(rest) else text
