"""The whole demo world in memory: the shop, its people, what they bought and what they ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from assistant.datasets.demo.asking import Asked, ask
from assistant.datasets.demo.history import Purchase, live
from assistant.datasets.demo.knowledge import Knowledge
from assistant.datasets.demo.people import Shopper, new_shopper
from assistant.datasets.demo.personas import Persona, load_personas, play
from assistant.datasets.demo.phrases import load_phrases
from assistant.datasets.demo.reading import load_knowledge
from assistant.datasets.demo.shop import Product, stock
from assistant.errors import DatasetError

SPLITS = {"train": 360, "dev": 120, "test": 120}


@dataclass(frozen=True, slots=True, eq=False)
class Life:
    """A shopper, what they bought (oldest first), what they ask, and the split they belong to ("" for a persona)."""

    shopper: Shopper
    bought: tuple[Purchase, ...]
    asked: tuple[Asked, ...]
    split: str
    persona: Persona | None = None


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """The products by kind, and the lives: the personas' first."""

    shelves: dict[str, list[Product]]
    lives: tuple[Life, ...]

    def products(self) -> list[Product]:
        """All products, kind by kind."""
        return [product for products in self.shelves.values() for product in products]


def grow_world(
    seed: int,
    progress: Callable[[str], None] | None = None,
    *,
    people: Mapping[str, int] = SPLITS,
    rounds: int = 1,
    departments: Sequence[str] = (),
) -> World:
    """The world of ``seed``: everything in it follows from the seed and the knowledge.

    ``people`` counts the shoppers of each split; each asks ``rounds`` times two to four requests.
    ``departments``: only these, and no personas (none given: all).

    Raises:
        DatasetError: the knowledge files have problems, or there is no such department.
    """
    tell = progress or (lambda text: None)
    tell("Reading what the shop knows")
    knowledge = _only(load_knowledge(), departments)
    tell("Stocking the shelves")
    shelves, shopped = stock(knowledge, seed), knowledge.shopped()
    tell("Letting the shoppers live")
    voices = load_phrases()["voice"]
    lives: list[Life] = []
    shows = [
        Life(*play(persona, shopped, shelves, Random(f"{seed}/{persona.user_id}")), (), "", persona)
        for persona in ([] if departments else load_personas(shopped))
    ]
    for split, count in people.items():
        for _ in range(count):
            rng = Random(f"{seed}/shopper/{len(lives)}")
            shopper = new_shopper(len(lives) + 1, shopped, voices, rng)
            bought = live(shopper, shopped, shelves, rng)
            asked = [one for _ in range(rounds) for one in ask(shopper, bought, shopped, shelves, rng)]
            lives.append(Life(shopper, tuple(bought), tuple(asked), split))
    return World(shelves, (*shows, *lives))


def _only(knowledge: Knowledge, departments: Sequence[str]) -> Knowledge:
    """The knowledge of these departments; of all where none is given."""
    known = knowledge.departments()
    if missing := [name for name in departments if name not in known]:
        raise DatasetError(f"the demo world has no department {', '.join(missing)}; it has {', '.join(known)}")
    kinds = {name: kind for name, kind in knowledge.kinds.items() if kind.department in departments}
    return replace(knowledge, kinds=kinds) if departments else knowledge
