"""Answers that need no search: why, compare, what is remembered, small talk, and what is none of a shop's business."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from assistant.dialogue import Conversation, chosen, named_numbers
from assistant.types import Act, Answered, Item, Recommendation
from assistant.words import gist, join_words, money, shorten
from memory_store.indexing.statements import Lead, Statement, read_statement
from memory_store.types import Level, MemoryEntry, UserRecord

TITLE = 60
TOLD_MEMORIES = 6
GENERAL = 3


def greet(user: UserRecord | None, categories: Mapping[str, int]) -> tuple[str, tuple[str, ...]]:
    """The first line of an empty conversation, and three openers: the persona's own, else by what was bought."""
    name = given_name(user)
    hello = f"Hello {name}." if name else "Hello."
    if not categories:
        return f"{hello} We have not met before: what are you looking for?", _ANYONE
    most = sorted(categories, key=lambda category: -categories[category])
    openers = user.openers if user and user.openers else tuple(f"Something new in {kind}" for kind in most[:3])
    return f"{hello} What are you looking for today?", (*openers, *_ANYONE)[:3]


def given_name(user: UserRecord | None) -> str:
    """What to call a person; "" for one who has no name but an id or a placeholder, as in real data sets."""
    name = user.name.strip() if user else ""
    if not user or not name or name == user.user_id or any(map(str.isdigit, name)):
        return ""
    first = name.split()[0]
    return "" if first.casefold() in _NO_NAMES else first


_NO_NAMES = ("shopper", "user", "customer", "buyer", "me", "you")
_ANYONE = ("A birthday present for a friend", "Something for the kitchen under $30", "A good everyday backpack")


def talk(
    act: Act, message: str, conversation: Conversation, user: UserRecord | None, entries: Sequence[MemoryEntry]
) -> Answered:
    """The answer to a message that is talk. ``entries`` are the user's own memories, most telling first."""
    recommendations = conversation.recommendations
    if act is Act.WHY:
        return _why(message, conversation)
    if act is Act.COMPARE:
        return _compare(message, recommendations)
    if act is Act.ABOUT_ME:
        return _about_me(user, entries)
    if act is Act.OFF_TOPIC:
        return Answered("", "I can only help with shopping. Tell me what you are looking for, and for whom.")
    return _small_talk(message, bool(recommendations))


def _why(message: str, conversation: Conversation) -> Answered:
    recommendations = conversation.recommendations
    numbers = named_numbers(message)
    item = chosen(numbers[0] if numbers else None, [recommended.item for recommended in recommendations])
    recommended = next(found for found in recommendations if found.item.item_id == item.item_id)
    parts = [f"{shorten(item.title, TITLE)}: {recommended.reason[0].lower()}{recommended.reason[1:]}"]
    remembered = {hit.mark: hit.text for hit in conversation.hits}
    if not recommended.cites and conversation.standing:
        parts.append(f"Of all I found, its listing is among the closest to “{gist(conversation.standing.text)}”.")
    cited = [f"- {remembered[mark]} [{mark}]" for mark in recommended.cites if mark in remembered]
    if cited:
        parts.append("\n".join(["What I remember of you behind that:", *cited]))
    if recommended.misses:
        parts.append(f"What speaks against it: {join_words(recommended.misses)}.")
    return Answered("", "\n\n".join(parts), (recommended,), ("Show more", "Compare 1 and 2"), recommended.cites)


def _compare(message: str, recommendations: Sequence[Recommendation]) -> Answered:
    items = [recommended.item for recommended in recommendations]
    named = named_numbers(message)
    numbers = ["1", *named] if len(named) == 1 else [*named, "1", "2"][:2]
    pair = [chosen(number, items) for number in numbers]
    if pair[0].item_id == pair[1].item_id:
        return Answered("", "Tell me which two to compare, for example “compare 1 and 3”.")
    places = [items.index(item) + 1 for item in pair]
    lines = [
        f"- Number {place}, {shorten(item.title, TITLE)}: {join_words(_advantages(item, other))}."
        for place, item, other in zip(places, pair, reversed(pair), strict=True)
    ]
    shown = tuple(recommendations[place - 1] for place in places)
    return Answered("", "\n".join(lines), shown, (f"Why {places[0]}?", "Show more"))


def _advantages(item: Item, other: Item) -> list[str]:
    """What the records say for one product against another."""
    said = []
    if item.price is not None and other.price is not None and item.price < other.price:
        said.append(f"costs {money(round(other.price - item.price, 2))} less")
    if item.average_rating and other.average_rating and item.average_rating > other.average_rating:
        said.append(f"is rated higher ({item.average_rating:.1f} against {other.average_rating:.1f})")
    if only := [feature for feature in item.features if feature not in other.features][:1]:
        said.append(f"alone lists “{shorten(only[0], 70)}”")
    return said or ["nothing in its listing sets it above the other"]


def _about_me(user: UserRecord | None, entries: Sequence[MemoryEntry]) -> Answered:
    told = _most_telling(entries)
    if not told:
        return Answered(
            "", "I have no memory of you yet: nothing bought, nothing reviewed. What do you look for first?"
        )
    name = f", {given_name(user)}" if given_name(user) else ""
    lines = [f"This is what stands out{name}:", *(f"- {_to_you(entry)}" for entry in told)]
    return Answered("", "\n".join(lines) + "\n\nThe memory panel shows all of it, and where it comes from.")


def _to_you(entry: MemoryEntry) -> str:
    """A memory as said to the person: "Shampoo: you prefer fragrance-free."."""
    said = read_statement(entry.text)
    if said is None:
        return entry.text
    what = f"{said.value}, no longer {said.formerly}" if said.formerly else said.value
    where = f" ({', '.join(said.places).lower()})" if said.places else ""
    return f"{said.category or 'In general'}: {_YOU[said.lead]} {what}{where}."


_YOU = {
    Lead.PREFERS: "you prefer",
    Lead.AVOIDS: "you avoid",
    Lead.BUYS: "you usually buy",
    Lead.PAYS: "you usually pay",
    Lead.LATELY: "lately you prefer",
    Lead.SHOPS_FOR: "you often shop for",
    Lead.CARES: "you care about",
}


def _most_telling(entries: Sequence[MemoryEntry]) -> list[MemoryEntry]:
    """A few entries: the general first, then over as many categories as there are; tastes before habits, what shows
    in more purchases first, nothing twice. Purchases where nothing is written."""
    written = [entry for entry in entries if entry.level in (Level.PROFILE, Level.PATTERN)]
    if not written:
        return list(entries[:TOLD_MEMORIES])
    statements = {entry.entry_id: read_statement(entry.text) for entry in written}
    written.sort(key=lambda entry: (_importance(statements[entry.entry_id]), -len(entry.behaviour_ids)))
    seen: Counter[str] = Counter()
    told: dict[str, tuple[int, MemoryEntry]] = {}
    for entry in written:
        said = statements[entry.entry_id]
        general = entry.level is Level.PROFILE
        rank = 2 * (seen[entry.category] // GENERAL) if general else 2 * seen[entry.category] + 1
        seen[entry.category] += 1
        told.setdefault(f"{said.lead} {said.value}" if said else entry.text, (rank, entry))
    return [entry for _, entry in sorted(told.values(), key=lambda ranked: ranked[0])][:TOLD_MEMORIES]


def _importance(statement: Statement | None) -> int:
    leads = (Lead.LATELY, Lead.PREFERS, Lead.AVOIDS, Lead.BUYS)
    return leads.index(statement.lead) if statement and statement.lead in leads else len(leads)


def _small_talk(message: str, answered: bool) -> Answered:
    lowered = message.lower()
    if any(word in lowered for word in ("what can you", "what do you do", "who are you", "help")):
        text = (
            "I help you choose. Tell me what you are looking for; I weigh what matters for it, recall what you have "
            "bought and said before, and show you what fits and why. You can see every memory I used."
        )
    elif any(word in lowered for word in ("thank", "thx", "cheers", "great", "perfect", "lovely", "nice", "cool")):
        text = "Glad to help. Tell me if you want to change anything about it." if answered else "You are welcome."
    elif any(word in lowered for word in ("bye", "see you")):
        text = "Goodbye. I will remember where we were."
    else:
        text = "Hello. What are you looking for?"
    return Answered("", text)
