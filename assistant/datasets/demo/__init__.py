"""The demo world: a shop, its people and their tastes, written by hand and grown from a seed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

SEED = 7


def build_demo_world(out: Path, *, seed: int = SEED, progress: Callable[[str], None] | None = None) -> None:
    """Write the demo world as a dataset folder: items, interactions, users and requests, gzipped.

    The same seed gives the same bytes. ``progress`` is told in words what is being done.

    Raises:
        DatasetError: ``out`` exists and holds something, or the knowledge files have problems.
    """
    from assistant.datasets.demo.folder import write_world
    from assistant.datasets.demo.world import grow_world

    world = grow_world(seed, progress)
    if progress:
        progress("Writing the shop's folder")
    write_world(world, out)
