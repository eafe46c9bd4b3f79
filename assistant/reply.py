"""The grounded answer: every product, price and reason comes from a record, and a reason from memory cites it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.catalogue.search import SearchResult
from assistant.types import Answered, Item, ItemProfile, MemoryHit, Recommendation, Request
from assistant.words import content_words, gist, join_words, money, says, shorten
from memory_store.indexing.statements import Lead, Statement, read_statement

CARDS = 10
TITLE = 70
MAX_REASONS = 2
MAX_MISSES = 2

_BOUGHT = re.compile(r'^(?:Bought|Liked) "(?P<title>.+?)"(?: \((?P<brand>[^()]+)\))?')
_BAND = re.compile(r"\$([\d.,]+) to \$([\d.,]+)")
_PRAISED = re.compile(r"^Bought .*?, [45] stars")


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason for an item: words that continue "It …", and the mark of the memory it rests on, if any."""

    words: str
    mark: str | None = None


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
    """What the memories say for this item, each reason citing its memory; only what the listing bears out."""
    found = []
    for hit in used:
        statement = read_statement(hit.text)
        words = _from_statement(item, statement) if statement else _from_behaviour(item, hit.text)
        if words:
            found.append(Reason(words, hit.mark))
    return found


def _from_statement(item: Item, statement: Statement) -> str:
    if statement.lead is Lead.BUYS:
        return f"is by {item.brand}, a brand you usually buy" if _same_brand(item, statement.value) else ""
    if statement.lead is Lead.PAYS:
        return "is within what you usually pay" if _within(item.price, statement.value) else ""
    if statement.lead is Lead.AVOIDS:
        return ""
    if says(item, statement.value):
        lately = "lately " if statement.lead is Lead.LATELY else ""
        return f"is listed as {statement.value}, which you {lately}prefer"
    return ""


def _from_behaviour(item: Item, text: str) -> str:
    bought = _BOUGHT.match(text)
    if bought is None or not bought["brand"] or not _same_brand(item, bought["brand"]):
        return ""
    rated = " and rated highly" if _PRAISED.match(text) else ""
    return f"is by {item.brand}, like the {shorten(bought['title'], 40)} you bought{rated}"


def _recommend(item: Item, used: Sequence[MemoryHit], wishes: Sequence[str]) -> Recommendation:
    remembered = reasons_from_memory(item, used)[:MAX_REASONS]
    met = [wish for wish in wishes if says(item, wish)]
    reasons = list(remembered)
    if met and len(reasons) < MAX_REASONS:
        reasons.append(Reason(f"mentions {join_words([f'“{wish}”' for wish in met[:3]])}"))
    if item.average_rating and item.rating_number and len(reasons) < MAX_REASONS:
        reasons.append(Reason(f"is rated {item.average_rating:.1f} by {item.rating_number:,} buyers"))
    misses = [wish for wish in wishes if wish not in met]
    return Recommendation(
        item,
        _as_sentence(reasons),
        tuple(dict.fromkeys(reason.mark for reason in reasons if reason.mark)),
        tuple(f"no “{wish}” in its listing" for wish in misses[:MAX_MISSES]),
    )


def _as_sentence(reasons: Sequence[Reason]) -> str:
    if not reasons:
        return "The closest listing I found to what you asked for."
    words = [reason.words + (f" [{reason.mark}]" if reason.mark else "") for reason in reasons]
    return f"It {join_words(words)}."


def _wishes(request: Request, items: Sequence[Item]) -> list[str]:
    """The request's content words that tell the shown items apart: some of them say the word, and some do not."""
    told = {word: sum(says(item, word) for item in items) for word in content_words(request.text)}
    return [word for word, count in told.items() if 0 < count < len(items)]


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
    if result.relaxed:
        said.append(f"Too little fits all of that, so I was lenient about: {', '.join(result.relaxed)}.")
    if result.filters:
        said.append(f"I kept to your conditions: {', '.join(result.filters)}.")
    said.append(_about_memory(request, hits, used, recommendations))
    return [sentence for sentence in said if sentence]


def _opening(request: Request, best: Recommendation) -> str:
    price = f" ({money(best.item.price)})" if best.item.price is not None else ""
    whom = f" for your {request.recipient}" if _is_relative(request.recipient) else ""
    reason = best.reason[0].lower() + best.reason[1:]
    lead = f"My first pick{whom} is the {shorten(best.item.title, TITLE)}{price}"
    return f"{lead}: {reason}" if best.reason.startswith("It ") else f"{lead}. {best.reason}"


def _about_memory(
    request: Request, hits: Sequence[MemoryHit], used: Sequence[MemoryHit], shown: Sequence[Recommendation]
) -> str:
    if request.recipient:
        return "I left your own history out of it, since this is for someone else."
    if used:
        avoided = _avoided(used, shown)
        return avoided or ""
    if hits:
        return "Nothing I remember of you bears on this, so I went by your words alone."
    return ""


def _avoided(used: Sequence[MemoryHit], shown: Sequence[Recommendation]) -> str:
    for hit in used:
        statement = read_statement(hit.text)
        if statement and statement.lead is Lead.AVOIDS and not says(shown[0].item, statement.value):
            return f"Its listing does not mention {statement.value}, which you avoid [{hit.mark}]."
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
