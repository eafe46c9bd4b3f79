"""What the page does when a person does something: each method takes what came from the browser and gives HTML.

A ``Tab`` is one browser tab and knows only who is served and which conversation is open; all else is read from the
store each time, so tabs never share anything. Nothing from the browser is trusted: conversations are looked up with
their user, products by their place in a stored answer, memories and purchases with their user.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial

from pydantic import ValidationError

from assistant import events
from assistant.policy.base import note_on
from assistant.turn import Assistant, TurnOptions
from assistant.types import TurnFailed
from assistant.ui import answer, conversations, memory_panel, people
from assistant.ui.answer import TurnView, fold
from assistant.ui.compare import Comparison
from assistant.ui.format import clean, line
from assistant.ui.runs import Run, Runs
from memory_store.feedback import Verdict
from memory_store.types import Behaviour, Level, SessionRecord, TurnRecord, UserRecord

Payload = Mapping[str, object]
Screen = dict[str, str]

UNREADABLE = "This turn was stored by another version and cannot be shown. Ask again to get a new answer."
MOST_SHOWN = 2000
RECENT = 12
LONGEST_HANDOVER = 1.0


@dataclass
class Tab:
    """One browser tab. ``shown`` is the turn whose memories the panel shows, "" for the newest; ``whole`` is whether a
    long conversation shows its early turns too."""

    user_id: str
    session_id: str = ""
    shown: str = ""
    whole: bool = False
    follower: int = 0
    contest: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def leave(self, user_id: str, session_id: str) -> None:
        """Goes elsewhere. Whoever streams a turn into this tab stops before anything of the new place is shown.

        A stream holds the lock while the page takes one screen from it; one that the browser left hanging is not
        waited for.
        """
        taken = self.lock.acquire(timeout=LONGEST_HANDOVER)
        self.follower += 1
        self.user_id, self.session_id, self.shown, self.whole = user_id, session_id, "", False
        if taken:
            self.lock.release()


class Desk:
    """The page's actions over one assistant."""

    def __init__(self, assistant: Assistant, store_label: str) -> None:
        self._assistant = assistant
        self._memory = assistant.memory
        self._store_label = store_label
        self._runs = Runs()
        self._comparison = Comparison(assistant)

    # Places

    def open(self, user_id: str, session_id: str) -> Tab:
        """A tab at a place asked for by address; the first person, or a new conversation, where there is no such."""
        user = self._memory.users.get(clean(user_id, 200)) if user_id else None
        if user is None:
            user = next(iter(self._offered()), None)
        if user is None:
            raise LookupError("the store has no people: import a data set first (mrrec import FOLDER)")
        tab = Tab(user.user_id)
        if self._memory.sessions.get(clean(session_id, 100), user.user_id):
            tab.session_id = session_id
        return tab

    def go(self, tab: Tab, payload: Payload) -> Iterator[Screen]:
        """Another person, another conversation, a new one, or one less; then whatever is under way there."""
        kind, user_id, session_id = (_text(payload, key) for key in ("go", "user", "session"))
        if kind == "delete" and self._memory.sessions.get(session_id, tab.user_id):
            self._stop(tab.user_id, session_id)
            self._assistant.forget_conversation(tab.user_id, session_id)
            stay = "" if session_id == tab.session_id else tab.session_id
            tab.leave(tab.user_id, stay)
        elif kind == "new":
            tab.leave(tab.user_id, "")
        elif kind == "open" and self._memory.sessions.get(session_id, tab.user_id):
            tab.leave(tab.user_id, session_id)
        elif kind in ("switch", "visit"):
            there = self.open(user_id or tab.user_id, session_id)
            tab.leave(there.user_id, there.session_id)
        yield from self.arrive(tab)

    def arrive(self, tab: Tab) -> Iterator[Screen]:
        """The whole page for a tab, then the steps of a turn that is under way in its conversation."""
        yield self.screen(tab)
        run = self._run(tab)
        if run and not run.done:
            yield from self._follow(tab, run)

    # Asking

    def say(self, tab: Tab, payload: Payload) -> Iterator[Screen]:
        """A message: starts a turn and shows it step by step. ``again`` answers it in place of the last turn."""
        again = bool(payload.get("again")) and bool(tab.session_id)
        text = _text(payload, "text", limit=100_000)
        if again and not text:
            turns = self._memory.sessions.turns(tab.session_id, tab.user_id)
            text = turns[-1].request if turns else ""
        if not text.strip():
            yield {"notice": '<p class="notice">Write what you are looking for first.</p>'}
            return
        if not tab.session_id:
            session = self._memory.sessions.create(tab.user_id, conversations.title_of(clean(text, 200)))
            tab.session_id = session.session_id
        tab.shown = ""
        past = self._stored(tab)
        reply = partial(self._assistant.reply, tab.user_id, tab.session_id, text, TurnOptions(retry=again))
        run = self._runs.start(tab.user_id, tab.session_id, text, reply)
        if run is None:
            yield {"notice": '<p class="notice">I am still answering. Stop me first, or wait a moment.</p>'}
            return
        verdicts = self._memory.feedback.of_user(tab.user_id)
        yield {
            "history": self._history(tab, past[:-1] if again else past, verdicts),
            "conversations": self._conversations(tab),
            "notice": "",
            **self._progress(tab, run.snapshot().view),
        }
        yield from self._follow(tab, run)

    def _follow(self, tab: Tab, run: Run) -> Iterator[Screen]:
        with tab.lock:
            tab.follower += 1
            mine = tab.follower
        for snapshot in run.follow():
            with tab.lock:
                if tab.follower != mine:
                    return
                yield self._progress(tab, snapshot.view)
        with tab.lock:
            if tab.follower == mine:
                yield self._settled(tab)

    def _settled(self, tab: Tab) -> Screen:
        views = self._views(tab)
        return {
            **self._chat(tab, views),
            "conversations": self._conversations(tab),
            "place": self._place(tab, running=False),
        }

    def _progress(self, tab: Tab, view: TurnView) -> Screen:
        verdicts = self._memory.feedback.of_user(tab.user_id) if view.answered else {}
        screen = {
            "live": answer.turn(view, verdicts, last=True),
            "announce": answer.announcement(view),
            "place": self._place(tab, running=view.running),
        }
        if not tab.shown:
            screen |= self._panel(tab, view)
        return screen

    # Small acts

    def act(self, tab: Tab, payload: Payload) -> Screen:
        """One small act that leaves the tab where it is."""
        match payload.get("act"):
            case "stop":
                self._stop(tab.user_id, tab.session_id)
                return self._chat(tab) if tab.session_id else {}
            case "judge":
                return self._judge(tab, payload)
            case "earlier":
                tab.whole = True
                return self._chat(tab)
            case "show":
                return self._show(tab, payload)
            case "filter":
                return {"all": self._all(tab, payload)}
            case "forget":
                return self._forget(tab, payload)
            case "rename":
                return self._rename(tab, payload)
            case "people":
                return {"people": self._people(tab, _text(payload, "query"))}
        return {}

    def _judge(self, tab: Tab, payload: Payload) -> Screen:
        turn_id, verdict = _text(payload, "turn"), _text(payload, "verdict")
        view = next((view for view in self._views(tab) if view.turn_id == turn_id), None)
        place = _whole(payload, "place") - 1
        shown = view.answered.recommendations if view and view.answered else ()
        if not 0 <= place < len(shown) or verdict not in ("like", "dislike"):
            return {"notice": '<p class="notice">That product is no longer here. Reload to see the page as it is.</p>'}
        item = shown[place].item
        before = self._memory.feedback.of_user(tab.user_id).get(item.item_id)
        said: Verdict = "like" if verdict == "like" else "dislike"
        kept = None if before == said else said
        self._memory.feedback.set(tab.user_id, item.item_id, kept, item.title, turn_id, category=item.category)
        words = {"like": "Noted: you like", "dislike": "Noted: not for you,", None: "Taken back:"}[kept]
        return {
            **self._chat(tab),
            "announce": f"{words} {line(item.title, 80)}.",
            "controls": self._controls(tab),
            "all": self._all(tab, {}),
        }

    def _show(self, tab: Tab, payload: Payload) -> Screen:
        turn_id = _text(payload, "turn")
        view = next((view for view in self._views(tab) if view.turn_id == turn_id), None)
        if view is None:
            return {}
        tab.shown = turn_id
        return self._panel(tab, view)

    def _forget(self, tab: Tab, payload: Payload) -> Screen:
        gone = self._memory.hierarchy.forget(tab.user_id, [_text(payload, "entry")])
        said = "Forgotten." if gone else "That memory was gone already."
        return {"all": self._all(tab, payload), "controls": self._controls(tab), "announce": said}

    def _rename(self, tab: Tab, payload: Payload) -> Screen:
        session_id, title = _text(payload, "session"), clean(_text(payload, "title"), 120)
        if title and self._memory.sessions.get(session_id, tab.user_id):
            self._memory.sessions.rename(session_id, tab.user_id, title)
        return {"conversations": self._conversations(tab), "announce": "Renamed."}

    def compare(self, tab: Tab, payload: Payload) -> Iterator[Screen]:
        """The compare view, opened or left (its form, and no columns), or a request in it, column by column."""
        tab.contest += 1
        mine = tab.contest
        shown = self._comparison.run(payload) if "request" in payload else iter([self._comparison.form(tab.user_id)])
        for screen in shown:
            if tab.contest != mine:
                return
            yield screen

    # Drawing

    def screen(self, tab: Tab) -> Screen:
        """Everything that the page shows of a tab's place."""
        views = self._views(tab)
        user = self._user(tab)
        shown = next((view for view in views if view.turn_id == tab.shown), views[-1] if views else None)
        purchases = sum(self._memory.behaviours.categories(tab.user_id).values())
        running = bool(views) and views[-1].running
        return {
            **self._chat(tab, views),
            **self._panel(tab, shown),
            "person": people.header(user, purchases),
            "conversations": self._conversations(tab),
            "controls": self._controls(tab),
            "all": self._all(tab, {}),
            "dialog": people.dialog(self._memory.users.count(), len(self._memory.users.personas())),
            "people": self._people(tab, ""),
            "bar": people.bar(user),
            "foot": self._foot(),
            "notice": "",
            "place": self._place(tab, running=running),
        }

    def _chat(self, tab: Tab, views: list[TurnView] | None = None) -> Screen:
        views = self._views(tab) if views is None else views
        if not views:
            greeting, openers = self._assistant.greeting(tab.user_id)
            return {"history": "", "live": people.welcome(greeting, openers)}
        verdicts = self._memory.feedback.of_user(tab.user_id)
        live = answer.turn(views[-1], verdicts, last=True)
        return {"history": self._history(tab, views[:-1], verdicts), "live": live}

    def _history(self, tab: Tab, views: list[TurnView], verdicts: Mapping[str, str]) -> str:
        shown = views if tab.whole else views[-RECENT:]
        drawn = "".join(answer.turn(view, verdicts, last=False) for view in shown)
        return answer.earlier(len(views) - len(shown)) + drawn

    def _panel(self, tab: Tab, view: TurnView | None) -> Screen:
        wanted = [one for hit in (view.hits if view else ()) for one in hit.behaviour_ids[: memory_panel.SOURCES_SHOWN]]
        return {
            "now": memory_panel.this_answer(view, self._sources(tab, wanted)),
            "weigh": memory_panel.buyers_weigh(view.weighed if view else ()),
        }

    def _sources(self, tab: Tab, behaviour_ids: list[str]) -> dict[str, Behaviour]:
        if not behaviour_ids:
            return {}
        found = self._memory.behaviours.get(tab.user_id, list(dict.fromkeys(behaviour_ids)))
        return {behaviour.behaviour_id: behaviour for behaviour in found}

    def _shelf(self, tab: Tab, payload: Payload) -> memory_panel.Shelf:
        level = _text(payload, "level")
        query, category = clean(_text(payload, "query"), 200), _text(payload, "category")
        limit = min(max(_whole(payload, "limit"), memory_panel.PAGE), MOST_SHOWN)
        entries = self._memory.hierarchy.entries(
            tab.user_id,
            level=Level(level) if level in list(Level) else None,
            category=category or None,
            query=query,
            limit=limit + 1,
        )
        return memory_panel.Shelf(
            entries=entries[:limit],
            counts=self._memory.hierarchy.counts(tab.user_id),
            categories=self._memory.behaviours.categories(tab.user_id),
            filtered=bool(query or category or level),
            limit=limit,
            more=len(entries) > limit,
        )

    def _all(self, tab: Tab, payload: Payload) -> str:
        shelf = self._shelf(tab, payload)
        wanted = [one for entry in shelf.entries for one in entry.behaviour_ids[: memory_panel.SOURCES_SHOWN]]
        return memory_panel.all_memories(shelf, self._sources(tab, wanted))

    def _controls(self, tab: Tab) -> str:
        return memory_panel.controls(self._shelf(tab, {}))

    def _conversations(self, tab: Tab) -> str:
        listed: list[SessionRecord] = self._memory.sessions.list(tab.user_id)
        return conversations.conversations(listed, tab.session_id, date.today())

    def _people(self, tab: Tab, query: str) -> str:
        found = self._offered(clean(query, 100))
        purchases = {user.user_id: sum(self._memory.behaviours.categories(user.user_id).values()) for user in found}
        return people.choices(found, purchases, tab.user_id)

    def _offered(self, query: str = "") -> list[UserRecord]:
        if query:
            return self._memory.users.search(query, limit=people.OFFERED)
        return self._memory.users.personas() or self._memory.users.most_remembered(limit=people.OFFERED)

    def _foot(self) -> str:
        return people.foot(self._assistant.policy.name, self._store_label, note_on(self._assistant.policy))

    def _place(self, tab: Tab, *, running: bool) -> str:
        user, session = line(tab.user_id, 200), line(tab.session_id, 100)
        return f'<i data-user="{user}" data-session="{session}" data-running="{str(running).lower()}"></i>'

    # Reading

    def _user(self, tab: Tab) -> UserRecord:
        return self._memory.users.get(tab.user_id) or UserRecord(tab.user_id, "")

    def _run(self, tab: Tab) -> Run | None:
        return self._runs.of(tab.user_id, tab.session_id) if tab.session_id else None

    def _stop(self, user_id: str, session_id: str) -> None:
        run = self._runs.of(user_id, session_id)
        if run:
            run.stop()

    def _stored(self, tab: Tab) -> list[TurnView]:
        if not self._memory.sessions.get(tab.session_id, tab.user_id):
            return []
        return [_view(turn) for turn in self._memory.sessions.turns(tab.session_id, tab.user_id)]

    def _views(self, tab: Tab) -> list[TurnView]:
        """The conversation's turns, the one under way last (also one that ended before it could be stored)."""
        stored = self._stored(tab)
        run = self._run(tab)
        if run is None:
            return stored
        live = run.snapshot().view
        known = {view.turn_id for view in stored}
        return stored if live.turn_id in known else [*stored, live]


def _view(turn: TurnRecord) -> TurnView:
    try:
        told = [events.from_dict(dict(values)) for values in turn.events]
    except (ValidationError, KeyError):
        told = [TurnFailed(turn.turn_id, UNREADABLE)]
    return fold(turn.request, told, turn_id=turn.turn_id)


def _text(payload: Payload, key: str, limit: int = 400) -> str:
    value = payload.get(key)
    return value[:limit] if isinstance(value, str) else ""


def _whole(payload: Payload, key: str) -> int:
    value = payload.get(key)
    return int(value) if isinstance(value, (str, int)) and str(value).isdecimal() and len(str(value)) < 8 else 0
