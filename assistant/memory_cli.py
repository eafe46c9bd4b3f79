"""``mrrec memory``: what is remembered of a person, in the terminal."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from assistant.cli import Store, read_settings
from assistant.errors import StoreError

if TYPE_CHECKING:
    from memory_store.store import MemoryStore
    from memory_store.types import Level, MemoryEntry, UserRecord

app = typer.Typer(
    no_args_is_help=True, help="Show, search, rebuild or forget what is remembered.", add_completion=False
)
console = Console()

User = Annotated[str, typer.Argument(help="The user's id, or a persona's name.")]


@app.command()
def show(
    user: User,
    store: Store = None,
    level: Annotated[str | None, typer.Option(help='"profile", "pattern" or "behaviour".')] = None,
    category: Annotated[str | None, typer.Option(help="Only what is about this category.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
) -> None:
    """Everything remembered of USER, the profile first."""
    with opened(store) as memory:
        who = find_user(memory, user)
        counts = memory.hierarchy.counts(who.user_id)
        entries = memory.hierarchy.entries(who.user_id, level=_level(level), category=category, limit=limit)
        said = ", ".join(f"{count:,} {name.value}" for name, count in counts.items()) or "nothing yet"
        console.print(Text(f"{who.name} ({who.user_id}): {who.bio}\n{said}"))
        _print([(entry, None) for entry in entries])


@app.command()
def search(
    user: User,
    query: Annotated[str, typer.Argument(help="What to look for, in words.")],
    store: Store = None,
    k: Annotated[int, typer.Option("-k", min=1, help="How many.")] = 5,
) -> None:
    """What is recalled of USER for QUERY, nearest first: what the assistant's memory tool would get."""
    with opened(store) as memory:
        (recalled,) = memory.hierarchy.recall(find_user(memory, user).user_id, [query], k=k)
        _print([(hit.entry, hit.similarity) for hit in recalled])


@app.command()
def rebuild(
    user: Annotated[
        str | None, typer.Argument(help="The user's id or a persona's name; all users if left out.")
    ] = None,
    store: Store = None,
) -> None:
    """Make the index anew from SQLite, which also takes everything that was deleted off the disk."""
    with opened(store) as memory:
        embedded = memory.hierarchy.rebuild(find_user(memory, user).user_id if user else None)
        console.print(f"The index stands anew; {embedded:,} memories were embedded again.", highlight=False)


@app.command()
def forget(
    user: User,
    store: Store = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
) -> None:
    """Delete USER and all that is stored of them, for good: purchases, memories, conversations.

    Only importing a data set that still has them brings them back.
    """
    from assistant.opening import open_assistant

    with opened(store) as memory:
        who = find_user(memory, user)
    if not yes:
        typer.confirm(f"Delete {who.name} ({who.user_id}) and all that is stored of them?", abort=True)
    settings = read_settings(store=store).model_copy(update={"policy": "rules"})  # deleting needs no model
    with closing(open_assistant(settings)) as assistant:
        conversations = assistant.memory.sessions.list(who.user_id)
        for conversation in conversations:
            assistant.forget_conversation(who.user_id, conversation.session_id)
        assistant.memory.forget_user(who.user_id)
        assistant.memory.hierarchy.rebuild()
    with closing(sqlite3.connect(settings.checkpoints)) as checkpoints:
        checkpoints.execute("VACUUM")  # what was deleted leaves the disk
    console.print(Text(f"{who.name} ({who.user_id}) is forgotten; conversations: {len(conversations)}."))


@contextmanager
def opened(store: Path | None) -> Iterator[MemoryStore]:
    """The memory of the store that the settings name.

    Raises:
        StoreError: there is none.
    """
    from assistant.datasets.manifest import Manifest
    from memory_store.embedding import load_embedder
    from memory_store.store import MemoryStore

    settings = read_settings(store=store)
    manifest = Manifest.read(settings.store)
    if manifest is None:
        raise StoreError(f"There is no store {settings.store}: run `mrrec import FOLDER`, or name one with --store.")
    memory = MemoryStore.open(settings.store, load_embedder(manifest.embedder))
    try:
        yield memory
    finally:
        memory.close()


def find_user(memory: MemoryStore, user: str) -> UserRecord:
    """The user of that id, or the persona of that name.

    Raises:
        StoreError: there is none; the message lists personas.
    """
    personas = memory.users.personas()
    found = memory.users.get(user) or next((p for p in personas if p.name.lower() == user.lower()), None)
    if found is None:
        some = ", ".join(f"{persona.name} ({persona.user_id})" for persona in personas[:8]) or "none"
        raise StoreError(f"There is no user {user!r}. Personas here: {some}.")
    return found


def _print(entries: list[tuple[MemoryEntry, float | None]]) -> None:
    table = Table("level", "memory", "date", "nearness", show_edge=False)
    for entry, similarity in entries:
        date = "" if entry.timestamp is None else f"{datetime.fromtimestamp(entry.timestamp / 1000, UTC):%Y-%m-%d}"
        nearness = "" if similarity is None else f"{similarity:.2f}"
        table.add_row(entry.level.value, Text(entry.text), date, nearness)
    console.print(table)


def _level(name: str | None) -> Level | None:
    from memory_store.types import Level

    if name is None:
        return None
    try:
        return Level(name)
    except ValueError:
        raise StoreError(f"There is no level {name!r}: give one of {', '.join(Level)}.") from None
