"""The demo world: a shop, its people and their tastes, written by hand and grown from a seed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

SEED = 23


@cache
def world_version() -> str:
    """Eight hex digits that change with what the world is made by: its knowledge and its code."""
    root, digest = Path(__file__).parent, hashlib.sha256()
    for file in sorted(file for file in root.rglob("*") if file.suffix in (".py", ".toml")):
        digest.update(file.relative_to(root).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:8]


def build_demo_world(
    out: Path,
    *,
    seed: int = SEED,
    shoppers: int | None = None,
    rounds: int = 1,
    progress: Callable[[str], None] | None = None,
) -> None:
    """Write the demo world as a dataset folder: items, interactions, users and requests, gzipped.

    The same seed gives the same bytes. ``shoppers``: a world to train in, with as many shoppers, all in "train" (none:
    the world that ships, with all splits); each asks ``rounds`` times. ``progress`` is told in words what is done.

    Raises:
        DatasetError: ``out`` exists and holds something, or the knowledge files have problems.
    """
    from assistant.datasets.demo.folder import write_world
    from assistant.datasets.demo.world import SPLITS, grow_world

    people = SPLITS if shoppers is None else {"train": shoppers}
    world = grow_world(seed, progress, people=people, rounds=rounds)
    if progress:
        progress("Writing the shop's folder")
    write_world(world, out)


def build_demo_slice(out: Path, departments: Sequence[str], *, seed: int = SEED, people: Mapping[str, int]) -> None:
    """Write a slice of the demo world as a dataset folder: these departments, and ``people`` shoppers of each split
    who buy and ask only there.

    Raises:
        DatasetError: there is no such department, or as ``build_demo_world``.
    """
    from assistant.datasets.demo.folder import write_world
    from assistant.datasets.demo.world import grow_world

    write_world(grow_world(seed, people=people, departments=departments), out)
