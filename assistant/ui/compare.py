"""The compare view: one request answered in several columns, by how much memory is used or by who asks.

A view for demonstrations, so it shows personas only where a store has them. Nothing is stored, and nothing from the
browser is believed: people are looked up among those offered, settings among those that exist.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from assistant.context import MemorySetting
from assistant.errors import AssistantError
from assistant.pictures import draw_avatar
from assistant.turn import Assistant, TurnOptions
from assistant.types import TurnFailed
from assistant.ui import cards, people
from assistant.ui.answer import TurnView, fold, recalled_list
from assistant.ui.format import clean, esc, line, number, plural, seconds
from memory_store.types import UserRecord

Payload = Mapping[str, object]
Screen = dict[str, str]

SHOWN = 4
FEWEST, MOST = 2, 4
EXAMPLES = 4
REQUEST = 2000
SETTINGS: tuple[tuple[MemorySetting, str, str], ...] = (
    ("none", "No memory", "The request alone."),
    ("naive", "Last 10 purchases", "All ten are read, whatever was asked."),
    ("static", "One written summary", "The same summary is read for every request."),
    ("mrrec", "What I remember for this request", "I ask my memory about what matters here, and read only that."),
)


@dataclass(frozen=True)
class Column:
    """One column: what stands over it, and the turn in it as far as it has come (None: not begun)."""

    user: UserRecord
    setting: MemorySetting
    title: str
    note: str
    avatar: bool = False
    view: TurnView | None = None

    @property
    def shown(self) -> tuple[str, ...]:
        """The ids of the products that the column shows."""
        answered = self.view.answered if self.view else None
        return tuple(found.item.item_id for found in answered.recommendations[:SHOWN]) if answered else ()


class Comparison:
    """Answers one request in several columns over one assistant."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant

    def form(self, user_id: str) -> Screen:
        """The form for a person, who is chosen first, and an empty table under it."""
        offered = self._offered()
        return {"contest": _form(offered, user_id, _examples(offered)), "columns": ""}

    def run(self, payload: Payload) -> Iterator[Screen]:
        """Fills the columns one after the other. A problem is told in the place of the columns."""
        text = payload.get("request")
        try:
            columns = self._columns(payload)
            request = self._assistant.dialogue.new_request(clean(text, REQUEST) if isinstance(text, str) else "")
        except (AssistantError, ValueError) as error:
            yield {"columns": f'<p class="notice" role="alert">{line(str(error), 300)}</p>'}
            return
        if not request.text.strip():
            yield {"columns": '<p class="notice" role="alert">Write what is being looked for first.</p>'}
            return
        for place, column in enumerate(columns):
            columns[place] = replace(column, view=fold(request.text, (), running=True))
            yield {"columns": _table(columns, done=False)}
            options = TurnOptions(memory=column.setting)
            try:
                told = list(self._assistant.preview(column.user.user_id, request, options))
            except AssistantError as error:
                told = [TurnFailed("preview", str(error))]
            columns[place] = replace(column, view=fold(request.text, told))
        found = "; ".join(f"{column.title}: {plural(len(column.shown), 'product')}" for column in columns)
        yield {"columns": _table(columns, done=True), "announce": line(f"Compared. {found}.", 400)}

    def _columns(self, payload: Payload) -> list[Column]:
        """The columns asked for. Raises ValueError, in words for the person, where they cannot be."""
        offered = {user.user_id: user for user in self._offered()}
        if payload.get("by") == "people":
            asked = payload.get("people")
            names = [name for name in asked if isinstance(name, str)] if isinstance(asked, list) else []
            chosen = [offered[name] for name in dict.fromkeys(names) if name in offered]
            if not FEWEST <= len(chosen) <= MOST:
                raise ValueError(f"Choose {FEWEST} to {MOST} people to compare.")
            return [Column(user, "mrrec", people.name(user), user.bio, avatar=True) for user in chosen]
        user = offered.get(str(payload.get("person"))) or next(iter(offered.values()))
        return [Column(user, setting, title, note) for setting, title, note in SETTINGS]

    def _offered(self) -> list[UserRecord]:
        users = self._assistant.memory.users
        return users.personas() or users.most_remembered(limit=people.OFFERED)


def _examples(offered: Sequence[UserRecord]) -> list[str]:
    """Openers that several of the people share: the same words, other people."""
    asked = Counter(opener for user in offered for opener in user.openers)
    return [opener for opener, count in asked.most_common(EXAMPLES) if count > 1]


def _form(offered: Sequence[UserRecord], user_id: str, examples: Sequence[str]) -> str:
    here = user_id if any(user.user_id == user_id for user in offered) else offered[0].user_id
    options = "".join(
        f'<option value="{esc(user.user_id, 200)}"{" selected" if user.user_id == here else ""}>'
        f"{line(people.name(user), 60)}</option>"
        for user in offered
    )
    first = [here, *(user.user_id for user in offered if user.user_id != here)][: MOST - 1]
    boxes = "".join(
        f'<label class="pick"><input type="checkbox" name="people" value="{esc(user.user_id, 200)}"'
        f'{" checked" if user.user_id in first else ""}><span class="avatar" aria-hidden="true">'
        f"{draw_avatar(user.avatar, name=user.name)}</span>{line(people.name(user).split()[0], 30)}</label>"
        for user in offered
    )
    chips = "".join(
        f'<button type="button" data-example="{line(words, 200)}">{line(words, 80)}</button>' for words in examples
    )
    tries = f'<div class="chips"><span class="quiet">Try</span>{chips}</div>' if chips else ""
    return (
        '<form id="contest-form" data-contest>'
        '<div class="contest-ask"><input name="request" maxlength="2000" dir="auto" autocomplete="off" '
        'aria-label="The request" placeholder="One request for every column"><button type="submit" class="go">Compare'
        f"</button></div>{tries}"
        '<fieldset class="by"><legend class="hidden">What the columns differ in</legend>'
        '<label><input type="radio" name="by" value="memory" checked> How much I remember</label>'
        f'<label class="for-memory">of <select name="person" aria-label="Person">{options}</select></label>'
        '<label><input type="radio" name="by" value="people"> Who asks</label></fieldset>'
        f'<fieldset class="for-people"><legend class="hidden">{FEWEST} to {MOST} people</legend>{boxes}</fieldset>'
        "</form>"
    )


def _table(columns: Sequence[Column], *, done: bool) -> str:
    counts = Counter(item_id for column in columns for item_id in set(column.shown))
    rows = "".join(_column(column, counts, done=done) for column in columns)
    return f'<ol class="contest" style="--columns:{len(columns)}" data-done="{str(done).lower()}">{rows}</ol>'


def _column(column: Column, counts: Mapping[str, int], *, done: bool) -> str:
    face = ""
    if column.avatar:
        drawn = draw_avatar(column.user.avatar, name=column.user.name)
        face = f'<span class="avatar" aria-hidden="true">{drawn}</span>'
    head = (
        f'<header>{face}<div><h3 dir="auto">{line(column.title, 60)}</h3>'
        f'<p class="quiet" dir="auto">{line(column.note, 160)}</p></div></header>'
    )
    return f'<li class="contestant">{head}{_outcome(column, counts, done=done)}</li>'


def _outcome(column: Column, counts: Mapping[str, int], *, done: bool) -> str:
    view = column.view
    if view is None:
        return '<p class="quiet waiting">Next…</p>'
    if view.running:
        return '<p class="quiet waiting"><span class="pulse"></span>Thinking…</p>'
    if view.failed or view.answered is None:
        return f'<p class="notice bad">{line(view.failed.message if view.failed else "No answer came.", 400)}</p>'
    drawn = "".join(
        cards.plain(found, place, "Only here" if done and counts[found.item.item_id] == 1 else "")
        for place, found in enumerate(view.answered.recommendations[:SHOWN], start=1)
    )
    found = f'<ul class="cards">{drawn}</ul>' if drawn else '<p class="quiet">Nothing fitted.</p>'
    return f"{_spent(view)}{_sought(view)}{found}"


def _spent(view: TurnView) -> str:
    answered = view.answered
    tokens = answered.memory_tokens if answered else 0
    read = f"<b>{number(tokens)}</b> memory {'token' if tokens == 1 else 'tokens'}" if tokens else "<b>No</b> memory"
    took = esc(seconds(answered.seconds)) if answered else ""
    return f'<p class="spent"><span>{read} read</span><span>{took}</span></p>'


def _sought(view: TurnView) -> str:
    profile = view.profile.profile.text if view.profile else ""
    hits = view.hits
    memories = ""
    if hits:
        words = f"{plural(len(hits), 'memory', 'memories')} recalled"
        memories = f'<details class="source"><summary>{words}</summary>{recalled_list(hits)}</details>'
    return f'<div class="sought"><h4>Looked for</h4><p dir="auto">{line(profile, 600)}</p>{memories}</div>'
