"""The conversation in a terminal: the same turns as on the page, told line by line."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from assistant.errors import SettingsError
from assistant.turn import Assistant
from assistant.types import (
    Answered,
    AspectsInferred,
    Event,
    MemoryRecalled,
    PolicyFellBack,
    ProfileWritten,
    ScenarioRead,
    Searched,
    TurnFailed,
)
from assistant.words import money, shorten

CARDS = 5
LEAVE = ("/quit", "/exit", "quit", "exit")


def chat(assistant: Assistant, user_id: str, console: Console) -> None:
    """Talks with one user until end of input or /quit. Raises SettingsError when there is no such user."""
    user = assistant.memory.users.get(user_id)
    if user is None:
        known = ", ".join(user.user_id for user in assistant.memory.users.list(limit=8))
        raise SettingsError(f"there is no user {user_id!r} in this store; there are, for example: {known}")
    session = assistant.memory.sessions.create(user_id)
    greeting, openers = assistant.greeting(user_id)
    console.print(f"[bold]{escape(greeting)}[/] [dim]({assistant.policy.name} policy, /quit to leave)[/]")
    for opener in openers:
        console.print(f"  [dim]for example: {escape(opener)}[/]")
    while (message := _ask(console)) is not None:
        for event in assistant.reply(user_id, session.session_id, message):
            for line in tell(event):
                console.print(line, highlight=False, soft_wrap=True)


def tell(event: Event) -> list[str]:
    """The lines, with rich markup, that tell an event."""
    match event:
        case ScenarioRead(scenario):
            return [_step(f"situation: {scenario}")]
        case AspectsInferred(aspects):
            return [_step(f"what matters: {', '.join(aspects)}")]
        case MemoryRecalled(aspect, hits):
            recalled = [_step(f"  {hit.mark} {hit.text}") for hit in hits]
            return [_step(f"asked my memory about {aspect}:" + ("" if hits else " nothing")), *recalled]
        case ProfileWritten(profile):
            return [_step(f"ideal item: {profile.text}")]
        case Searched(found, filters, relaxed):
            conditions = f" ({', '.join([*filters, *(f'not kept: {words}' for words in relaxed)])})"
            return [_step(f"found {found:,} items" + (conditions if filters or relaxed else ""))]
        case PolicyFellBack(policy, stage, reason):
            return [_step(f"{policy} could not write the {stage} ({reason}); my rules did")]
        case Answered():
            return _answer(event)
        case TurnFailed(_, message):
            return [f"[red]{escape(message)}[/]"]
    return []


def _answer(answered: Answered) -> list[str]:
    lines = [escape(answered.text)]
    for number, recommended in enumerate(answered.recommendations[:CARDS], start=1):
        item = recommended.item
        price = money(item.price) if item.price is not None else "price not listed"
        lines.append(f"  [bold]{number}. {escape(shorten(item.title, 90))}[/] {price}")
        lines.append(f"     [dim]{escape(' '.join([recommended.reason, *recommended.misses]))}[/]")
    if answered.chips:
        lines.append(f"[dim]{escape(' · '.join(answered.chips))}[/]")
    return lines


def _step(text: str) -> str:
    return f"[dim]· {escape(text)}[/]"


def _ask(console: Console) -> str | None:
    try:
        message = console.input("[bold]> [/]").strip()
    except EOFError:
        return None
    return None if message in LEAVE else message
