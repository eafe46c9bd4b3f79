"""One turn as HTML: what was asked, the line that sums up the reasoning, its timed steps, the answer, the cards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from assistant.types import (
    Answered,
    AspectsInferred,
    Event,
    GlobalAspect,
    MemoryHit,
    MemoryRecalled,
    PolicyFellBack,
    ProfileWritten,
    ScenarioRead,
    Searched,
    TextGenerated,
    TurnFailed,
    TurnStarted,
)
from assistant.ui import cards
from assistant.ui.format import esc, line, listed, number, paragraphs, plural, seconds, split_marks

ASK_LIMIT = 2000
VISIBLE_ASPECTS = 4
LEVEL_WORDS = {"profile": "in general", "pattern": "habit", "behaviour": "purchase"}


@dataclass(frozen=True)
class TurnView:
    """The events of one turn, folded: what the page knows of it so far."""

    turn_id: str
    asked: str
    started: TurnStarted | None = None
    scenario: ScenarioRead | None = None
    aspects: AspectsInferred | None = None
    recalls: tuple[MemoryRecalled, ...] = ()
    profile: ProfileWritten | None = None
    searched: Searched | None = None
    fallbacks: tuple[PolicyFellBack, ...] = ()
    written: str = ""
    answered: Answered | None = None
    failed: TurnFailed | None = None
    running: bool = False
    stopping: bool = False
    waited: float = 0.0

    @property
    def hits(self) -> tuple[MemoryHit, ...]:
        """Every memory that the turn recalled, in the order of its marks."""
        return tuple(hit for recall in self.recalls for hit in recall.hits)

    @property
    def used(self) -> frozenset[str]:
        """The marks that the answer or the ideal item profile rests on."""
        marks = set(self.answered.used) if self.answered else set()
        if self.profile:
            marks.update(self.profile.profile.useful_memory_ids)
        return frozenset(marks)

    @property
    def weighed(self) -> tuple[GlobalAspect, ...]:
        return self.scenario.weighed if self.scenario else ()


def fold(
    asked: str, events: Iterable[Event], *, turn_id: str = "now", running: bool = False, waited: float = 0.0
) -> TurnView:
    """The view of a turn from its events. ``turn_id`` is used until an event names the turn."""
    view = TurnView(turn_id, asked, running=running, waited=waited)
    written: list[str] = []
    for event in events:
        match event:
            case TurnStarted():
                view = replace(view, turn_id=event.turn_id, started=event)
            case ScenarioRead():
                view = replace(view, scenario=event)
            case AspectsInferred():
                view = replace(view, aspects=event)
            case MemoryRecalled():
                view = replace(view, recalls=(*view.recalls, event))
            case ProfileWritten():
                view = replace(view, profile=event)
            case Searched():
                view = replace(view, searched=event)
            case PolicyFellBack():
                view = replace(view, fallbacks=(*view.fallbacks, event))
            case TextGenerated():
                written.append(event.text)
            case Answered():
                view = replace(view, turn_id=event.turn_id, answered=event)
            case TurnFailed():
                view = replace(view, turn_id=event.turn_id, failed=event)
    return replace(view, written="".join(written))


def doing(view: TurnView) -> str:
    """What the assistant is doing now, in words."""
    if view.stopping:
        return "stopping"
    if view.searched:
        return "putting the answer together"
    if view.profile:
        return "looking through the shop"
    if view.aspects:
        asked = {recall.aspect.casefold() for recall in view.recalls}
        waiting = [aspect for aspect in view.aspects.aspects if aspect.casefold() not in asked]
        if waiting and _remembers(view):
            return f"asking my memory about {waiting[0]}"
        return "picturing what would suit you"
    if view.scenario:
        return "thinking about what matters here"
    return "reading the situation"


def _remembers(view: TurnView) -> bool:
    return not (view.started and view.started.request.recipient)


def summary(view: TurnView) -> str:
    """The one line that sums up the reasoning, as text; "" for a turn that needed none."""
    parts = []
    if view.scenario:
        parts.append(view.scenario.scenario.strip().rstrip("."))
    if view.aspects and view.aspects.aspects:
        shown = view.aspects.aspects[:VISIBLE_ASPECTS]
        parts.append(f"weighed {listed(shown)}")
    if view.running:
        now = doing(view) + "…"
        return " · ".join([*parts, now]) if parts else now[0].upper() + now[1:]
    if view.hits:
        parts.append(f"recalled {plural(len(view.hits), 'memory', 'memories')}")
    elif view.started and view.started.request.recipient and parts:
        parts.append("without what I know of you")
    elif view.recalls:
        parts.append("found no memory of it")
    if parts and view.answered:
        parts.append(seconds(view.answered.seconds))
    return " · ".join(parts)


def announcement(view: TurnView) -> str:
    """What a screen reader should say now: the step under way, then the answer."""
    if view.answered:
        found = len(view.answered.recommendations)
        products = f" {plural(found, 'product')} below." if found else ""
        return line(split_marks(view.answered.text)[0], 1200) + products
    if view.failed:
        return line(view.failed.message)
    return line(doing(view) + "…") if view.running else "Stopped."


def turn(view: TurnView, verdicts: Mapping[str, str], *, last: bool) -> str:
    """The whole turn. ``verdicts`` are the person's likes by item id; ``last`` offers asking again and editing."""
    body = _reasoning(view) + _body(view, verdicts, last=last) + _tools(view, last=last)
    return (
        f'<article class="turn{" running" if view.running else ""}" id="turn-{esc(view.turn_id)}">'
        f'<div class="ask"><p dir="auto">{esc(view.asked, ASK_LIMIT)}</p></div>{body}</article>'
    )


def earlier(hidden: int) -> str:
    """The button that brings back the early turns of a long conversation."""
    words = f"Show {plural(hidden, 'earlier message')}"
    return f'<button type="button" class="wide earlier" data-act="earlier">{words}</button>' if hidden > 0 else ""


def _body(view: TurnView, verdicts: Mapping[str, str], *, last: bool) -> str:
    if view.failed:
        return f'<div class="notice bad" role="alert">{paragraphs(view.failed.message)}</div>'
    if view.answered is None:
        return "" if view.running else '<p class="notice">Stopped before I had an answer.</p>'
    recalled = {hit.mark for hit in view.hits}
    text = paragraphs(view.answered.text, mark=lambda name: _marks(view, (name,)))
    answer = f'<div class="answer">{text}</div>'
    numbered = last and view.searched is not None
    shelf = cards.shelf(view.answered.recommendations, view.turn_id, verdicts, recalled, numbered=numbered)
    return answer + shelf + (_chips(view.answered.chips) if last else "")


def _marks(view: TurnView, marks: Iterable[str]) -> str:
    known = {hit.mark for hit in view.hits}
    return cards.marks([mark for mark in marks if mark in known], view.turn_id)


def _chips(chips: tuple[str, ...]) -> str:
    buttons = "".join(f'<button type="button" data-say="{line(c, 200)}">{line(c, 80)}</button>' for c in chips[:6])
    return f'<div class="chips" role="group" aria-label="Ask next">{buttons}</div>' if buttons else ""


def _tools(view: TurnView, *, last: bool) -> str:
    if view.running:
        return ""
    buttons = []
    if view.hits:
        role = "behind this" if view.used else "recalled"
        buttons.append(_panel_button(view, "now", f"{plural(len(view.hits), 'memory', 'memories')} {role}"))
    elif view.weighed:
        buttons.append(_panel_button(view, "weigh", "What buyers weigh"))
    if last:
        buttons.append('<button type="button" data-again>Ask again</button>')
        buttons.append(f'<button type="button" data-edit="{esc(view.asked, ASK_LIMIT)}">Edit my message</button>')
    return f'<div class="turn-tools">{"".join(buttons)}</div>' if buttons else ""


def _panel_button(view: TurnView, panel: str, words: str) -> str:
    return (
        f'<button type="button" data-sheet data-panel="{panel}" data-turn="{esc(view.turn_id)}">{line(words)}</button>'
    )


def _reasoning(view: TurnView) -> str:
    said = summary(view)
    if not said:
        return ""
    waited = f' <span class="waited">{seconds(view.waited)}</span>' if view.running and view.waited >= 2 else ""
    head = f'<span class="line">{line(said, 320)}{waited}</span>'
    steps = _steps(view)
    if not steps:
        return f'<p class="reasoning bare"><span class="pulse"></span>{head}</p>'
    pulse = '<span class="pulse"></span>' if view.running else ""
    return (
        f'<details class="reasoning" data-key="steps-{esc(view.turn_id)}"><summary>{pulse}{head}</summary>'
        f'<ol class="steps">{"".join(steps)}</ol></details>'
    )


def _step(title: str, technical: str, took: float | None, body: str) -> str:
    time = f'<span class="took">{line(seconds(took))}</span>' if took is not None else ""
    return (
        f'<li><div class="step-head"><h4>{title}</h4><span class="technical">{technical}</span>{time}</div>{body}</li>'
    )


def _steps(view: TurnView) -> list[str]:
    steps = []
    if view.scenario:
        body = f'<p dir="auto">{line(view.scenario.scenario)}</p>'
        steps.append(_step("The situation", "scenario analysis", view.scenario.seconds, body))
    if view.aspects:
        steps.append(_step("What matters", "aspect inference", view.aspects.seconds, _aspects(view)))
    steps += [_recall(recall) for recall in view.recalls]
    if view.profile:
        profile = view.profile.profile
        body = f'<p dir="auto">{line(profile.text, 1200)} {_marks(view, profile.useful_memory_ids)}</p>'
        steps.append(_step("What would suit you", "ideal item profile", view.profile.seconds, body))
    if view.searched:
        steps.append(_step("Looking through the shop", "search", view.searched.seconds, _search(view.searched)))
    steps += [_fallback(fallback) for fallback in view.fallbacks]
    if view.written.strip():
        steps.append(_written(view))
    return steps


def told_of(aspect: GlobalAspect) -> str:
    """What is told of an aspect, without its name in front."""
    name, _, rest = aspect.text.partition(": ")
    told = rest if rest and name.casefold() == aspect.aspect.casefold() else aspect.text
    return told[:1].upper() + told[1:]


def _aspects(view: TurnView) -> str:
    why = {aspect.aspect.casefold(): told_of(aspect) for aspect in view.weighed}
    rows = []
    for aspect in view.aspects.aspects if view.aspects else ():
        reason = why.get(aspect.casefold(), "")
        note = f'<span class="why" dir="auto">{line(reason, 160)}</span>' if reason else ""
        rows.append(f'<li><span class="aspect">{line(aspect, 60)}</span>{note}</li>')
    return f'<ul class="aspects">{"".join(rows)}</ul>'


def recalled_list(hits: Iterable[MemoryHit]) -> str:
    """Memories as a list, each with the kind of memory it is."""
    rows = "".join(
        f'<li dir="auto"><span class="level {esc(hit.level)}">{LEVEL_WORDS.get(hit.level, esc(hit.level))}</span> '
        f"{line(hit.text, 240)}</li>"
        for hit in hits
    )
    return f'<ul class="recalled">{rows}</ul>'


def _recall(recall: MemoryRecalled) -> str:
    body = recalled_list(recall.hits) if recall.hits else '<p class="quiet">Nothing more came back.</p>'
    return _step(f"My memory of “{line(recall.aspect, 60)}”", "memory retrieval", recall.seconds, body)


def _search(searched: Searched) -> str:
    words = f"{number(searched.found)} products ranked." if searched.found else "Nothing fitted."
    if searched.filters:
        words += f" Kept to: {'; '.join(searched.filters)}."
    if searched.relaxed:
        words += f" Let go of: {'; '.join(searched.relaxed)}."
    return f'<p dir="auto">{line(words, 600)}</p>'


def _fallback(fallback: PolicyFellBack) -> str:
    body = (
        f"<p>The {line(fallback.policy, 60)} policy could not write the {line(fallback.stage, 60)}, so my fixed rules "
        f'did. <span class="quiet">{line(fallback.reason, 300)}</span></p>'
    )
    return _step("A step I took without the model", "fall-back", None, body)


def _written(view: TurnView) -> str:
    tail = view.written.strip()
    return (
        f'<li><details class="raw" data-key="raw-{esc(view.turn_id)}"><summary>Word for word</summary>'
        f'<pre dir="auto" tabindex="0">{esc(tail, 6000)}</pre></details></li>'
    )
