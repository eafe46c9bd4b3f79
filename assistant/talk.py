"""Answers that need no search: why, compare, what is remembered, small talk, and what is none of a shop's business."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from assistant.dialogue import Conversation, chosen, named_numbers
from assistant.types import Act, Answered, Item, Recommendation
from assistant.words import join_words, money, shorten
from memory_store.indexing.statements import Lead, Statement, read_statement
from memory_store.types import Level, MemoryEntry, UserRecord

TITLE = 60
TOLD_MEMORIES = 5


def greet(user: UserRecord | None, categories: Mapping[str, int]) -> tuple[str, tuple[str, ...]]:
    """The first line of an empty conversation, and three openers: the persona's own, else by what was bought."""
    name = user.name.split()[0] if user and user.name else ""
    hello = f"Hello {name}." if name else "Hello."
    if not categories:
        return f"{hello} We have not met before: what are you looking for?", _ANYONE
    most = sorted(categories, key=lambda category: -categories[category])
    openers = user.openers if user and user.openers else tuple(f"Something new in {name}" for name in most[:3])
    return f"{hello} What are you looking for today?", (*openers, *_ANYONE)[:3]


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
    parts = [f"{shorten(item.title, TITLE)}: {recommended.reason}"]
    remembered = {hit.mark: hit.text for hit in conversation.hits}
    for mark in recommended.cites:
        if mark in remembered:
            parts.append(f"I remember: {remembered[mark]} [{mark}]")
    if recommended.misses:
        parts.append(f"Against it: {join_words(recommended.misses)}.")
    return Answered("", " ".join(parts), (recommended,), ("Show more", "Compare 1 and 2"), recommended.cites)


def _compare(message: str, recommendations: Sequence[Recommendation]) -> Answered:
    items = [recommended.item for recommended in recommendations]
    named = named_numbers(message)
    numbers = ["1", *named] if len(named) == 1 else [*named, "1", "2"][:2]
    pair = [chosen(number, items) for number in numbers]
    if pair[0].item_id == pair[1].item_id:
        return Answered("", "Tell me which two to compare, for example “compare 1 and 3”.")
    lines = [f"{number}: {_facts(item)}" for number, item in zip(("First", "Second"), pair, strict=True)]
    verdict = _verdict(*pair)
    shown = tuple(found for item in pair for found in recommendations if found.item.item_id == item.item_id)
    return Answered("", " ".join([*lines, verdict]).strip(), shown, ("Why the first?", "Show more"))


def _facts(item: Item) -> str:
    facts = [shorten(item.title, TITLE)]
    facts.append(money(item.price) if item.price is not None else "price not listed")
    if item.average_rating is not None:
        count = f" from {item.rating_number:,} ratings" if item.rating_number else ""
        facts.append(f"{item.average_rating:.1f} stars{count}")
    if item.brand:
        facts.append(f"by {item.brand}")
    return ", ".join(facts) + "."


def _verdict(one: Item, other: Item) -> str:
    said = []
    if one.price is not None and other.price is not None and one.price != other.price:
        cheaper, gap = ("first" if one.price < other.price else "second"), abs(one.price - other.price)
        said.append(f"the {cheaper} costs {money(round(gap, 2))} less")
    if one.average_rating and other.average_rating and one.average_rating != other.average_rating:
        better = "first" if one.average_rating > other.average_rating else "second"
        said.append(f"the {better} is rated higher")
    only = [feature for feature in one.features if feature not in other.features][:1]
    if only:
        said.append(f"the first also lists “{shorten(only[0], 70)}”")
    return f"In short, {join_words(said)}." if said else "Their listings do not tell them apart on price or rating."


def _about_me(user: UserRecord | None, entries: Sequence[MemoryEntry]) -> Answered:
    told = _most_telling(entries)
    if not told:
        return Answered(
            "", "I have no memory of you yet: nothing bought, nothing reviewed. What do you look for first?"
        )
    name = f", {user.name.split()[0]}" if user and user.name else ""
    lines = " ".join(entry.text for entry in told)
    return Answered(
        "", f"This is what stands out{name}. {lines} The memory panel shows all of it, and where it comes from."
    )


def _most_telling(entries: Sequence[MemoryEntry]) -> list[MemoryEntry]:
    """A few entries over as many categories as there are, tastes before habits; purchases where nothing is written."""
    written = [entry for entry in entries if entry.level in (Level.PROFILE, Level.PATTERN)]
    if not written:
        return list(entries[:TOLD_MEMORIES])
    statements = {entry.entry_id: read_statement(entry.text) for entry in written}
    written.sort(key=lambda entry: _importance(statements[entry.entry_id]))
    seen: Counter[str] = Counter()
    rank = {}
    for entry in written:
        rank[entry.entry_id] = seen[entry.category]
        seen[entry.category] += 1
    return sorted(written, key=lambda entry: rank[entry.entry_id])[:TOLD_MEMORIES]


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
