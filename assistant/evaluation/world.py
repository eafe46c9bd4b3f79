"""Opens what an experiment runs on: the dataset folder's store, built where it is not there, and its policies."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import assistant
import memory_store
import prompts
from assistant.catalogue.search import WEIGHT, Catalogue
from assistant.datasets.ensure import demo_folder, load_writer
from assistant.datasets.folder import DatasetFolder
from assistant.datasets.importer import CATALOGUE, Progress, import_folder
from assistant.datasets.manifest import Manifest, write_json
from assistant.datasets.rows import RequestRow
from assistant.evaluation.cache import CachedEmbedder
from assistant.evaluation.errors import EvaluationError
from assistant.evaluation.judge import JUDGED
from assistant.evaluation.policies import PolicySpec
from assistant.evaluation.rows import ROWS
from assistant.evaluation.run import RANKED, TIMINGS
from assistant.settings import Settings
from memory_store.embedding import load_embedder
from memory_store.indexing.base import digest
from memory_store.store import MemoryStore

RUN = "run.json"
SAMPLE = 200
_MEMORY_PARTS = frozenset({"users", "scenarios", "index"})
_OTHER_MATTERS = frozenset({"ui", "training", "datasets", "pictures", "__pycache__"})
_SOURCES = frozenset({".py", ".md", ".toml", ".jinja"})


@dataclass(slots=True)
class Stopwatch:
    """Passes progress on, and notes how long the memory's writing and indexing took where they were done."""

    progress: Progress
    spans: dict[str, tuple[float, float]] = field(default_factory=dict)

    def __call__(self, part: str, done: int, total: int) -> None:
        now = time.perf_counter()
        self.spans[part] = (self.spans.get(part, (now, now))[0], now)
        self.progress(part, done, total)

    def seconds(self) -> float:
        """What users, scenarios and index took together, 0 where the store stood complete."""
        return sum(end - start for part, (start, end) in self.spans.items() if part in _MEMORY_PARTS)


@dataclass(frozen=True, slots=True)
class World:
    """An open store and the dataset folder that it was built from. ``built`` timed its building in this process."""

    folder: DatasetFolder
    manifest: Manifest
    embedder: CachedEmbedder
    memory: MemoryStore
    catalogue: Catalogue
    built: Stopwatch


@contextmanager
def open_world(settings: Settings, progress: Progress) -> Iterator[World]:
    """The world of ``settings.dataset`` (the demo world where it is not set), in ``settings.store``; closed after use.

    Raises DatasetError or StoreError as the import does.
    """
    data = settings.dataset or demo_folder(settings.store, progress)
    plain, built = load_embedder(settings.embedder), Stopwatch(progress)
    import_folder(data, settings.store, plain, load_writer(settings), progress=built)
    manifest = Manifest.read(settings.store)
    assert manifest is not None
    embedder = CachedEmbedder(plain)
    memory = MemoryStore.open(settings.store, embedder)
    try:
        memory.hierarchy.index_pending()
        catalogue = Catalogue.open(settings.store / CATALOGUE, embedder)
        try:
            yield World(DatasetFolder(data), manifest, embedder, memory, catalogue, built)
        finally:
            catalogue.close()
    finally:
        memory.close()


def describe_run(
    world: World,
    requests: Sequence[RequestRow],
    specs: Sequence[PolicySpec],
    settings: Settings,
    *,
    split: str,
    seed: int,
    block: int,
) -> dict[str, Any]:
    """What the figures follow from, as plain values: code, data, memory, policies, ranker, seed."""
    users = sorted({request.user_id for request in requests if request.user_id is not None})
    return {
        "code": {"version": version("mrrec"), "sources": sources_hash()},
        "data": {
            "name": world.manifest.dataset,
            "content_hash": world.manifest.content_hash,
            "split": split,
            "requests": len(requests),
            "request_ids": digest(*(request.request_id for request in requests)),
            "users": len(users),
            "items": world.catalogue.items.count(),
        },
        "memory": {
            "writer": world.manifest.writer,
            "hash": _memory_hash(world.memory, users),
            "entries": world.memory.hierarchy.count(),
        },
        "ranker": {"embedder": world.embedder.name, "method": "mix", "weight": WEIGHT, "k": RANKED},
        "policies": [spec.identity(settings) for spec in specs],
        "seed": seed,
        "block": block,
    }


def index_timing(world: World) -> dict[str, Any]:
    """Seconds to embed an entry, over a sample of the global and then the users' memories; where this process built
    the memory, also what writing and indexing it took."""
    users = (None, *world.memory.behaviours.user_ids()[:SAMPLE])
    entries = [entry.text for user in users for entry in world.memory.hierarchy.entries(user, limit=SAMPLE)][:SAMPLE]
    started = time.perf_counter()
    world.embedder.embed(entries)
    seconds = time.perf_counter() - started
    timing: dict[str, Any] = {"entries": len(entries), "seconds_per_entry": seconds / max(1, len(entries))}
    if spent := world.built.seconds():
        count = world.memory.hierarchy.count()
        timing["built"] = {"entries": count, "seconds_per_entry": spent / max(1, count)}
    return timing


def claim_folder(out: Path, run: dict[str, Any], *, fresh: bool) -> None:
    """Makes ``out`` the folder of this run; one that holds the same run already goes on.

    Raises EvaluationError where it holds another run, unless ``fresh`` asks to begin anew.
    """
    out.mkdir(parents=True, exist_ok=True)
    found = json.loads((out / RUN).read_text(encoding="utf-8")) if (out / RUN).exists() else None
    if found is None and not fresh and (out / ROWS).exists():
        raise EvaluationError(f"{out} has {ROWS} but no {RUN}: choose another --out, or begin anew with --fresh.")
    changed = (
        [] if found is None else sorted(key for key in run.keys() | found.keys() if run.get(key) != found.get(key))
    )
    if changed and not fresh:
        raise EvaluationError(
            f"{out} holds another run (its {', '.join(changed)} differ): its rows cannot be mixed with new ones. "
            "Choose another --out, or begin anew with --fresh."
        )
    if fresh:
        for file in (ROWS, TIMINGS, JUDGED):
            (out / file).unlink(missing_ok=True)
    write_json(out / RUN, run)


@lru_cache
def sources_hash() -> str:
    """A hash of the code and prompts that figures follow from, as they were when it was first asked for."""
    parts = []
    for package in (assistant, memory_store, prompts):
        root = Path(package.__path__[0])
        files = (path for path in root.rglob("*") if path.suffix in _SOURCES)
        for file in sorted(files):
            within = file.relative_to(root)
            if not _OTHER_MATTERS & set(within.parts):
                parts += [f"{root.name}/{within.as_posix()}", file.read_text(encoding="utf-8")]
    return digest(*parts)


def _memory_hash(memory: MemoryStore, users: Sequence[str]) -> str:
    state = hashlib.blake2b(digest_size=16)
    for user in (None, *users):
        for entry in sorted(memory.hierarchy.entries(user, limit=1_000_000), key=lambda entry: entry.entry_id):
            state.update(f"{entry.entry_id}\0{entry.text}\0".encode())
    return state.hexdigest()
