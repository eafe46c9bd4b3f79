"""What the assistant remembers, as HTML: the memories behind an answer, all of a person's, and what buyers weigh."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assistant.types import Act, GlobalAspect
from assistant.ui.answer import TurnView, told_of
from assistant.ui.format import clean, esc, full_date, line, month, number, plural, price
from memory_store.types import Behaviour, Level, MemoryEntry

PAGE = 40
SOURCES_SHOWN = 4
HEADINGS = {
    Level.PROFILE: "What I know in general",
    Level.PATTERN: "Habits I noticed",
    Level.BEHAVIOUR: "Purchases I remember",
}
KINDS = {Level.PROFILE: "In general", Level.PATTERN: "Habits", Level.BEHAVIOUR: "Purchases"}

Sources = Mapping[str, Behaviour]


@dataclass(frozen=True)
class Shelf:
    """A page of all that is remembered of a person: what is shown, what there is, and whether a filter stands."""

    entries: Sequence[MemoryEntry]
    counts: Mapping[Level, int]
    categories: Mapping[str, int]
    filtered: bool = False
    limit: int = PAGE
    more: bool = False


def this_answer(view: TurnView | None, sources: Sources) -> str:
    """The memories that one turn recalled, by level, used ones first."""
    if view is None:
        return _empty("When I answer, the memories behind the answer appear here.")
    if not view.hits:
        if view.running:
            return _empty("Nothing recalled yet.")
        return _empty(_why_none(view))
    groups = "".join(_group(view, level, heading, sources) for level, heading in HEADINGS.items())
    return f'<p class="panel-note">{_totals(view)}</p>{groups}'


def _why_none(view: TurnView) -> str:
    if view.started and view.started.request.recipient:
        return "This was for somebody else, so I left what I know of you out of it."
    if view.started and view.started.act is Act.ABOUT_ME:
        return "All that I know of you is under “All I remember”."
    if view.recalls:
        return "I asked my memory, and nothing came back."
    return "I looked nothing up for this one."


def _totals(view: TurnView) -> str:
    words = f"{plural(len(view.hits), 'memory', 'memories')} recalled"
    if view.profile:
        words += f", {len([hit for hit in view.hits if hit.mark in view.used])} used"
    if view.answered and view.answered.memory_tokens:
        words += f" · {plural(view.answered.memory_tokens, 'token')} to read"
    return words + "."


def _group(view: TurnView, level: Level, heading: str, sources: Sources) -> str:
    hits = sorted((h for h in view.hits if h.level == level), key=lambda h: h.mark not in view.used)
    rows = []
    for hit in hits:
        used = hit.mark in view.used
        number_ = hit.mark[1:]
        kind = "used" if used else "unused" if view.profile else "asked"
        state = f'<span class="state">{"used" if used else "not used"}</span>' if view.profile else ""
        rows.append(
            f'<li class="memory {kind}" '
            f'data-memory="{esc(view.turn_id)}-{esc(hit.mark)}">'
            f'<p dir="auto"><span class="mark still" aria-hidden="true">{esc(number_)}</span>{line(hit.text, 400)}</p>'
            f'<p class="about">{state}<span>asked for {line(hit.aspect, 60)}</span>'
            f"{_when(hit.timestamp)}</p>"
            f"{_source(hit.behaviour_ids, sources, f'{view.turn_id}-{hit.mark}')}</li>"
        )
    return f'<section><h3>{heading}</h3><ul class="memories">{"".join(rows)}</ul></section>' if rows else ""


def _when(timestamp: int | None) -> str:
    return f"<span>{month(timestamp)}</span>" if month(timestamp) else '<span class="quiet">no date</span>'


def _source(behaviour_ids: Sequence[str], sources: Sources, key: str) -> str:
    known = [sources[identifier] for identifier in behaviour_ids if identifier in sources]
    if not known:
        return ""
    shown = "".join(_purchase(behaviour) for behaviour in known[:SOURCES_SHOWN])
    rest = len(behaviour_ids) - min(len(known), SOURCES_SHOWN)
    more = f'<p class="quiet">and {plural(rest, "earlier purchase")}</p>' if rest > 0 else ""
    words = "Where I know it from" if len(behaviour_ids) == 1 else f"From {number(len(behaviour_ids))} purchases"
    return f'<details class="source" data-key="source-{esc(key)}"><summary>{words}</summary>{shown}{more}</details>'


def _purchase(behaviour: Behaviour) -> str:
    facts = [f"{behaviour.rating:g} of 5 stars" if behaviour.rating else "", price(behaviour.price)]
    facts.append(full_date(behaviour.timestamp) or "no date")
    brand = f"{line(behaviour.brand, 60)} · " if behaviour.brand else ""
    title = f"<b dir='auto'>{line(behaviour.review_title, 160)}</b>" if behaviour.review_title else ""
    text = f"<p dir='auto'>{esc(behaviour.review_text, 1200)}</p>" if behaviour.review_text.strip() else ""
    review = f"<blockquote>{title}{text}</blockquote>" if title or text else '<p class="quiet">No review written.</p>'
    return (
        f'<div class="purchase"><p class="bought" dir="auto">{line(behaviour.title, 200)}</p>'
        f'<p class="about">{brand}{" · ".join(fact for fact in facts if fact)}</p>{review}</div>'
    )


def controls(shelf: Shelf) -> str:
    """The search box and filters over all memories. Drawn once a person, so that typing is never interrupted."""
    levels = "".join(
        f'<option value="{level}">{words} ({number(shelf.counts.get(level, 0))})</option>'
        for level, words in KINDS.items()
    )
    categories = "".join(
        f'<option value="{esc(name, 200)}">{line(name, 40)} ({number(count)})</option>'
        for name, count in sorted(shelf.categories.items(), key=lambda pair: (-pair[1], pair[0]))[:200]
    )
    return (
        '<form class="filters" data-live="filter" role="search">'
        '<input type="search" name="query" maxlength="200" placeholder="Search my memory" '
        'aria-label="Search what I remember" autocomplete="off">'
        f'<select name="level" aria-label="Kind"><option value="">All kinds</option>{levels}</select>'
        f'<select name="category" aria-label="Category"><option value="">All categories</option>{categories}</select>'
        "</form>"
    )


def all_memories(shelf: Shelf, sources: Sources) -> str:
    """Every memory of a person that fits the filters, a page at a time, each with its source and a way to delete it."""
    if not sum(shelf.counts.values()):
        return _empty("I remember nothing about you yet. What you like and dislike here, I will keep.")
    if not shelf.entries:
        return _empty("I remember nothing that fits. Try fewer words or another filter.")
    rows = "".join(_entry(entry, sources) for entry in shelf.entries)
    more = ""
    if shelf.more:
        more = (
            f'<button type="button" class="wide" data-act="filter" data-limit="{shelf.limit + PAGE}">Show more</button>'
        )
    total = plural(sum(shelf.counts.values()), "memory", "memories")
    note = (
        f"{number(len(shelf.entries))}{'+' if shelf.more else ''} of {total}" if shelf.filtered else f"{total} in all"
    )
    return f'<p class="panel-note">{note}.</p><ul class="memories">{rows}</ul>{more}'


def _entry(entry: MemoryEntry, sources: Sources) -> str:
    category = f"<span>{line(entry.category, 40)}</span>" if entry.category else ""
    identifier = esc(entry.entry_id, 200)
    return (
        f'<li class="memory"><p dir="auto">{line(entry.text, 400)}</p>'
        f'<p class="about"><span class="level {entry.level}">{KINDS.get(entry.level, "")}</span>{category}'
        f"{_when(entry.timestamp)}</p>{_source(entry.behaviour_ids, sources, f'all-{entry.entry_id}')}"
        f'<details class="forget"><summary>Forget this</summary>'
        "<p>I will not use it again. This cannot be undone.</p>"
        f'<button type="button" class="danger" data-act="forget" data-entry="{identifier}">Forget it</button>'
        "</details></li>"
    )


def buyers_weigh(weighed: Sequence[GlobalAspect]) -> str:
    """What buyers of such things weigh, as the turn was told it."""
    if not weighed:
        return _empty("When you ask for something, what buyers of such things weigh appears here.")
    scenario = clean(weighed[0].scenario, 80)
    rows = "".join(
        f'<li class="memory"><p dir="auto"><b>{line(aspect.aspect[:1].upper() + aspect.aspect[1:], 60)}</b></p>'
        f'<p dir="auto">{line(told_of(aspect), 300)}</p></li>'
        for aspect in weighed
    )
    same = all(aspect.scenario == weighed[0].scenario for aspect in weighed)
    head = f"What people who buy {line(scenario.lower())} look at." if same and scenario else "What buyers look at."
    note = f'<p class="panel-note">{head} Drawn from many people’s choices, not from yours.</p>'
    return f'{note}<ul class="memories">{rows}</ul>'


def _empty(words: str) -> str:
    return f'<p class="nothing">{words}</p>'
