"""Plain text work: cleaning what people and sellers wrote, words, phrases, and shortening for reading."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from functools import lru_cache

MAXIMUM_CHARACTERS = 4000
"""Of one text; what stands behind is not read."""

_MARKUP = re.compile(r"<[^<>]{0,200}>|\[\[[A-Z]+ID:[^\]]*\]\]|https?://\S+|www\.\S+")
_INVISIBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_SPACES = re.compile(r"[ \t\u00a0\n]+")
_WORD = re.compile(r"[^\W_]+(?:'[^\W\d_]+)?")
_CUT = re.compile(r"[.!?;:,|()\[\]{}/\n•●★✔✓【】\"“”*~+&=]+|\s[-–—]+\s|[–—]+|(?<=\w)-\s")
_TITLE_CUT = re.compile(r"\s[-–—|]\s|[,;:(\[|]|\s*[–—|]\s*")


def clean(text: str) -> str:
    """A text without markup, addresses, invisible and control characters; bounded; line breaks kept."""
    bounded = text[:MAXIMUM_CHARACTERS]
    if "&" in bounded:
        bounded = html.unescape(bounded)
    if "<" in bounded or "[" in bounded or "://" in bounded or "www." in bounded:
        bounded = _MARKUP.sub(". ", bounded)
    return _INVISIBLE.sub("", bounded.replace("’", "'").replace("‘", "'")).strip()


def one_line(text: str) -> str:
    """A cleaned text on one line."""
    return _SPACES.sub(" ", clean(text)).strip()


def segments(text: str) -> list[str]:
    """The pieces between punctuation: no phrase reaches from one into the next."""
    return [piece for piece in _CUT.split(text) if piece and not piece.isspace()]


def words(text: str) -> list[str]:
    """The words in lower case; hyphens part words, an apostrophe does not."""
    return _WORD.findall(text.lower())


def compounds(text: str) -> list[tuple[int, int]]:
    """Which of ``words(text)`` hyphens join, as (start, end): "a deep-pocket sheet" gives [(1, 3)]."""
    if "-" not in text:
        return []
    places = [match.span() for match in _WORD.finditer(text)]
    found: list[tuple[int, int]] = []
    for at in range(1, len(places)):
        if text[places[at - 1][1] : places[at][0]] == "-":
            start = found.pop()[0] if found and found[-1][1] == at else at - 1
            found.append((start, at + 1))
    return found


_SINGULAR = frozenset({"glasses", "sunglasses", "windows", "jeans", "pants", "news", "always", "perhaps"})


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """A word without its plural ending: a key to compare by, never shown."""
    if len(word) <= 3 or word[-1] != "s" or word[-2] in "suia'" or word in _SINGULAR:
        return word[:-2] if word.endswith("'s") else word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("shes", "ches", "xes", "sses")):
        return word[:-2]
    return word[:-1]


@lru_cache(maxsize=50_000)
def key(phrase: str) -> str:
    """What two wordings of one phrase share: "Fragrance-Free" and "fragrance free" are the same."""
    return " ".join(stem(word) for word in words(phrase))


def shorten(text: str, limit: int) -> str:
    """At most ``limit`` words of a text on one line, ended by an ellipsis where something was cut."""
    parts = one_line(text).split(" ")
    if len(parts) <= limit:
        return " ".join(parts)
    return " ".join(parts[:limit]).rstrip(",;:-–—(&") + "…"


def short_title(title: str, limit: int = 9) -> str:
    """The telling head of a product title: up to its first break, if that is long enough to name the product."""
    line = one_line(title).replace('"', "").strip()
    for cut in _TITLE_CUT.finditer(line):
        if len(line[: cut.start()].split()) >= 3:
            return shorten(line[: cut.start()], limit)
    return shorten(line, limit)


def listed(parts: Sequence[str], joint: str) -> str:
    """ "a, b or c" for ("a", "b", "c") and "or"."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {joint} {parts[-1]}"


def surface(phrase_key: str, text: str) -> str | None:
    """How a phrase with this key is written in a text, in lower case but for short all-capital words ("USB-C")."""
    wanted = phrase_key.split()
    found, stems = _parted(text)
    for at in range(len(stems) - len(wanted) + 1):
        if stems[at : at + len(wanted)] == wanted:
            written = text[found[at][0] : found[at + len(wanted) - 1][1]]
            return " ".join(_quiet(word, text.isupper()) for word in written.split())
    return None


@lru_cache(maxsize=2_000)
def _parted(text: str) -> tuple[list[tuple[int, int]], list[str]]:
    """Where the words of a text stand, and their stems."""
    found = [match.span() for match in _WORD.finditer(text)]
    return found, [stem(text[start:end].lower()) for start, end in found]


def _quiet(word: str, shouted: bool) -> str:
    """A word in lower case, unless it is a short name of capitals ("USB-C") in a text that is not all capitals."""
    head = word.split("-")[0]
    return word if not shouted and head.isupper() and 1 < len(head) <= 4 else word.lower()
