"""The shops that a run trains in: stores opened, their requests read, the assistant over each."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from assistant.datasets.demo import build_demo_slice, build_demo_world, world_version
from assistant.datasets.importer import Progress
from assistant.datasets.manifest import Manifest
from assistant.datasets.rows import RequestRow
from assistant.errors import StoreError
from assistant.evaluation.checks import check_before
from assistant.evaluation.requests import load_requests
from assistant.evaluation.world import World, open_world
from assistant.policy.rules import RulesPolicy
from assistant.settings import Settings
from assistant.training.config import GrownConfig, RunConfig, SliceConfig, WorldConfig
from assistant.training.errors import TrainingError
from assistant.training.rollout import Job
from assistant.turn import Assistant
from memory_store.indexing.base import digest


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of "train": its text, who asks, the kind of product that is meant, and whether memory has to be left
    out of it (``alone``)."""

    text: str
    user_id: str
    kind: str
    alone: bool


@dataclass(frozen=True, slots=True)
class Shop:
    """An open world with its assistant. ``train`` and ``dev`` are its requests of these splits, as far as the run takes
    them; ``asked`` is all that "train" asks."""

    world: World
    assistant: Assistant
    train: list[RequestRow]
    dev: list[RequestRow]
    asked: list[Asked]

    def identity(self) -> dict[str, object]:
        """What tells this shop from another, for the model card."""
        return {
            "dataset": self.world.manifest.dataset,
            "content_hash": self.world.manifest.content_hash,
            "writer": self.world.manifest.writer,
            "items": self.world.catalogue.items.count(),
            "memories": self.world.memory.hierarchy.count(),
            "train_requests": len(self.train),
            "dev_requests": len(self.dev),
        }


@contextmanager
def open_shops(config: RunConfig, progress: Progress) -> Iterator[list[Shop]]:
    """Every shop of the run, built where its store is absent; closed after use.

    Raises DatasetError or StoreError as the import does, EvaluationError where requests cannot be read, LeakError
    where a memory holds what it must not.
    """
    with ExitStack() as stack:
        yield [stack.enter_context(open_shop(config, world, progress)) for world in config.worlds]


@contextmanager
def open_shop(config: RunConfig, chosen: WorldConfig, progress: Progress) -> Iterator[Shop]:
    """One shop of the run. Raises as ``open_shops``."""
    data = chosen.data if chosen.grown is None else _grown(chosen.grown, chosen.store)
    settings = Settings(dataset=data, store=chosen.store, embedder=config.embedder)
    with open_world(settings, progress) as world:
        train = load_requests(world.folder, split="train", limit=chosen.train, seed=config.seed)
        held_out = any(row.split == "dev" for row in world.folder.requests())
        dev = load_requests(world.folder, split="dev", limit=chosen.dev, seed=config.seed) if held_out else []
        for rows in (train, dev):
            check_before(rows, world.catalogue.items, world.memory)
        assistant = Assistant(world.memory, world.catalogue, RulesPolicy(world.embedder))
        yield Shop(world, assistant, train, dev, list(_asked(world, assistant)))


def _asked(world: World, assistant: Assistant) -> Iterator[Asked]:
    """What all requests of "train" ask whose target the catalogue has."""
    rows = load_requests(world.folder, split="train")
    wanted = world.catalogue.items.many(list(dict.fromkeys(row.target_item_ids[0] for row in rows)))
    for row in rows:
        if target := wanted.get(row.target_item_ids[0]):
            text = assistant.dialogue.new_request(row.request).text
            yield Asked(text, row.user_id or "", target.kind(), row.memory == "alone")


def _grown(world: GrownConfig | SliceConfig, store: Path) -> Path:
    """The dataset folder of a world grown to train in, beside its store; written whole or not at all."""
    folder = store.with_name(f"{store.name}-data-{digest(world_version(), world.model_dump_json())[:8]}")
    if not folder.exists():
        draft = folder.with_name(f".{folder.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        if isinstance(world, SliceConfig):
            build_demo_slice(
                draft, world.departments, seed=world.seed, people={"train": world.shoppers, "dev": world.dev}
            )
        else:
            build_demo_world(draft, seed=world.seed, shoppers=world.shoppers, rounds=world.rounds)
        draft.rename(folder)
    return folder


def copied(config: RunConfig, folder: Path) -> RunConfig:
    """The same run on copies of its stores in ``folder``: a store's index has one owning process.

    Raises StoreError where a store is not built yet.
    """
    worlds = []
    for number, world in enumerate(config.worlds):
        built = Manifest.read(world.store)
        if built is None:
            raise StoreError(f"the store {world.store} is not built yet: start the run with one process first")
        copy = folder / str(number)
        shutil.copytree(world.store, copy, ignore=shutil.ignore_patterns("checkpoints.sqlite*"), dirs_exist_ok=True)
        worlds.append(world.model_copy(update={"store": copy, "data": Path(built.source), "grown": None}))
    return config.model_copy(update={"worlds": tuple(worlds)})


def jobs_of(shops: Sequence[Shop], split: str) -> list[Job]:
    """The requests of a split of every shop, ready to roll out. Raises TrainingError where there are none."""
    jobs = [Job(shop.assistant, row) for shop in shops for row in (shop.train if split == "train" else shop.dev)]
    if not jobs:
        raise TrainingError(f'no world of this run has requests of split "{split}": add one that has to its worlds')
    return jobs
