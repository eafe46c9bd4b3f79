"""Words of requests and listings: what counts as content, and whether a listing says it."""

from __future__ import annotations

import re
from collections.abc import Collection

from assistant.types import Item

_WORD = re.compile(r"[a-z0-9][a-z0-9'’.+-]*", re.I)
_POLITE = re.compile(
    r"""^(?:(?:hi|hello|hey|please|so|ok(?:ay)?)[\s,!.]+)*
    (?: (?:can|could|would|will)\ you\ (?:please\ )?(?:help\ me\ )?(?:to\ )?
        (?:find|get|recommend|suggest|show|give)(?:\ me)?
      | (?:i'?m|i\ am|we'?re)\ (?:looking|searching|shopping|hunting)(?:\ around)?(?:\ for)?
      | (?:i|we)\ (?:really\ )?(?:need|want|would\ like|would\ love)(?:\ to\ (?:buy|get|find|have))?
      | i'?d\ (?:really\ )?(?:like|love)(?:\ to\ (?:buy|get|find))?
      | (?:help\ me\ )?(?:find|get|show|give|recommend|suggest|buy)(?:\ me)? | need | want | looking\ for
      | what(?:'s|\ is|\ are)(?:\ a|\ the|\ some)?(?:\ good|\ best)?
      | any\ (?:good\ )?(?:recommendations|suggestions|ideas)\ for | do\ you\ (?:have|sell)
    )\s+""",
    re.IGNORECASE | re.VERBOSE,
)
_CLAUSE = re.compile(r"[.,;:!?]\s|\s[-–—]\s")
_HEAD_END = re.compile(
    r"""\s(?:for|that|which|who|with|without|to|because|so|if|when|in|on|under|from|my|by|like|of|than|is|are|has|have
        |need|needs|i|we|he|she)\s
      | [.,;:!?]\s""",
    re.IGNORECASE | re.VERBOSE,
)
_ARTICLE = re.compile(r"^(?:a|an|the|some|any|new|another|good|me)\s+", re.I)

_STOP_WORDS = """
a about after all also am an and another any are as at be because been before but by can could did do does doesn't
don't down each else even ever every few find for from gift give go good got great had has have help her here hers him
his how i i'd i'm i've if im in into is it it's its just keep kind know last less like likes little long look looking
lot lots love loves made make makes making many may me mine more most much must my myself need needed needs new nice no
not now of off ok old on one only or other our out over own people perfect please present product quality really
recommend recommendation recommendations right same say see set should so some someone something sort still such
suggest sure take than thank thanks that that's the their them then there these they thing things this those to too try
under up us use used using usual very want wanted wants was way we well were what what's when where which while who
whom why will with without work works would year years yes you your
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())


def gist(request: str, limit: int = 9) -> str:
    """The request without its polite opening, cut to ``limit`` words: what it is about."""
    text = _ARTICLE.sub("", _POLITE.sub("", request.strip()))
    first = re.split(r"[.;!?](?:\s|$)", text, maxsplit=1)[0] or text
    return " ".join(first.split()[:limit]).strip(" ,.;:!?-")


def head_of(request: str) -> str:
    """The head of a request, without its polite opening: "a co-op board game" of "a co-op board game for two"."""
    return _HEAD_END.split(_POLITE.sub("", request.strip()), maxsplit=1)[0].strip(" .,;:!?")


def clauses_of(text: str) -> list[str]:
    """The clauses of a text that has several, the first six of them; none where it is one."""
    clauses = [clause.strip() for clause in _CLAUSE.split(text) if clause.strip()]
    return clauses[:6] if len(clauses) > 1 else []


def content_words(text: str) -> list[str]:
    """The words of a text that say something about a product, lower case, in order, each once."""
    words = (word.lower().strip("'’.+-") for word in _WORD.findall(text))
    return list(dict.fromkeys(word for word in words if len(word) > 1 and word not in STOP_WORDS))


def content_span(text: str) -> str:
    """The text from its first telling word to its last, as it stands; all of it where no word tells anything."""
    telling = [
        word for word in _WORD.finditer(text) if len(word[0]) > 1 and word[0].lower().strip("'’.+-") not in STOP_WORDS
    ]
    return text[telling[0].start() : telling[-1].end()].rstrip("'’.-") if telling else text.strip()


def says(item: Item, phrase: str) -> bool:
    """Whether the item's listing says the phrase: its words in a row, plural or singular, hyphen or space."""
    return contains(item.text(), phrase)


def name_of(kind: str) -> str:
    """A kind of product as it is named within a sentence."""
    return " ".join(word if word[1:] != word[1:].lower() else word.lower() for word in kind.split())


def contains(text: str, phrase: str) -> bool:
    """Whether ``text`` has the words of ``phrase`` in a row, regardless of case, hyphens and plural s."""
    words = re.findall(r"[^\W_]+", phrase)
    if not words:
        return False
    pattern = r"[\W_]+".join(rf"{re.escape(word[:-1] if _plural(word) else word)}(?:e?s)?" for word in words)
    return re.search(rf"\b{pattern}\b", text, re.I) is not None


def join_words(words: Collection[str], conjunction: str = "and") -> str:
    """ "a", "a and b", "a, b and c"."""
    listed = list(words)
    if len(listed) < 2:
        return "".join(listed)
    return f"{', '.join(listed[:-1])} {conjunction} {listed[-1]}"


def shorten(text: str, limit: int) -> str:
    """The text within ``limit`` characters, cut at a word, with an ellipsis where it was cut."""
    text = " ".join(text.split())
    if len(text) <= limit:
        return text
    return text[: limit - 1].rsplit(" ", 1)[0].rstrip(" ,;:-–(") + "…"


def money(price: float) -> str:
    """A price for reading: "$8.50", "$120", "$1,200"."""
    return f"${price:,.0f}" if price == int(price) else f"${price:,.2f}"


def _plural(word: str) -> bool:
    return len(word) > 3 and word.endswith("s") and not word.endswith("ss")
