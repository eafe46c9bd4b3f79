"""What people say outright in reviews: what they look for, stay away from, have given up, and whom they buy for."""

from __future__ import annotations

import re
from functools import lru_cache

from memory_store.indexing.lexicon import Lexicon, lexicon
from memory_store.indexing.text import stem, words

SELF_ASPECTS = frozenset({"Diet", "Skin Type", "Hair Type", "Ease of Use", "Fit", "Pet Suitability", "Age Range"})
"""Aspects whose values people state of themselves: "I'm vegan", "my dry skin"."""

_TAIL, _HEAD = r" (?=(?P<phrase>.{3,60}))", r"(?:^|[,.] |\band |\b(?:the|my|but) )(?P<phrase>[\w' &-]{3,40}?)"
_WANTS = (
    re.compile(
        r"\b(?:(?:i|we)(?:'m| am| are| was)? ?(?:always|only|really|just|mostly|usually|still|do|will only)? ?"
        r"(?:prefer|preferred|look for|looking for|insist on|buy only|only buy|always buy|only use|swear by|must have|"
        r"missed|want|trust)|next time (?:i'll|i will|it'll|it will) (?:look for|be|buy|get|take|choose)|back to|"
        r"(?:sticking|stick|stuck) (?:with|to)|give me|switched to|lesson learn(?:t|ed):|"
        r"should have (?:got|gotten|bought|gone for|stuck with)|"
        r"(?:shame|pity|wish) (?:it's|it is|it was|it were|they were) (?:not )?(?:in )?)" + _TAIL
    ),
    re.compile(r"\bit's (?P<phrase>.{3,40}?) for me\b"),
    re.compile(_HEAD + r" (?:would have (?:made|been)|or nothing\b|(?:has not|hasn't|never) let me down|is the only)"),
    re.compile(r"\bmy (?P<phrase>[\w' &-]{3,40}?) one was better\b"),
)
_SHUNS = re.compile(
    r"\b(?:allergic to|(?:can't|cannot|can not) stand|i (?:really )?(?:hate|avoid|dislike)|i try to avoid|"
    r"intolerant to|i'm (?:very )?sensitive to|i (?:don't|do not|never) (?:like|care for|want|buy|eat|wear)|"
    r"not a fan of|(?:won't|will not) (?:try|buy)|that's it for me and)" + _TAIL
)
_LEFT = (
    re.compile(r"\b(?:done with|gone off|used to (?:swear by|love|like|buy|prefer|wear)|after years of)" + _TAIL),
    re.compile(_HEAD + r" (?:was|were) (?:fine|great|good|right) (?:years ago|once|for years)"),
)
_SELF = re.compile(r"\b(?:i'm|i am|as an?|being|we're|we are|i have|i've got|my) (?=(?P<phrase>.{2,50}))")
_ENDS = frozenset({
    *("again", "any", "as", "more", "and", "but", "is", "was", "for", "than", "when", "now", "completely", "next"),
    *("one", "ones", "though", "yet", "so", "because", "it", "this", "that", "i", "i've", "i'm", "with"),
})  # fmt: skip
_ARTICLES = frozenset({"the", "a", "an", "my", "some", "all", "anything", "something", "those", "these", "being"})
LONGEST_WISH = 4
_BREAK = re.compile(r"[,;:.!?()]|\s[-–—]\s")
_GIFT = re.compile(
    r"(?P<idea>\b(?:great|perfect|nice|good|ideal|wonderful|make|makes|excellent|cute)\s(?:\w+\s){0,2})?"
    r"\b(?:as|for|was|is|were)\s(?:an?\s|the\s|his\s|her\s|my\s|our\s|their\s)?(?:[\w']+\s){0,3}?(?:gift|gifts|present)\b(?!\scards?)"
)
_GAVE = re.compile(
    r"\b(?:gifted (?:this|it|them|these)|gave (?:this|it|them|these|one) (?:to|as)|(?:gift|present) bought|"
    r"(?:gift|present) (?:for|to) (?:my|our|an?)\b)"
)


def read_wishes(clause: str, vocabulary: Lexicon) -> tuple[set[str], set[str], set[str]]:
    """What a clause in lower case wants, shuns and has given up: keys of the phrases that it may mean.

    Of one place all lengths are given; which of them is a phrase that items bear is not known here.
    """
    left = {phrase for pattern in _LEFT for phrase in _found(pattern, clause, vocabulary)}
    shuns = _found(_SHUNS, clause, vocabulary)
    wants = {phrase for pattern in _WANTS for phrase in _found(pattern, clause, vocabulary)}
    for found in _SELF.finditer(clause):
        stems = [stem(word) for word in words(found["phrase"])][:4]
        values = (term for _, _, term in vocabulary.find(stems) if term.kind == "value")
        wants |= {term.key for term in values if term.aspect in SELF_ASPECTS}
    return wants - shuns - left, shuns | left, left


def _found(pattern: re.Pattern[str], clause: str, vocabulary: Lexicon) -> set[str]:
    return {phrase for found in pattern.finditer(clause) for phrase in _readings(found["phrase"], vocabulary)}


def _readings(words_found: str, vocabulary: Lexicon) -> set[str]:
    """What may be meant by the words after "I want": the vocabulary's phrases, and all that they open with."""
    stems: list[str] = []
    for word in words(_BREAK.split(words_found, maxsplit=1)[0]):
        if word in _ENDS:
            break
        if stems or word not in _ARTICLES:
            stems.append(stem(word))
    stems = stems[: LONGEST_WISH + 2]
    values = {term.key for _, _, term in vocabulary.find(stems) if term.kind == "value"}
    openings = {" ".join(stems[:size]) for size in range(1, min(len(stems), LONGEST_WISH) + 1)}
    return values | {vocabulary.canonical(opening) for opening in openings if opening not in vocabulary.stop}


@lru_cache(maxsize=1)
def _recipients() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    other = _names(lexicon().recipients_other - {"him", "her", "them"})
    home = _names(lexicon().recipients_home)
    return (
        re.compile(rf"\bfor (?:my|our|a) (?:[\w'-]+ ){{0,4}}?(?P<who>{other})\b"),
        re.compile(
            rf"(?<!and )(?<!even )\bmy (?:[\w-]+ ){{0,3}}?(?P<who>{other}) (?:absolutely |really |just )?"
            r"(?:loves?|loved|likes?|liked|adores?|enjoys?|wears?|uses?|was thrilled|is thrilled|is happy)"
        ),
        re.compile(rf"\b(?:for|to) (?:my|our|a|the) (?:[\w'-]+ ){{0,4}}?(?P<who>{home})\b"),
    )


def _names(names: frozenset[str]) -> str:
    return "|".join(sorted((name for name in names if len(name) > 2), key=len, reverse=True))


def bought_for(text: str) -> tuple[bool, str, str]:
    """From a review in lower case: is the item for somebody else, for whom, and for whom at home."""
    if "for" not in text and "my" not in text and "gift" not in text and "present" not in text:
        return False, "", ""
    bought, pleased, at_home = _recipients()
    who = bought.search(text) or pleased.search(text)
    home = at_home.search(text)
    gift = _GAVE.search(text) is not None or any(not found["idea"] for found in _GIFT.finditer(text))
    if who is not None:
        return True, who["who"], ""
    if gift:
        return True, home["who"] if home else "", ""
    return False, "", home["who"] if home else ""
