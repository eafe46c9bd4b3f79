"""Writing a store's whole memory: resumable, deterministic, concurrent where the writer allows it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from memory_store.embedding import Embedder
from memory_store.indexing.base import Choice, WriterError, digest, global_entry, local_entry
from memory_store.indexing.build import build_memories, group_by_scenario
from memory_store.indexing.extractive import ExtractiveWriter
from memory_store.store import MemoryStore
from memory_store.types import Behaviour, Level, MemoryEntry, UserRecord


class CountingWriter:
    """One entry a behaviour and a scenario; keeps what it was asked, and fails where told to."""

    name = "counting"
    samples_per_scenario = 5

    def __init__(self, *, concurrency: int = 1, fails_for: str = "") -> None:
        self.concurrency, self.fails_for = concurrency, fails_for
        self.fitted, self.users, self.scenarios = 0, [], {}
        self._meeting = threading.Barrier(concurrency) if concurrency > 1 else None

    def fit(self, behaviours: Iterable[Behaviour]) -> None:
        self.fitted = sum(1 for _ in behaviours)

    def write_user(self, user: UserRecord, behaviours: Sequence[Behaviour]) -> list[MemoryEntry]:
        if user.user_id == self.fails_for:
            raise WriterError(f"cannot write {user.user_id}")
        if self._meeting is not None:
            self._meeting.wait(timeout=10)
        self.users.append(user.user_id)
        return [local_entry(user.user_id, Level.BEHAVIOUR, b.category, "", b.title, [b]) for b in behaviours]

    def write_scenario(self, scenario: str, samples: Sequence[Choice]) -> list[MemoryEntry]:
        self.scenarios[scenario] = list(samples)
        return [global_entry(scenario, "Fit", f"Fit: buyers of {scenario} weigh how it fits.")]


def bought(user: str, number: int, category: str = "Socks", **more: object) -> Behaviour:
    whole = Behaviour(
        f"{user}-{number}", user, f"i{number}", f"Wool socks {number}", "Ardel", category, 9.0,
        "Warm wool", 5.0, "Warm", "So warm", number,
    )  # fmt: skip
    return replace(whole, **more)  # type: ignore[arg-type]


@pytest.fixture
def store(tmp_path: Path, embedder: Embedder) -> Iterator[MemoryStore]:
    opened = MemoryStore.open(tmp_path / "store", embedder)
    opened.users.add_many([UserRecord(user, user.title()) for user in ("ann", "bob", "cem", "dee")])
    opened.behaviours.add_many([bought(user, n) for user in ("ann", "bob", "cem", "dee") for n in range(3)])
    yield opened
    opened.close()


def others(behaviours: Sequence[Behaviour]) -> list[tuple[str, ...]]:
    return [(f"not {behaviour.title}",) for behaviour in behaviours]


def texts(store: MemoryStore) -> dict[str, list[tuple[str, str]]]:
    everyone = [*store.behaviours.user_ids(), None]
    return {
        str(user): sorted((entry.entry_id, entry.text) for entry in store.hierarchy.entries(user)) for user in everyone
    }


def test_every_user_and_scenario_is_written_once(store: MemoryStore) -> None:
    writer, told = CountingWriter(), []
    report = build_memories(store, writer, others, progress=lambda *step: told.append(step))
    assert (report.users, report.users_kept, report.scenarios, report.entries) == (4, 0, 1, 13)
    assert writer.fitted == 12
    assert sorted(writer.users) == ["ann", "bob", "cem", "dee"]
    assert told[0] == ("users", 0, 4)
    assert ("users", 4, 4) in told
    assert told[-1] == ("scenarios", 1, 1)
    samples = writer.scenarios["Socks"]
    assert len(samples) == CountingWriter.samples_per_scenario
    assert samples[0].alternatives == others([samples[0].chosen])[0]


def test_a_second_build_writes_nothing(store: MemoryStore) -> None:
    build_memories(store, CountingWriter(), others)
    before, again = texts(store), CountingWriter()
    report = build_memories(store, again, others)
    assert (report.users, report.users_kept, report.scenarios_kept, report.entries) == (0, 4, 1, 0)
    assert not again.users
    assert again.fitted == 0
    assert texts(store) == before


def test_a_build_that_failed_goes_on_and_ends_the_same(store: MemoryStore, tmp_path: Path, embedder: Embedder) -> None:
    with pytest.raises(WriterError, match="cannot write cem"):
        build_memories(store, CountingWriter(fails_for="cem"), others)
    resumed = CountingWriter()
    report = build_memories(store, resumed, others)
    assert sorted(resumed.users) == ["cem", "dee"]
    assert (report.users, report.users_kept) == (2, 2)
    undisturbed = MemoryStore.open(tmp_path / "other", embedder)
    undisturbed.behaviours.add_many(b for user in store.behaviours.user_ids() for b in store.behaviours.of_user(user))
    build_memories(undisturbed, CountingWriter(), others)
    assert texts(undisturbed) == texts(store)
    undisturbed.close()


def test_what_changed_is_written_again(store: MemoryStore) -> None:
    build_memories(store, CountingWriter(), others)
    store.behaviours.add_many([bought("bob", 9)])
    again = CountingWriter()
    build_memories(store, again, others)
    assert again.users == ["bob"]
    renamed = CountingWriter()
    renamed.name = "counting-2"
    assert build_memories(store, renamed, others).users == 4


def test_a_scenario_nobody_buys_in_any_more_is_taken_out(store: MemoryStore) -> None:
    store.hierarchy.replace_scenario("Hats", [global_entry("Hats", "Fit", "Fit: buyers of hats weigh how it fits.")])
    build_memories(store, CountingWriter(), others)
    assert set(store.hierarchy.scenarios()) == {"Socks"}


def test_a_concurrent_writer_is_given_several_at_once(store: MemoryStore) -> None:
    writer = CountingWriter(concurrency=4)
    report = build_memories(store, writer, others)  # the writer's barrier opens only when four write together
    assert report.users == 4
    assert texts(store)["ann"]


def test_a_concurrent_failure_keeps_what_was_written(store: MemoryStore) -> None:
    writer = CountingWriter(concurrency=2, fails_for="dee")
    writer._meeting = None
    with pytest.raises(WriterError, match="cannot write dee"):
        build_memories(store, writer, others)
    assert store.hierarchy.entries("ann")
    assert not store.hierarchy.entries("dee")


def test_a_broad_category_is_parted_by_kind_of_product() -> None:
    many = [bought("ann", n, "All Beauty", title=f"Ardel Gentle Shampoo, {n} ml") for n in range(40)]
    many += [bought("ann", 100 + n, "All Beauty", title=f"Ardel Soft Nail Polish - tone {n}") for n in range(290)]
    groups = group_by_scenario(many, 20)
    assert {"All Beauty", "Nail polish"} <= set(groups)
    assert any("hampoo" in name for name in groups)
    assert all(len(found) == 20 for found in groups.values())
    assert groups == group_by_scenario(list(reversed(many)), 20)


def test_the_extractive_writer_builds_a_real_store(store: MemoryStore) -> None:
    report = build_memories(store, ExtractiveWriter(), others)
    assert report.users == 4
    levels = store.hierarchy.counts("ann")
    assert levels[Level.BEHAVIOUR] == 3


def test_the_digest_knows_where_a_part_ends() -> None:
    assert digest("ab", "c") != digest("a", "bc")
