"""The grounded answer: every product, price and reason comes from a record, and a reason from memory cites it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assistant.catalogue.search import SearchResult
from assistant.cues import COLOUR
from assistant.types import Answered, Item, ItemProfile, MemoryHit, Recommendation, Request
from assistant.words import contains, content_words, gist, join_words, money, says, shorten
from memory_store.indexing.statements import Lead, Statement, read_statement

CARDS = 10
TITLE = 70
MAX_REASONS = 2
MAX_TASTES = 3
MAX_MISSES = 2
MAX_FEATURE = 70
UNKNOWN = "unknown for some"
_IDLE = "read day days week weeks month months today tonight tomorrow weekend badly maybe lately cheap"
IDLE = frozenset(_IDLE.split())
"""Words of a request that say when or how, not what a listing would."""

_BOUGHT = re.compile(r'^(?:Bought|Liked) "(?P<title>.+?)"(?: \((?P<brand>[^()]+)\))?')
_BAND = re.compile(r"\$([\d.,]+) to \$([\d.,]+)")
_PRAISED = re.compile(r"^Bought .*?, [45] stars")


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason for an item: words that stand alone or in a row, and the marks of the memories that they rest on."""

    words: str
    marks: tuple[str, ...] = ()


def compose_answer(
    request: Request, profile: ItemProfile, items: Sequence[Item], hits: Sequence[MemoryHit], result: SearchResult
) -> Answered:
    """The answer to a request whose search brought ``items``, best first, at most ``CARDS`` of them.

    ``hits`` are the memories recalled; those that the profile names as useful may be cited, no others.
    """
    used = [hit for hit in hits if hit.mark in profile.useful_memory_ids]
    wishes = _wishes(request, items)
    recommendations = tuple(_recommend(item, used, wishes) for item in items)
    cited = tuple(dict.fromkeys(mark for recommended in recommendations for mark in recommended.cites))
    marks = tuple(dict.fromkeys((*profile.useful_memory_ids, *cited)))
    text = " ".join(_sentences(request, recommendations, hits, used, result))
    return Answered("", text, recommendations, _chips(request, recommendations, bool(used)), marks)


def reasons_from_memory(item: Item, used: Sequence[MemoryHit]) -> list[Reason]:
    """What the memories say for this item, each reason citing its memories; only what the listing bears out."""
    statements = {hit.mark: read_statement(hit.text) for hit in used}
    told: list[str] = []
    lately = _tastes(item, statements, Lead.LATELY, "as you lately prefer", told)
    tastes = _tastes(item, statements, Lead.PREFERS, "as you prefer", told)
    others: list[Reason] = []
    for hit in used:
        statement = statements[hit.mark]
        words = _from_habit(item, statement) if statement else _from_behaviour(item, hit.text)
        if words and words not in [reason.words for reason in others]:
            others.append(Reason(words, (hit.mark,)))
    return [*lately, *tastes, *others]


def _tastes(
    item: Item, statements: Mapping[str, Statement | None], lead: Lead, tail: str, told: list[str]
) -> list[Reason]:
    """The tastes of one kind that the listing meets, as one reason: "barefoot and wide fit, as you prefer". One that
    says what was ``told`` already is left out; what is told here is added to it."""
    met: dict[str, str] = {}
    for mark, said in statements.items():
        if said and said.lead is lead and len(met) < MAX_TASTES and says(item, said.value):
            value = said.value.casefold()
            if not any(value in other or other in value for other in told):
                told.append(value)
                met[said.value] = mark
    return [Reason(f"{join_words(met)}, {tail}", tuple(met.values()))] if met else []


def _from_habit(item: Item, statement: Statement) -> str:
    if statement.lead is Lead.BUYS and _same_brand(item, statement.value):
        return f"by {item.brand}, your usual brand"
    if statement.lead is Lead.PAYS and _within(item.price, statement.value):
        return "within what you usually pay"
    return ""


def _from_behaviour(item: Item, text: str) -> str:
    bought = _BOUGHT.match(text)
    if bought is None or not bought["brand"] or not _same_brand(item, bought["brand"]):
        return ""
    verb = "liked" if _PRAISED.match(text) else "bought"
    return f"by {item.brand}, like the {shorten(bought['title'], 40)} you {verb}"


def _recommend(item: Item, used: Sequence[MemoryHit], wishes: Sequence[str]) -> Recommendation:
    reasons = reasons_from_memory(item, used)[:MAX_REASONS]
    met = [wish for wish in wishes if says(item, wish)]
    if len(reasons) < MAX_REASONS:
        reasons += _from_listing(item, met, known=bool(reasons))
    misses = _avoided_in(item, used) + [f"{wish} not mentioned" for wish in wishes if wish not in met]
    return Recommendation(
        item,
        _as_sentence(reasons),
        tuple(dict.fromkeys(mark for reason in reasons for mark in reason.marks)),
        tuple(misses[:MAX_MISSES]),
    )


def _avoided_in(item: Item, used: Sequence[MemoryHit]) -> list[str]:
    """What the listing says that the person avoids, or no longer wants."""
    found: dict[str, str] = {}
    for statement in filter(None, (read_statement(hit.text) for hit in used)):
        if statement.lead is Lead.AVOIDS and says(item, statement.value):
            found[statement.value] = "which you avoid"
        elif statement.formerly and says(item, statement.formerly) and not says(item, statement.value):
            found.setdefault(statement.formerly, "which you no longer choose")
    return [f"{value}, {words}" for value, words in found.items()]


def _from_listing(item: Item, met: Sequence[str], *, known: bool) -> list[Reason]:
    """What the listing itself says for the item: the feature that meets a wish, or the words; else, where nothing is
    ``known`` for it, its first feature."""
    features = [feature for feature in map(_tidy, item.features) if feature]
    meeting = next((feature for feature in features if any(contains(feature, wish) for wish in met)), "")
    if meeting:
        return [Reason(meeting)]
    if met:
        return [Reason(f"its listing mentions {join_words(met[:3])}")]
    if known:
        return []
    if features:
        return [Reason(features[0])]
    if item.average_rating and item.rating_number:
        return [Reason(f"rated {item.average_rating:.1f} by {item.rating_number:,} buyers")]
    return []


def _tidy(feature: str) -> str:
    """A feature line as words in a row; "" for one that is too long or shouts."""
    text = " ".join(feature.split()).rstrip(" .;,")
    if not text or len(text) > MAX_FEATURE or not text[0].isalnum() or sum(map(str.isupper, text)) > len(text) / 4:
        return ""
    first, _, rest = text.partition(" ")
    return text if first[1:] != first[1:].lower() else f"{first.lower()} {rest}".strip()


def _as_sentence(reasons: Sequence[Reason]) -> str:
    if not reasons:
        return "The closest listing I found to what you asked for."
    words = [reason.words + "".join(f" [{mark}]" for mark in reason.marks) for reason in reasons]
    sentence = "; ".join(words)
    return f"{sentence[0].upper()}{sentence[1:]}."


def _wishes(request: Request, items: Sequence[Item]) -> list[str]:
    """The request's content words that tell the shown items apart: some of them say the word, and some do not. What
    names the kind of product or its brand is no wish."""
    names = " ".join(f"{item.kind()} {item.brand or ''}" for item in items)
    told = {word: sum(says(item, word) for item in items) for word in content_words(request.text)}
    return [
        word
        for word, count in told.items()
        if 0 < count < len(items) and word not in IDLE and not contains(names, word)
    ]


def _sentences(
    request: Request,
    recommendations: Sequence[Recommendation],
    hits: Sequence[MemoryHit],
    used: Sequence[MemoryHit],
    result: SearchResult,
) -> list[str]:
    if not recommendations:
        return [f"I found nothing for “{gist(request.text)}”. Try fewer conditions, or other words for it."]
    said = [_opening(request, recommendations[0])]
    if colours := _missing_colours(request, recommendations):
        said.append(f"I found none that is listed as {join_words(colours, 'or')}.")
    said += _conditions(result, recommendations)
    said.append(_about_memory(request, hits, used, recommendations))
    return [sentence for sentence in said if sentence]


def _conditions(result: SearchResult, shown: Sequence[Recommendation]) -> list[str]:
    """What the search kept to and what it let go of, in words."""
    unknown = [words for words in result.relaxed if words.endswith(UNKNOWN)]
    dropped = [words for words in result.relaxed if words not in unknown]
    said = []
    if dropped:
        said.append(f"Too little fits all of that, so I let go of: {', '.join(dropped)}.")
    if any("price" in words for words in unknown) and all(found.item.price is None for found in shown):
        said.append(f"None of these lists a price, so I cannot promise {', '.join(result.filters)}.")
    elif result.filters:
        note = f" ({', '.join(unknown)})" if unknown else ""
        said.append(f"I kept to: {', '.join(result.filters)}{note}.")
    return said


def _opening(request: Request, best: Recommendation) -> str:
    price = f" ({money(best.item.price)})" if best.item.price is not None else ""
    whom = f" for your {request.recipient}" if _is_relative(request.recipient) else ""
    return f"My first pick{whom}: {shorten(best.item.title, TITLE)}{price}. {best.reason}"


def _missing_colours(request: Request, shown: Sequence[Recommendation]) -> list[str]:
    """The colours asked for that no product shown has in its listing."""
    asked = dict.fromkeys(colour.lower() for colour in COLOUR.findall(request.text))
    return [colour for colour in asked if not any(_has_colour(found.item, colour) for found in shown)]


def _has_colour(item: Item, colour: str) -> bool:
    spellings = ("gray", "grey") if colour in ("gray", "grey") else (colour,)
    return any(says(item, spelling) for spelling in spellings)


def _about_memory(
    request: Request, hits: Sequence[MemoryHit], used: Sequence[MemoryHit], shown: Sequence[Recommendation]
) -> str:
    if request.recipient:
        gave = f"I looked at what you gave your {request.recipient} before, and " if hits else "I "
        return f"{gave}left your own taste out of it, since this is for someone else."
    if used:
        return _avoided(used, shown)
    if hits:
        return "I left what I remember of you out of it and went by your words alone."
    return "I remember nothing of you that bears on this, so I went by your words alone."


def _avoided(used: Sequence[MemoryHit], shown: Sequence[Recommendation]) -> str:
    for hit in used:
        statement = read_statement(hit.text)
        if statement and statement.lead is Lead.AVOIDS and not says(shown[0].item, statement.value):
            return f"No mention of {statement.value}, which you avoid [{hit.mark}]."
    return ""


def _chips(request: Request, recommendations: Sequence[Recommendation], remembered: bool) -> tuple[str, ...]:
    if not recommendations:
        return ()
    chips = []
    if sum(recommended.item.price is not None for recommended in recommendations[:3]) >= 1:
        chips.append("Cheaper")
    if recommendations[0].item.brand:
        chips.append("A different brand")
    if remembered:
        chips.append("Something different from my usual")
    if len(recommendations) > 1:
        chips.append("Compare 1 and 2")
    chips.append("For me instead" if request.recipient else "What about for my sister?")
    return tuple(chips[:5])


def _is_relative(recipient: str | None) -> bool:
    return recipient is not None and recipient not in ("somebody", "someone")


def _same_brand(item: Item, brand: str) -> bool:
    return item.brand is not None and item.brand.casefold() == brand.casefold()


def _within(price: float | None, band: str) -> bool:
    match = _BAND.search(band)
    if price is None or match is None:
        return False
    low, high = (float(bound.replace(",", "").rstrip(".")) for bound in match.groups())
    return low <= price <= high
