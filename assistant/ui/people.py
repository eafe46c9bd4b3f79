"""Who is being served: the person's header, and the switch that offers the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assistant.pictures import draw_avatar
from assistant.ui.format import esc, line, number, plural
from memory_store.types import UserRecord

OFFERED = 24


def name(user: UserRecord) -> str:
    """What the page calls a person; some of real data sets have an id only."""
    given = user.name.strip()
    return given if given and given != user.user_id else f"Shopper {user.user_id[-6:]}"


def header(user: UserRecord, purchases: int) -> str:
    """The person being served, and the button that opens the switch."""
    return (
        f'<div class="person"><div class="avatar" aria-hidden="true">{draw_avatar(user.avatar, name=user.name)}</div>'
        f'<div class="who"><h2 dir="auto">{line(name(user), 60)}</h2>'
        f'<p dir="auto">{line(_one_line(user, purchases), 160)}</p></div></div>'
        '<button type="button" class="wide" data-open="people" aria-haspopup="dialog">Switch person</button>'
    )


def _one_line(user: UserRecord, purchases: int) -> str:
    return user.bio.strip() or (plural(purchases, "purchase") + " remembered" if purchases else "No purchases yet")


def dialog(total: int, personas: int) -> str:
    """The frame of the switch: heading and search box. What it lists is drawn apart, so typing is not interrupted."""
    search = (
        '<form class="filters" data-live="people" role="search"><input type="search" name="query" maxlength="100" '
        f'placeholder="Search {number(total)} people by name or id" aria-label="Search people" autocomplete="off">'
        "</form>"
        if total > personas
        else ""
    )
    return (
        '<div class="dialog-head"><h2 id="people-title">Who am I helping?</h2>'
        '<button type="button" class="icon" data-close aria-label="Close">✕</button></div>'
        f"<p>I only ever use the memory of the person you pick.</p>{search}"
    )


def choices(users: Sequence[UserRecord], purchases: Mapping[str, int], current: str) -> str:
    """The people to choose from, as cards."""
    if not users:
        return '<p class="nothing">I know nobody by that name.</p>'
    cards = "".join(_choice(user, purchases.get(user.user_id, 0), user.user_id == current) for user in users[:OFFERED])
    return f'<ul class="people">{cards}</ul>'


def _choice(user: UserRecord, purchases: int, current: bool) -> str:
    here = ' aria-current="true"' if current else ""
    told = not user.bio or "purchase" in user.bio
    count = "" if told or not purchases else f'<span class="quiet">{plural(purchases, "purchase")} remembered</span>'
    return (
        f'<li><button type="button" class="choice" data-go="switch" data-user="{esc(user.user_id, 200)}"{here}>'
        f'<span class="avatar" aria-hidden="true">{draw_avatar(user.avatar, name=user.name)}</span><span class="who">'
        f'<b dir="auto">{line(name(user), 60)}</b><span dir="auto">{line(_one_line(user, purchases), 160)}</span>'
        f"{count}</span></button></li>"
    )


def welcome(greeting: str, openers: Sequence[str]) -> str:
    """An empty conversation: a greeting by name and openers that fit the person."""
    buttons = "".join(
        f'<button type="button" class="opener" data-say="{line(opener, 300)}"><span dir="auto">'
        f"{line(opener, 140)}</span></button>"
        for opener in openers[:3]
    )
    head = f'<h1 dir="auto">{line(greeting, 200)}</h1>'
    return f'<div class="welcome" id="welcome">{head}<div class="openers">{buttons}</div></div>'


def bar(user: UserRecord) -> str:
    """The bar on top of a phone's page: conversations on the left, the person in the middle, memory on the right."""
    return (
        '<button type="button" class="icon" data-open="left" aria-label="People and conversations">☰</button>'
        f'<span class="bar-name" dir="auto">{line(name(user), 60)}</span>'
        '<button type="button" class="quiet-button" data-sheet="memory">Memory</button>'
    )


def foot(policy: str, store: str, note: str = "") -> str:
    """The quiet lines under the conversations: the way to the compare view, and what answers from what.

    ``note`` is what should be known of the policy.
    """
    told = f"<dt>Note</dt><dd>{line(note, 300)}</dd>" if note else ""
    return (
        '<button type="button" class="aside" data-compare>Compare side by side</button>'
        f'<details class="foot" data-key="about"><summary>{line(policy, 40)} policy · {line(store, 40)}</summary>'
        f"<dl><dt>Answers are written by</dt><dd>{line(policy, 80)}</dd><dt>Store</dt><dd>{line(store, 200)}</dd>"
        f"{told}</dl>"
        "<p>To change them, start again with other settings: <code>MRREC_POLICY</code>, <code>MRREC_STORE</code>. "
        "The page itself asks nothing of the internet.</p></details>"
    )
