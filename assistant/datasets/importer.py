"""A dataset folder into a store: catalogue, people and what they bought, their memories, the memories' index.

Every step does nothing where it was done already, and ``store.json`` notes it once it is done. So an import that was
stopped anywhere and is started again goes on and ends in the same content; importing a second time changes nothing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from assistant.datasets.folder import DatasetFolder
from assistant.datasets.history import HistoryRule
from assistant.datasets.manifest import STEPS, Manifest, building, write_json
from assistant.datasets.people import Namer, choose_personas, described, openers_of
from assistant.datasets.report import Report
from assistant.datasets.rows import InteractionRow, RequestRow
from assistant.errors import DatasetError, StoreError
from assistant.types import Item
from memory_store.types import Behaviour, UserRecord

if TYPE_CHECKING:
    from assistant.catalogue.search import Catalogue
    from memory_store.embedding import Embedder
    from memory_store.indexing.base import Writer
    from memory_store.store import MemoryStore

Progress = Callable[[str, int, int], None]
"""Told of each part of the work ("items", "vectors", "people", ...): how much is done, of how much (0: not known)."""

CATALOGUE, REPORT = "catalogue", "import_report.json"
ITEM_TEXT = 1_500
ALTERNATIVES, ALTERNATIVE_TEXT = 5, 400
_BATCH = 1_000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import ended with. ``changed`` is False where the store stood complete already."""

    rows: Report
    items: int
    users: int
    behaviours: int
    entries: int
    changed: bool
    seconds: float


def import_folder(
    path: Path,
    store_folder: Path,
    embedder: Embedder,
    writer: Writer,
    *,
    index_all: bool = True,
    progress: Progress | None = None,
) -> ImportReport:
    """Build or complete the store ``store_folder`` from the dataset folder ``path``.

    Without ``index_all`` only the personas' memories are embedded now, and anyone else's when they are first recalled.

    Raises:
        DatasetError: ``path`` is no dataset folder, is damaged, or has no usable item or interaction.
        StoreError: the store holds another dataset, was built with another embedder, or is being built.
    """
    from assistant.catalogue.build import is_outdated

    started = time.perf_counter()
    dataset = DatasetFolder(path)
    wanted = Manifest(
        dataset.name,
        dataset.content_hash(),
        str(dataset.path.resolve()),
        embedder.name,
        embedder.dimension,
        writer.name,
    )
    with building(store_folder):
        found = Manifest.read(store_folder)
        manifest = reconcile(found, wanted, store_folder)
        if is_outdated(store_folder / CATALOGUE):
            manifest = manifest.without("catalogue")
        tell = progress or (lambda part, done, total: None)
        build = _Build(dataset, store_folder, embedder, writer, tell, index_all=index_all)
        try:
            build.run(manifest)
            return build.summary(changed=not manifest.finished, seconds=time.perf_counter() - started)
        finally:
            build.store.close()


def reconcile(found: Manifest | None, wanted: Manifest, store: Path) -> Manifest:
    """The manifest to go on from: ``found`` if it fits ``wanted``; another writer means writing the memories again.

    Raises:
        StoreError: ``found`` is of another dataset or embedder; the message says what to do.
    """
    if found is None:
        return wanted
    if found.content_hash != wanted.content_hash:
        raise StoreError(
            f"The store {store} holds {found.dataset!r}"
            + (" as it was before it changed" if found.dataset == wanted.dataset else f", not {wanted.dataset!r}")
            + ": import into another one with --store FOLDER, or delete this one first."
        )
    if found.embedder != wanted.embedder:
        raise StoreError(embedder_mismatch(store, found.embedder, wanted.embedder))
    if found.writer != wanted.writer:
        return replace(wanted, steps=found.without("memories", "index").steps)
    return replace(wanted, steps=found.steps)


def embedder_mismatch(store: Path, built_with: str, asked: str) -> str:
    """What to tell a person whose store has vectors of another embedder than the one asked for."""
    return (
        f"The store {store} was built with the embedder {built_with!r}, and {asked!r} is asked for. Keep it with "
        f"--embedder {built_with} (or MRREC_EMBEDDER={built_with}), or change the store: "
        f"`mrrec reembed --store {store} --embedder {asked}`."
    )


class _Build:
    """One run over the steps that are missing."""

    def __init__(
        self,
        dataset: DatasetFolder,
        folder: Path,
        embedder: Embedder,
        writer: Writer,
        tell: Progress,
        *,
        index_all: bool,
    ) -> None:
        from memory_store.store import MemoryStore

        self.dataset, self.folder, self.embedder, self.writer = dataset, folder, embedder, writer
        self.tell, self.index_all = tell, index_all
        self.store: MemoryStore = MemoryStore.open(folder, embedder)
        self.report = read_report(folder)

    def run(self, manifest: Manifest) -> None:
        """Do what ``manifest`` lacks, noting each step when it is done."""
        steps = {
            "catalogue": self._catalogue,
            "people": self._people,
            "memories": self._memories,
            "index": self._index,
        }
        manifest.write(self.folder)
        for step in STEPS:
            if step not in manifest.steps:
                steps[step]()
                self.report.take(self.dataset.report)
                write_json(self.folder / REPORT, self.report.to_dict())
                manifest = manifest.done(step)
                manifest.write(self.folder)

    def summary(self, *, changed: bool, seconds: float) -> ImportReport:
        """The counts of the store as it is now."""
        items = self._open_catalogue().items.count()
        counts = self.store.users.count(), self.store.behaviours.count(), self.store.hierarchy.count()
        return ImportReport(self.report, items, *counts, changed=changed, seconds=seconds)

    def _catalogue(self) -> None:
        from assistant.catalogue.build import build_catalogue

        build_catalogue(self.folder / CATALOGUE, self.dataset.items(), self.embedder, progress=self.tell)

    def _people(self) -> None:
        """Users and behaviours, in the order of the files; then the lines of those whom no users file describes."""
        asked = list(self.dataset.requests())
        rule = HistoryRule(asked)
        users = {user.user_id: user for user in self.dataset.users()}
        self.store.users.add_many(users.values())
        catalogue, namer = self._open_catalogue(), Namer()
        done = 0
        for batch in _batches(self.dataset.interactions()):
            behaviours = list(self._behaviours(batch, catalogue, rule))
            new = dict.fromkeys(b.user_id for b in behaviours if b.user_id not in users)
            users.update((user_id, UserRecord(user_id, namer.name(user_id))) for user_id in new)
            self.store.users.add_many(users[user_id] for user_id in new)
            self.store.behaviours.add_many(behaviours)
            done += len(batch)
            self.tell("people", done, 0)
        self._add_askers(asked, users, namer)
        if not users:
            raise DatasetError(
                f"{self.dataset.path}: no interaction and no user could be used. "
                + "; ".join(f"{p.reason} ({p.count:,})" for p in self.dataset.report.problems[:3])
            )
        self._check_targets("requests", iter(asked), catalogue)
        self._check_targets("requests_anonymous", self.dataset.requests("requests_anonymous"), catalogue)
        self._describe(users, asked)
        self.tell("people", done, done)

    def _add_askers(self, asked: list[RequestRow], users: dict[str, UserRecord], namer: Namer) -> None:
        """Users who ask for something and have no history are users all the same."""
        askers = dict.fromkeys(request.user_id for request in asked if request.user_id)
        new = {user_id: UserRecord(user_id, namer.name(user_id)) for user_id in askers if user_id not in users}
        self.store.users.add_many(new.values())
        users.update(new)

    def _behaviours(self, batch: list[InteractionRow], catalogue: Catalogue, rule: HistoryRule) -> Iterator[Behaviour]:
        file = self.dataset.file_name("interactions")
        items = catalogue.items.many([row.item_id for row in batch])
        for row in batch:
            if row.item_id not in items:
                self.dataset.report.add(file, row.line, "item_id: not among the items")
            elif refusal := rule.refuses(row):
                self.dataset.report.add(file, row.line, refusal)
            else:
                yield behaviour_of(row, items[row.item_id])

    def _check_targets(self, name: str, requests: Iterator[RequestRow], catalogue: Catalogue) -> None:
        """Requests whose target does not exist can never be met: say so now, not in a table of low figures."""
        for batch in _batches(requests):
            known = catalogue.items.many([target for row in batch for target in row.target_item_ids])
            for row in batch:
                if not any(target in known for target in row.target_item_ids):
                    reason = "target_item_ids: none among the items"
                    self.dataset.report.add(self.dataset.file_name(name), row.line, reason, "noted")

    def _describe(self, users: dict[str, UserRecord], asked: list[RequestRow]) -> None:
        openers = openers_of(asked)
        histories = {user_id: self.store.behaviours.categories(user_id) for user_id in users}
        named = any(user.persona for user in users.values())
        personas = set() if named else set(choose_personas(histories, openers))
        self.store.users.add_many(
            described(user, histories[user_id], openers.get(user_id, ()), persona=user_id in personas)
            for user_id, user in users.items()
        )

    def _memories(self) -> None:
        from memory_store.indexing.build import build_memories

        build_memories(self.store, self.writer, Alternatives(self._open_catalogue()), progress=self.tell)

    def _index(self) -> None:
        hierarchy = self.store.hierarchy
        of = None if self.index_all else [user.user_id for user in self.store.users.personas()]
        pending = hierarchy.pending(of=of)
        self.tell("index", 0, pending)
        hierarchy.index_pending(of=of, progress=lambda done: self.tell("index", done, pending))

    def _open_catalogue(self) -> Catalogue:
        from assistant.catalogue.search import Catalogue

        return Catalogue.open(self.folder / CATALOGUE, self.embedder)


class Alternatives:
    """Texts of items like the one chosen that the buyer did not choose (PAPER, "The method", step 2)."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._texts: dict[str, str] = {}

    def __call__(self, behaviours: Sequence[Behaviour]) -> list[tuple[str, ...]]:
        """For each behaviour at most five texts of at most 400 characters."""
        similar = self._catalogue.similar_many([behaviour.item_id for behaviour in behaviours], ALTERNATIVES)
        new = [one for ids in similar.values() for one in ids if one not in self._texts]
        items = self._catalogue.items.many(list(dict.fromkeys(new)))
        self._texts.update((one, item.text()[:ALTERNATIVE_TEXT]) for one, item in items.items())
        return [tuple(self._texts[one] for one in similar.get(chosen.item_id, ())) for chosen in behaviours]


def behaviour_of(row: InteractionRow, item: Item) -> Behaviour:
    """What the memory keeps of an interaction: the review, and the item as it is now."""
    return Behaviour(
        behaviour_id=row.behaviour_id,
        user_id=row.user_id,
        item_id=row.item_id,
        title=item.title,
        brand=item.brand,
        category=item.kind(),
        price=item.price,
        item_text="\n".join((*item.features, item.description)).strip()[:ITEM_TEXT],
        rating=row.rating,
        review_title=row.title,
        review_text=row.text,
        timestamp=row.timestamp,
    )


def read_report(store: Path) -> Report:
    """The report that the store's import has written so far, an empty one where there is none."""
    path = store / REPORT
    return Report.from_dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else Report()


def _batches(rows: Iterator[T]) -> Iterator[list[T]]:
    while batch := list(islice(rows, _BATCH)):
        yield batch
