"""Writes the demo world as a dataset folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from assistant.datasets.demo.world import World
from assistant.datasets.rows import InteractionRow, RequestRow
from assistant.datasets.writing import FolderWriter
from memory_store.types import UserRecord


def write_world(world: World, out: Path) -> None:
    """Write ``world`` into the new folder ``out``.

    Raises:
        DatasetError: the folder exists and holds something.
    """
    writer = FolderWriter(out)
    writer.write("items", (product.item for product in world.products()))
    writer.write("users", _users(world))
    writer.write("interactions", _interactions(world))
    writer.write("requests", _requests(world))


def _users(world: World) -> Iterator[UserRecord]:
    for life in world.lives:
        persona = life.persona
        if persona is None:
            yield UserRecord(life.shopper.user_id, life.shopper.name)
        else:
            yield UserRecord(
                persona.user_id, persona.name, persona.bio, True, persona.openers, dict(sorted(persona.avatar.items()))
            )


def _interactions(world: World) -> Iterator[InteractionRow]:
    for life in world.lives:
        for purchase in life.bought:
            yield purchase.row(life.shopper.user_id)


def _requests(world: World) -> Iterator[RequestRow]:
    for life in world.lives:
        for number, asked in enumerate(life.asked, 1):
            yield asked.row(number, life.split)
