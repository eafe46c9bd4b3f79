"""Writes the whole memory of a store: every user's local entries and every scenario's global ones.

Resumable: what was written is noted with a digest of what it was written from, and is not written again while that
stays the same. Stopped anywhere, the next run goes on and ends with the same entries.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, TypeVar

from memory_store.indexing.base import Choice, Writer, digest
from memory_store.indexing.items import Kinds, title_heads
from memory_store.indexing.lexicon import lexicon
from memory_store.types import Behaviour, UserRecord

if TYPE_CHECKING:
    from memory_store.store import MemoryStore

Alternatives = Callable[[Sequence[Behaviour]], Sequence[tuple[str, ...]]]
"""For each behaviour the texts of items similar to the one bought that were not chosen."""
Progress = Callable[[str, int, int], None]
"""Called with the part of the work ("users" or "scenarios"), how many are done, and of how many."""

BROAD_CATEGORY, LEAST_OF_KIND = 300, 12
"""A category with this many behaviours is also looked at by kinds of product that have that many."""

MOST_KEPT = 200_000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did: users and scenarios written now, those that stood already, entries written, seconds."""

    users: int
    users_kept: int
    scenarios: int
    scenarios_kept: int
    entries: int
    seconds: float


class _Stored:
    """All behaviours of a store, to be gone through again and again; kept in memory where they are not too many."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._kept = list(self._read()) if store.behaviours.count() <= MOST_KEPT else None

    def __iter__(self) -> Iterator[Behaviour]:
        return self._read() if self._kept is None else iter(self._kept)

    def _read(self) -> Iterator[Behaviour]:
        for user_id in self._store.behaviours.user_ids():
            yield from self._store.behaviours.of_user(user_id)


def build_memories(
    store: MemoryStore, writer: Writer, alternatives: Alternatives, *, progress: Progress | None = None
) -> BuildReport:
    """Writes what is not written yet into ``store.hierarchy`` (SQLite; indexing follows apart).

    ``alternatives`` is called from the calling thread only. Raises WriterError as the writer does, after what was
    under way is stored.
    """
    started, tell = time.perf_counter(), progress or (lambda part, done, total: None)
    everything = _Stored(store)
    users = _users_to_write(store, writer)
    chosen = _scenarios_to_write(store, writer, everything)
    if users.missing or chosen.missing:
        writer.fit(everything)
    entries = _write_users(store, writer, users, tell)
    entries += _write_scenarios(store, writer, chosen, alternatives, tell)
    return BuildReport(
        len(users.missing), users.kept, len(chosen.missing), chosen.kept, entries, time.perf_counter() - started
    )


@dataclass(frozen=True, slots=True)
class _Work:
    """What is to be written, with its digest, and how many stand already."""

    missing: dict[str, str]
    kept: int
    samples: dict[str, list[Behaviour]]

    @property
    def total(self) -> int:
        return len(self.missing) + self.kept


def _users_to_write(store: MemoryStore, writer: Writer) -> _Work:
    missing, kept = {}, 0
    for user_id in store.behaviours.user_ids():
        mark = _mark(writer, store.behaviours.of_user(user_id))
        if store.hierarchy.digest_of(user_id=user_id) == mark:
            kept += 1
        else:
            missing[user_id] = mark
    return _Work(missing, kept, {})


def _scenarios_to_write(store: MemoryStore, writer: Writer, everything: Iterable[Behaviour]) -> _Work:
    samples = group_by_scenario(everything, writer.samples_per_scenario)
    for scenario in store.hierarchy.scenarios():
        if scenario not in samples:
            store.hierarchy.replace_scenario(scenario, [])
    marks = {scenario: _mark(writer, found) for scenario, found in sorted(samples.items())}
    missing = {name: mark for name, mark in marks.items() if store.hierarchy.digest_of(scenario=name) != mark}
    return _Work(missing, len(marks) - len(missing), samples)


def _write_users(store: MemoryStore, writer: Writer, work: _Work, tell: Progress) -> int:
    def write(user_id: str) -> int:
        user = store.users.get(user_id) or UserRecord(user_id, user_id)
        entries = writer.write_user(user, store.behaviours.of_user(user_id))
        store.hierarchy.replace_local(user_id, entries, digest=work.missing[user_id])
        return len(entries)

    return _run(writer.concurrency, work, write, work.missing, lambda done: tell("users", done, work.total))


def _write_scenarios(
    store: MemoryStore, writer: Writer, work: _Work, alternatives: Alternatives, tell: Progress
) -> int:
    def write(job: tuple[str, list[Choice]]) -> int:
        scenario, choices = job
        entries = writer.write_scenario(scenario, choices)
        store.hierarchy.replace_scenario(scenario, entries, digest=work.missing[scenario])
        return len(entries)

    def choices(samples: Sequence[Behaviour]) -> list[Choice]:
        return [Choice(None, chosen, left) for chosen, left in zip(samples, alternatives(samples), strict=True)]

    jobs = ((scenario, choices(work.samples[scenario])) for scenario in work.missing)
    return _run(writer.concurrency, work, write, jobs, lambda done: tell("scenarios", done, work.total))


def _run(
    concurrency: int, work: _Work, write: Callable[[T], int], jobs: Iterable[T], tell: Callable[[int], None]
) -> int:
    """Runs the jobs, at most ``concurrency`` at a time; after one fails no other is begun. Returns entries written."""
    entries, done = 0, work.kept
    tell(done)
    if concurrency <= 1:
        for job in jobs:
            entries += write(job)
            done += 1
            tell(done)
        return entries
    waiting: set[Future[int]] = set()
    with ThreadPoolExecutor(concurrency) as pool:
        for job in jobs:
            if len(waiting) >= concurrency:
                finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                entries += sum(future.result() for future in finished)
                done += len(finished)
                tell(done)
            waiting.add(pool.submit(write, job))
        for future in waiting:
            entries += future.result()
            done += 1
            tell(done)
    return entries


def group_by_scenario(behaviours: Iterable[Behaviour], most: int) -> dict[str, list[Behaviour]]:
    """The behaviours that each scenario is learnt from, at most ``most`` each: the same for the same behaviours.

    A scenario is a category; a broad one is also parted by the kind of product that its titles name.
    """
    sizes = Counter(behaviour.category for behaviour in behaviours)
    broad = {category for category, size in sizes.items() if size >= BROAD_CATEGORY}
    kinds, brands = _kinds_of(behaviours, broad)
    found: dict[str, list[tuple[str, Behaviour]]] = {}
    for behaviour in behaviours:
        rank = digest(behaviour.behaviour_id)
        names = {behaviour.category}
        kind = kinds.of(title_heads(behaviour.title, lexicon())) if behaviour.category in broad else ""
        if kind and not set(kind.split()) & brands:
            names.add(kind.capitalize())
        for name in names:
            group = found.setdefault(name, [])
            group.append((rank, behaviour))
            if len(group) >= 4 * most:
                group[:] = sorted(group, key=lambda pair: pair[0])[:most]
    return {
        name: [behaviour for _, behaviour in sorted(group, key=lambda pair: pair[0])[:most]]
        for name, group in sorted(found.items())
        if name and (name in sizes or len(group) >= LEAST_OF_KIND)
    }


def _kinds_of(behaviours: Iterable[Behaviour], broad: set[str]) -> tuple[Kinds, set[str]]:
    heads, brands = {}, set()
    for behaviour in behaviours:
        if behaviour.category in broad:
            heads[behaviour.item_id] = title_heads(behaviour.title, lexicon())
            brands.update((behaviour.brand or "").lower().split())
    return Kinds(heads.values()), brands


def _mark(writer: Writer, behaviours: Sequence[Behaviour]) -> str:
    return digest(writer.name, *(json.dumps(astuple(behaviour)) for behaviour in behaviours))
