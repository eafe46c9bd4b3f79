"""The personas' story, on the two shelves where several of them ask for the very same words: each gets their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from assistant.catalogue.search import Catalogue
from assistant.datasets.demo import SEED
from assistant.datasets.demo.folder import write_world
from assistant.datasets.demo.world import World, grow_world
from assistant.datasets.importer import import_folder
from assistant.policy.rules import RulesPolicy
from assistant.turn import Assistant
from memory_store.embedding import Embedder
from memory_store.indexing.extractive import ExtractiveWriter
from memory_store.store import MemoryStore
from tests.bench.personas import Shown, best_answer

SHELVES = ("running shoes", "coffee maker")


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Assistant]:
    folder = tmp_path_factory.mktemp("personas")
    write_world(_shelves_only(grow_world(SEED)), folder / "world")
    import_folder(folder / "world", folder / "store", embedder, ExtractiveWriter(), index_all=False)
    memory = MemoryStore.open(folder / "store", embedder)
    yield Assistant(memory, Catalogue.open(folder / "store" / "catalogue", embedder), RulesPolicy(embedder))
    memory.close()


def _shelves_only(world: World) -> World:
    """The world as if the shop had sold nothing else."""
    lives = [
        replace(life, asked=(), bought=tuple(one for one in life.bought if one.product.kind.name in SHELVES))
        for life in world.lives
    ]
    return World({name: world.shelves[name] for name in SHELVES}, tuple(life for life in lives if life.bought))


@pytest.mark.parametrize(
    ("words", "names"),
    [("running shoes", ("mara", "bea", "emeka", "walter")), ("a coffee maker", ("gus", "priya", "tom"))],
)
def test_the_same_words_bring_each_persona_their_own_and_say_why(
    assistant: Assistant, words: str, names: tuple[str, ...]
) -> None:
    shown = {name: best_answer(assistant, f"persona-{name}", words) for name in names}
    assert len({answer.title for answer in shown.values()}) == len(names), shown
    assert all(answer.because for answer in shown.values()), shown


@pytest.mark.parametrize(
    ("name", "words", "wanted"),
    [
        ("mara", "running shoes", "Vegan Microfibre"),
        ("bea", "running shoes", "Bright Colours"),
        ("emeka", "running shoes", "Max Cushion"),
        ("gus", "a coffee maker", "Manual Dial"),
        ("priya", "a coffee maker", "Compact"),
        ("tom", "a coffee maker", "App-Controlled"),
    ],
)
def test_the_answer_shows_the_story(assistant: Assistant, name: str, words: str, wanted: str) -> None:
    answer: Shown = best_answer(assistant, f"persona-{name}", words)
    assert wanted in answer.title
