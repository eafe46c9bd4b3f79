"""A person's conversations, newest first, by day; each can be opened, renamed and deleted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby

from assistant.ui.format import day, esc, line, plural
from memory_store.types import SessionRecord

SHOWN = 40
TITLE = 60


def title_of(request: str) -> str:
    """A conversation's title, from its first request."""
    words = " ".join(request.split())
    cut = words if len(words) <= TITLE else words[: TITLE - 1].rsplit(" ", 1)[0] + "…"
    return cut[:1].upper() + cut[1:]


def conversations(sessions: Sequence[SessionRecord], current: str, today: date) -> str:
    """The list with "New conversation" on top. ``current`` is the open session's id, "" for a new one."""
    plus = '<span aria-hidden="true">+</span>'
    new = f'<button type="button" class="wide new" data-go="new">{plus} New conversation</button>'
    if not sessions:
        return f'{new}<p class="nothing">No conversations yet.</p>'
    shown, rest = sessions[:SHOWN], sessions[SHOWN:]
    older = ""
    if rest:
        words = plural(len(rest), "older conversation")
        older = (
            f'<details class="older" data-key="older"><summary>{words}</summary>{_days(rest, current, today)}</details>'
        )
    return f'{new}<nav aria-label="Conversations">{_days(shown, current, today)}{older}</nav>'


def _days(sessions: Sequence[SessionRecord], current: str, today: date) -> str:
    parts = []
    for words, group in groupby(sessions, key=lambda session: day(session.updated_at, today)):
        rows = "".join(_row(session, session.session_id == current) for session in group)
        parts.append(f'<h3>{words}</h3><ul class="sessions">{rows}</ul>')
    return "".join(parts)


def _row(session: SessionRecord, current: bool) -> str:
    identifier = esc(session.session_id, 100)
    title = line(session.title, 200) or "Untitled"
    here = ' aria-current="page"' if current else ""
    return (
        f'<li class="session"><button type="button" class="open" data-go="open" data-session="{identifier}"{here} '
        f'dir="auto" title="{title}">{title}</button>'
        f'<details class="menu"><summary aria-label="Rename or delete {title}">⋯</summary>'
        f'<form data-act="rename" data-session="{identifier}"><label>Title<input name="title" value="{title}" '
        'maxlength="120" required autocomplete="off"></label><button type="submit">Rename</button></form>'
        f'<details class="sure"><summary>Delete</summary><p>It cannot be brought back.</p><button type="button" '
        f'class="danger" data-go="delete" data-session="{identifier}">Delete it</button></details></details></li>'
    )
