"""The hierarchical memory: recall, isolation of users, erasure, and what an interruption leaves behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from memory_store.embedding import Embedder, load_embedder
from memory_store.errors import StoreBusy, StoreMismatch
from memory_store.hierarchy import Hierarchy
from memory_store.store import MemoryStore
from memory_store.types import Behaviour, Level, MemoryEntry, UserRecord


def entry(entry_id: str, user_id: str | None, text: str, level: Level = Level.PATTERN, **more) -> MemoryEntry:
    return replace(MemoryEntry(entry_id, user_id, level, "Shampoo", "Scent", text, 1, ("b1",)), **more)


SCENT = entry("a1", "ann", "Shampoo: prefers fragrance-free; praised in 3 reviews.")
SHOES = entry("a2", "ann", 'Bought "Trail shoes" (Acme), 5 stars.', Level.BEHAVIOUR, category="Shoes", timestamp=9)
PROFILE = entry("a3", "ann", "Across categories: usually pays $12 to $20.", Level.PROFILE, category="", timestamp=None)
BOBS = entry("b1", "bob", "Shampoo: prefers a strong lavender fragrance.")
WEIGHED = entry("g1", None, "Scent: buyers of dog shampoo weigh whether it is fragrance-free.", Level.GLOBAL)
GRIP = entry("g2", None, "Grip: buyers of shoes weigh grip on wet rock.", Level.GLOBAL, category="Shoes")
EVERYTHING = [SCENT, SHOES, PROFILE, BOBS, WEIGHED, GRIP]


@pytest.fixture
def store(tmp_path: Path, embedder: Embedder):
    opened = MemoryStore.open(tmp_path, embedder)
    opened.hierarchy.write(EVERYTHING)
    yield opened
    opened.close()


@pytest.fixture
def hierarchy(store: MemoryStore) -> Hierarchy:
    return store.hierarchy


def ids(recalled) -> list[str]:
    return [hit.entry.entry_id for hit in recalled]


class TestRecall:
    def test_best_first_a_list_a_query(self, hierarchy: Hierarchy) -> None:
        scent, shoes = hierarchy.recall("ann", ["scent of a shampoo", "running shoes"], k=2)
        assert (scent[0].entry, shoes[0].entry) == (SCENT, SHOES)
        assert len(scent) == len(shoes) == 2
        assert 1 >= scent[0].similarity > scent[1].similarity

    def test_similarity_is_the_exact_cosine(self, hierarchy: Hierarchy, embedder: Embedder) -> None:
        (hits,) = hierarchy.recall("ann", ["something soft"], k=3)
        query = embedder.embed(["something soft"], query=True)[0]
        for hit in hits:
            assert hit.similarity == pytest.approx(float(embedder.embed([hit.entry.text])[0] @ query), abs=2e-3)

    def test_levels_narrow_it(self, hierarchy: Hierarchy) -> None:
        assert ids(hierarchy.recall("ann", ["scent"], levels={Level.BEHAVIOUR})[0]) == ["a2"]
        assert hierarchy.recall("ann", ["scent"], levels=set()) == [[]]

    def test_nothing_to_recall(self, hierarchy: Hierarchy) -> None:
        assert hierarchy.recall("nobody", ["a", "b"]) == [[], []]
        assert hierarchy.recall("ann", []) == []

    def test_what_is_written_is_recalled_at_once(self, hierarchy: Hierarchy) -> None:
        hierarchy.recall("ann", ["scent"])
        hierarchy.put([replace(SCENT, text="Hats: prefers a wide brim.", category="Hats")])
        (hits,) = hierarchy.recall("ann", ["hats with a wide brim"])
        assert hits[0].entry.entry_id == "a1" and hits[0].similarity > 0.6
        assert hierarchy.pending() == 0

    def test_odd_text_is_kept_and_recalled(self, hierarchy: Hierarchy) -> None:
        hierarchy.write([entry("a9", "ann", "<b>قبعة</b> \ud800 🙂 '; DROP TABLE entries", aspect="\ud800")])
        (hits,) = hierarchy.recall("ann", ["DROP TABLE \udfff"], k=1)
        assert hits[0].entry.text == "<b>قبعة</b> ? 🙂 '; DROP TABLE entries"

    def test_the_kinds_that_a_user_is_known_in(self, hierarchy: Hierarchy) -> None:
        assert hierarchy.kinds("ann", [Level.PATTERN, Level.PROFILE]) == {"Shampoo"}
        assert hierarchy.kinds("ann", list(Level)) == {"Shampoo", "Shoes"}
        assert hierarchy.kinds("ann", []) == hierarchy.kinds("nobody", list(Level)) == set()

    def test_the_global_memory_by_request_and_scenario(self, hierarchy: Hierarchy) -> None:
        assert ids(hierarchy.weigh("shampoo for my dog")) == ["g1", "g2"]
        assert ids(hierarchy.weigh("shampoo for my dog", scenario="Shoes")) == ["g2"]
        assert hierarchy.weigh("anything", scenario="Boats") == []
        assert hierarchy.scenarios() == {"Shampoo": 1, "Shoes": 1}


class TestReading:
    def test_entries_in_order_and_filtered(self, hierarchy: Hierarchy) -> None:
        assert hierarchy.entries("ann") == [PROFILE, SCENT, SHOES]
        assert hierarchy.entries("ann", level=Level.PATTERN) == [SCENT]
        assert hierarchy.entries("ann", category="Shoes") == [SHOES]
        assert hierarchy.entries("ann", query="TRAIL") == [SHOES]
        assert hierarchy.entries("ann", query="%") == []
        assert hierarchy.entries("ann", limit=1, offset=1) == [SCENT]
        assert hierarchy.entries(None) == [WEIGHED, GRIP]

    def test_counts(self, hierarchy: Hierarchy) -> None:
        assert hierarchy.counts("ann") == {Level.BEHAVIOUR: 1, Level.PATTERN: 1, Level.PROFILE: 1}
        assert hierarchy.counts(None) == {Level.GLOBAL: 2}
        assert hierarchy.count() == 6


class TestIsolation:
    def test_by_search(self, hierarchy: Hierarchy) -> None:
        (hits,) = hierarchy.recall("ann", ["strong lavender fragrance"], k=100, levels=set(Level))
        assert {hit.entry.user_id for hit in hits} == {"ann"}
        assert hierarchy.entries("ann", query="lavender") == []

    def test_by_id(self, hierarchy: Hierarchy) -> None:
        assert hierarchy.get("ann", ["b1", "g1", "a1", "a1"]) == [WEIGHED, SCENT]

    def test_another_users_entries_cannot_be_forgotten_or_taken_over(self, hierarchy: Hierarchy) -> None:
        assert hierarchy.forget("ann", ["b1", "g1"]) == 0
        with pytest.raises(ValueError, match="'b1'"):
            hierarchy.write([replace(BOBS, user_id="ann")])
        with pytest.raises(ValueError, match="b1"):
            hierarchy.replace_local("ann", [BOBS])
        assert hierarchy.entries("bob") == [BOBS]

    def test_the_user_goes_with_the_level(self, hierarchy: Hierarchy) -> None:
        with pytest.raises(ValueError, match="global"):
            hierarchy.write([replace(WEIGHED, user_id="ann")])
        with pytest.raises(ValueError, match="global"):
            hierarchy.write([replace(SCENT, user_id=None)])


class TestReplacing:
    def test_a_users_entries_all_at_once(self, store: MemoryStore) -> None:
        new = entry("a9", "ann", "Shampoo: avoids sulphates.")
        store.feedback.set("ann", "i1", "like", "Soap")
        store.hierarchy.replace_local("ann", [SCENT, new], digest="d1")
        texts = {found.text for found in store.hierarchy.entries("ann")}
        assert texts == {SCENT.text, new.text, 'Liked "Soap" when it was suggested.'}
        assert store.hierarchy.pending() == 2, "what stays is not embedded again"
        assert store.hierarchy.digest_of(user_id="ann") == "d1"
        assert store.hierarchy.digest_of(user_id="bob") is None
        assert store.hierarchy.entries("bob") == [BOBS]

    def test_all_or_nothing(self, hierarchy: Hierarchy) -> None:
        with pytest.raises(ValueError):
            hierarchy.replace_local("ann", [entry("a9", "ann", "x"), entry("b1", "ann", "stolen")], digest="d")
        assert hierarchy.entries("ann") == [PROFILE, SCENT, SHOES]
        assert hierarchy.digest_of(user_id="ann") is None

    def test_a_scenario(self, hierarchy: Hierarchy) -> None:
        new = replace(WEIGHED, entry_id="g3", text="Lather: buyers of shampoo weigh how it foams.")
        hierarchy.replace_scenario("Shampoo", [new], digest="d2")
        assert hierarchy.entries(None) == [GRIP, new]
        assert hierarchy.digest_of(scenario="Shampoo") == "d2"
        with pytest.raises(ValueError, match="g2"):
            hierarchy.replace_scenario("Shampoo", [GRIP])


class TestFeedback:
    def test_it_is_recalled_at_once_and_the_last_word_counts(self, store: MemoryStore) -> None:
        store.feedback.set("ann", "i1", "like", "Oat  soap\nbar", "t1", category="Soap")
        (hits,) = store.hierarchy.recall("ann", ["oat soap bar"], k=1)
        assert hits[0].entry.text == 'Liked "Oat soap bar" when it was suggested.'
        assert (hits[0].entry.level, hits[0].entry.category) == (Level.BEHAVIOUR, "Soap")
        store.feedback.set("ann", "i1", "dislike", "Oat soap bar", "t2")
        assert store.feedback.of_user("ann") == {"i1": "dislike"}
        (hits,) = store.hierarchy.recall("ann", ["oat soap bar"], k=10)
        assert [hit.entry.text for hit in hits if "soap" in hit.entry.text] == [
            'Disliked "Oat soap bar" when it was suggested.'
        ]

    def test_taken_back_and_given_again(self, store: MemoryStore) -> None:
        store.feedback.set("ann", "i1", "like", "Soap")
        store.feedback.set("ann", "i1", None, "Soap")
        assert store.feedback.of_user("ann") == {}
        assert store.hierarchy.counts("ann")[Level.BEHAVIOUR] == 1
        store.feedback.set("ann", "i1", "like", "Soap")
        assert store.hierarchy.counts("ann")[Level.BEHAVIOUR] == 2

    def test_each_has_their_own(self, store: MemoryStore) -> None:
        store.feedback.set("ann", "i1", "like", "Soap")
        store.feedback.set("bob", "i1", "dislike", "Soap")
        assert (store.feedback.of_user("ann"), store.feedback.of_user("bob")) == ({"i1": "like"}, {"i1": "dislike"})

    def test_a_long_title_is_cut_and_an_odd_verdict_refused(self, store: MemoryStore) -> None:
        store.feedback.set("ann", "i1", "like", "word " * 1000)
        assert len(store.hierarchy.entries("ann", query="Liked")[0].text) < 130
        with pytest.raises(ValueError, match="'love'"):
            store.feedback.set("ann", "i1", "love", "Soap")  # type: ignore[arg-type]


class TestErasure:
    def test_the_forgotten_stays_forgotten(self, hierarchy: Hierarchy) -> None:
        assert hierarchy.forget("ann", ["a1", "none"]) == 1
        assert "a1" not in ids(hierarchy.recall("ann", ["fragrance-free shampoo"], k=10)[0])
        hierarchy.replace_local("ann", [SCENT, SHOES])
        assert hierarchy.entries("ann") == [SHOES]

    def test_nothing_of_it_is_left_on_the_disk(self, tmp_path: Path, store: MemoryStore) -> None:
        canary = "canary7f3a"
        store.users.add_many([UserRecord("eve", canary)])
        conversation = store.sessions.create("eve", canary).session_id
        store.sessions.add_turn(conversation, "eve", canary, [{"text": canary}])
        store.behaviours.add_many(
            [Behaviour(canary, "eve", "i", canary, canary, canary, 1.0, canary, 5.0, canary, canary, 1)]
        )
        store.feedback.set("eve", canary, "like", canary)
        store.hierarchy.replace_local("eve", [entry(f"{canary}-{number}", "eve", canary) for number in range(300)])
        store.hierarchy.index_pending()
        vector = store.embedder.embed([canary])[0].tobytes()

        def on_disk() -> bool:
            files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
            return any(canary.encode() in content or vector in content for content in files)

        assert on_disk()
        assert store.forget_user("eve") and not store.forget_user("eve")
        assert store.users.get("eve") is None and store.behaviours.of_user("eve") == []
        store.hierarchy.rebuild()
        assert not on_disk()
        assert ids(store.hierarchy.recall("ann", ["shampoo scent"])[0])[0] == "a1"

    def test_forgetting_all_entries_leaves_the_user(self, store: MemoryStore) -> None:
        store.hierarchy.replace_local("ann", [SCENT], digest="d")
        assert store.hierarchy.forget_user("ann") == 1
        assert store.hierarchy.recall("ann", ["shampoo"]) == [[]]
        assert store.hierarchy.digest_of(user_id="ann") is None
        assert store.users.get("ann") is not None

    def test_a_recall_under_way_does_not_bring_it_back(self, store: MemoryStore) -> None:
        mirror = store._mirror
        rows = store._database.rows("SELECT * FROM entries WHERE user_id = 'ann'")
        store.hierarchy.forget("ann", ["a1"])
        assert len(mirror.of(rows)) == 3
        assert "a1" not in mirror.owned().ids()


class TestHealing:
    def test_an_index_that_was_lost_is_made_again(self, tmp_path: Path, store: MemoryStore, embedder: Embedder) -> None:
        store._mirror.owned().delete(["a1", "g1"])
        assert ids(store.hierarchy.recall("ann", ["fragrance-free shampoo"], k=1)[0]) == ["a1"]
        store._mirror.owned().delete(["a1", "g1"])
        store._mirror.owned().put(["orphan"], embedder.embed(["orphan"]))
        store.close()
        again = MemoryStore.open(tmp_path, embedder)
        assert ids(again.hierarchy.recall("ann", ["fragrance-free shampoo"], k=1)[0]) == ["a1"]
        again.hierarchy.index_pending()
        assert again._mirror.owned().ids() == {found.entry_id for found in EVERYTHING}
        again.close()

    def test_rebuild(self, hierarchy: Hierarchy) -> None:
        assert hierarchy.rebuild("ann") == 3
        assert hierarchy.rebuild() == 0
        assert hierarchy.rebuild(reembed=True) == 6
        assert ids(hierarchy.recall("bob", ["lavender"])[0]) == ["b1"]

    def test_death_at_any_moment_is_mended(self, tmp_path: Path, embedder: Embedder) -> None:
        command = [sys.executable, "-c", _ENDLESS, str(tmp_path)]
        for delay in (0.05, 0.2, 0.4):
            with subprocess.Popen(command, cwd=Path(__file__).parents[1], stdout=subprocess.PIPE, text=True) as process:
                assert process.stdout is not None and process.stdout.readline() == "begun\n"
                time.sleep(delay)
                process.send_signal(signal.SIGKILL)
        store = MemoryStore.open(tmp_path, embedder)
        store.hierarchy.index_pending()
        there = {found.entry_id for found in store.hierarchy.entries("eve")}
        assert store.hierarchy.pending() == 0
        assert store._mirror.owned().ids() == there
        assert {len(there)} <= {3, 4}, "a replacement is there as a whole or not at all"
        store.close()


_ENDLESS = """
import sys
from pathlib import Path
import numpy as np
from memory_store.store import MemoryStore
from memory_store.types import Level, MemoryEntry

class Quick:
    name, dimension = "minilm", 384
    def embed(self, texts, *, query=False, progress=None):
        return np.eye(384, dtype=np.float32)[[hash(text) % 384 for text in texts]]

store = MemoryStore.open(Path(sys.argv[1]), Quick())
for round_ in range(100_000):
    some = range(round_ % 50, round_ % 50 + 3 + round_ % 2)
    store.hierarchy.replace_local(
        "eve", [MemoryEntry(f"e{n}", "eve", Level.PATTERN, "", "", f"text {n} {round_ % 3}", None, ()) for n in some]
    )
    store.hierarchy.index_pending()
    if round_ == 0:
        print("begun", flush=True)
"""


class TestOwners:
    def test_beside_the_owner_one_reads_and_writes_and_the_owner_indexes(
        self, tmp_path: Path, store: MemoryStore, embedder: Embedder
    ) -> None:
        beside = MemoryStore.open(tmp_path, embedder)
        assert ids(beside.hierarchy.recall("ann", ["scent of a shampoo"])[0])[0] == "a1"
        beside.hierarchy.write([entry("a9", "ann", "Tents: prefers two doors.")])
        beside.hierarchy.forget("ann", ["a1"])
        for either in (beside, store):
            assert ids(either.hierarchy.recall("ann", ["a tent with two doors"])[0])[0] == "a9"
            assert "a1" not in ids(either.hierarchy.recall("ann", ["scent"], k=9)[0])
        with pytest.raises(StoreBusy):
            beside.hierarchy.rebuild()
        store.hierarchy.index_pending()
        assert "a1" not in store._mirror.owned().ids()
        store._mirror.close()
        assert beside.hierarchy.rebuild() == 0
        beside.close()

    def test_threads_that_recall_write_and_forget_at_once(self, store: MemoryStore) -> None:
        failures: list[BaseException] = []

        def work(user_id: str) -> None:
            try:
                for step in range(8):
                    written = [entry(f"{user_id}-{n}", user_id, f"text {n} of {user_id} {step}") for n in range(4)]
                    store.hierarchy.replace_local(user_id, written)
                    (hits,) = store.hierarchy.recall(user_id, [f"text 2 of {user_id}"], k=9)
                    assert {hit.entry.text for hit in hits} == {found.text for found in written}
                    store.hierarchy.write([entry(f"{user_id}-x", user_id, "one more")])
                    store.hierarchy.forget(user_id, [f"{user_id}-x"])
            except (AssertionError, RuntimeError, OSError) as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(f"user{number}",)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures
        assert store._mirror.owned().count() == store.hierarchy.count()


class _Other:
    """Another embedder: other name, other dimension."""

    name = "other"
    dimension = 6

    def embed(self, texts, *, query=False, progress=None) -> np.ndarray:
        return np.eye(6, dtype=np.float32)[[len(text) % 6 for text in texts]]

    def count_tokens(self, text: str) -> int:
        return len(text.split())


def test_another_embedder_is_refused_and_can_be_changed_to(tmp_path: Path, store: MemoryStore) -> None:
    store.close()
    with pytest.raises(StoreMismatch, match=r"minilm \(384 dim.*other \(6 dim.*mrrec reembed"):
        MemoryStore.open(tmp_path, _Other())
    changed = MemoryStore.reembed(tmp_path, _Other())
    assert changed.hierarchy.recall("ann", ["x" * len(SCENT.text)], k=1)[0][0].similarity == pytest.approx(1)
    changed.close()
    MemoryStore.open(tmp_path, _Other()).close()
    with pytest.raises(StoreMismatch):
        MemoryStore.open(tmp_path, load_embedder())
