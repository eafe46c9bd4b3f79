"""The importer: what it builds, what it reports, and that nothing it was stopped at changes what it ends with."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.catalogue.build import MANIFEST
from assistant.datasets import demo
from assistant.datasets.ensure import demo_folder, ensure_store, load_writer, reembed
from assistant.datasets.importer import ImportReport, import_folder
from assistant.datasets.manifest import Manifest, building
from assistant.datasets.people import Namer, choose_personas, history_line
from assistant.datasets.rows import InteractionRow
from assistant.errors import DatasetError, StoreError
from assistant.settings import Settings
from memory_store.embedding import Embedder
from memory_store.indexing.extractive import ExtractiveWriter
from memory_store.store import MemoryStore
from memory_store.types import Level
from tests.store_content import differences, store_content

Import = Callable[..., ImportReport]


@pytest.fixture
def run_import(tmp_path: Path, embedder: Embedder) -> Import:
    def run(folder: Path, store: Path = tmp_path / "store") -> ImportReport:
        return import_folder(folder, store, embedder, ExtractiveWriter())

    return run


@pytest.fixture
def shop(small_folder: Path, tmp_path: Path) -> Path:
    """The small shop's folder, to be changed."""
    return Path(shutil.copytree(small_folder, tmp_path / "shop"))


def add_line(folder: Path, name: str, row: object) -> int:
    """Append a row to a file of the folder; its line number."""
    file = folder / f"{name}.jsonl"
    with file.open("a") as stream:
        stream.write(json.dumps(row) + "\n")
    return len(file.read_text().splitlines())


def test_a_small_shop_is_imported(small_store: Path, embedder: Embedder) -> None:
    memory = MemoryStore.open(small_store, embedder)
    users = memory.users.list()
    assert [user.name for user in users if user.persona] and memory.hierarchy.pending() == 0
    of_one = memory.behaviours.of_user(users[0].user_id)
    assert of_one and all(behaviour.title and behaviour.item_text for behaviour in of_one)
    counts = memory.hierarchy.counts(users[0].user_id)
    assert counts[Level.BEHAVIOUR] == len(of_one) and counts[Level.PATTERN]
    assert memory.hierarchy.scenarios()
    memory.close()
    manifest = Manifest.read(small_store)
    assert manifest and manifest.finished and manifest.embedder == "minilm"


def test_importing_twice_changes_nothing(small_folder: Path, run_import: Import, tmp_path: Path) -> None:
    first = run_import(small_folder)
    before = store_content(tmp_path / "store")
    second = run_import(small_folder)
    assert first.changed and not second.changed
    assert replace(second, changed=True, seconds=0, rows=first.rows) == replace(first, seconds=0)
    assert second.rows.to_dict() == first.rows.to_dict()
    assert differences(before, store_content(tmp_path / "store")) == []


def test_a_catalogue_of_an_older_format_is_built_again(small_folder: Path, run_import: Import, tmp_path: Path) -> None:
    run_import(small_folder)
    before, file = store_content(tmp_path / "store"), tmp_path / "store" / "catalogue" / MANIFEST
    file.write_text(json.dumps(json.loads(file.read_text()) | {"format": 0, "fingerprint": ""}))
    assert ensure_store(Settings(store=tmp_path / "store")) is not None
    assert differences(before, store_content(tmp_path / "store")) == []
    assert ensure_store(Settings(store=tmp_path / "store")) is None


def test_the_folder_of_the_demo_world_is_that_of_this_version(
    monkeypatch: pytest.MonkeyPatch, small_folder: Path, tmp_path: Path
) -> None:
    def build(out: Path, **_: object) -> None:
        shutil.copytree(small_folder, out)

    monkeypatch.setattr(demo, "build_demo_world", build)
    before = demo_folder(tmp_path / "store")
    assert before == demo_folder(tmp_path / "store") and before.name.endswith(demo.world_version())
    monkeypatch.setattr(demo, "world_version", lambda: "0123abcd")
    assert demo_folder(tmp_path / "store") != before and before.exists()


def test_killed_again_and_again_it_ends_in_the_same_content(
    small_folder: Path, run_import: Import, tmp_path: Path
) -> None:
    run_import(small_folder)
    moments = ["vectors:1", "words:1", "people:1", "users:2", "scenarios:2", "index:1"]
    runner = [sys.executable, "-m", "tests.import_runner", str(small_folder), str(tmp_path / "killed"), *moments]
    done = subprocess.run(runner, cwd=Path(__file__).parents[1], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [word for moment in moments for word in (moment, "killed")] + ["None", "finished"]
    assert differences(store_content(tmp_path / "store"), store_content(tmp_path / "killed")) == []


def test_what_cannot_be_used_is_reported_and_stored(shop: Path, run_import: Import, tmp_path: Path) -> None:
    line = add_line(shop, "interactions", {"user_id": "ada", "item_id": "no-such-item", "rating": 5})
    add_line(shop, "items", {"item_id": "x"})
    request = {"request_id": "r-x", "user_id": "dee", "request": "a pan", "target_item_ids": ["no-such-item"]}
    (shop / "requests.jsonl").touch()
    asked = add_line(shop, "requests", request)
    report = run_import(shop)
    found = {(p.file, p.reason): p for p in report.rows.problems}
    unknown = found["interactions.jsonl", "item_id: not among the items"]
    assert (unknown.count, unknown.lines, unknown.outcome) == (1, [line], "row skipped")
    assert found["items.jsonl", "title: missing"].count == 1
    assert found["requests.jsonl", "target_item_ids: none among the items"].lines == [asked]
    assert json.loads((tmp_path / "store/import_report.json").read_text()) == report.rows.to_dict()


def test_users_who_only_ask_are_users(shop: Path, run_import: Import, tmp_path: Path, embedder: Embedder) -> None:
    (shop / "requests.jsonl").touch()
    target = json.loads((shop / "items.jsonl").read_text().splitlines()[0])["item_id"]
    add_line(
        shop, "requests", {"request_id": "r-x", "user_id": "dee", "request": "a gift", "target_item_ids": [target]}
    )
    run_import(shop)
    memory = MemoryStore.open(tmp_path / "store", embedder)
    dee = memory.users.get("dee")
    memory.close()
    assert dee and dee.name.startswith("Shopper ") and dee.bio == "No purchases yet" and dee.openers == ("a gift",)


def test_nothing_after_a_request_is_remembered(
    shop: Path, run_import: Import, tmp_path: Path, embedder: Embedder
) -> None:
    rows = [json.loads(line) for line in (shop / "interactions.jsonl").read_text().splitlines()]
    rows = sorted((row for row in rows if row["user_id"] == "ada"), key=lambda row: row["timestamp"])
    asked = rows[-2]
    request = {"request_id": "r-x", "user_id": "ada", "request": "again", "target_item_ids": [asked["item_id"]]}
    (shop / "requests.jsonl").write_text("")
    add_line(shop, "requests", request | {"timestamp": asked["timestamp"]})
    report = run_import(shop)
    memory = MemoryStore.open(tmp_path / "store", embedder)
    times = [behaviour.timestamp for behaviour in memory.behaviours.of_user("ada")]
    memory.close()
    assert len(times) == len(rows) - 2 and max(time or 0 for time in times) < asked["timestamp"]
    assert [p.count for p in report.rows.problems if p.reason == "at or after a request of this user"] == [2]


def test_another_dataset_is_refused(shop: Path, small_store: Path, run_import: Import) -> None:
    add_line(shop, "items", {"item_id": "new", "title": "New"})
    with pytest.raises(StoreError, match="--store"):
        run_import(shop, small_store)


def test_another_embedder_is_refused_with_the_command(small_store: Path, small_folder: Path) -> None:
    settings = Settings(store=small_store, embedder="other-model")
    with pytest.raises(StoreError, match=r"mrrec reembed --store \S+ --embedder other-model"):
        ensure_store(settings)


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path, small_folder: Path, run_import: Import) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "thesis.txt").write_text("mine")
    with pytest.raises(StoreError, match="no store"):
        run_import(small_folder)
    assert [path.name for path in (tmp_path / "store").iterdir()] == ["thesis.txt"]


def test_one_process_builds_at_a_time(tmp_path: Path, small_folder: Path, run_import: Import) -> None:
    with building(tmp_path / "store"), pytest.raises(StoreError, match="Another process"):
        run_import(small_folder)


def test_a_dataset_without_anything_usable_is_refused(tmp_path: Path, shop: Path, run_import: Import) -> None:
    (shop / "users.jsonl").unlink(missing_ok=True)
    (shop / "requests.jsonl").unlink(missing_ok=True)
    (shop / "interactions.jsonl").write_text('{"user_id": "ada"}\n')
    with pytest.raises(DatasetError, match="item_id: missing"):
        run_import(shop)
    (shop / "items.jsonl").write_text("{}\n")
    with pytest.raises(DatasetError, match="No item"):
        run_import(shop, tmp_path / "other")


def test_ensure_builds_completes_and_opens(tmp_path: Path, small_folder: Path) -> None:
    settings = Settings(store=tmp_path / "store", dataset=small_folder)
    built = ensure_store(settings)
    assert built and built.changed and ensure_store(settings) is None
    manifest = Manifest.read(settings.store)
    assert manifest
    manifest.without("index").write(settings.store)
    completed = ensure_store(Settings(store=settings.store))
    assert completed and completed.changed and ensure_store(settings) is None
    with pytest.raises(StoreError, match="MRREC_STORE"):
        ensure_store(Settings(store=settings.store, dataset=tmp_path))


def test_a_first_start_indexes_the_personas_and_others_when_recalled(
    tmp_path: Path, shop: Path, embedder: Embedder
) -> None:
    for name, user in (("Ada", "ada"), ("Bo", "bo")):
        rows = (shop / "users.jsonl").read_text().splitlines() if (shop / "users.jsonl").exists() else []
        kept = [row for row in rows if json.loads(row)["user_id"] != user]
        kept.append(json.dumps({"user_id": user, "name": name, "persona": user == "ada"}))
        (shop / "users.jsonl").write_text("\n".join(kept) + "\n")
    ensure_store(Settings(store=tmp_path / "store", dataset=shop))
    memory = MemoryStore.open(tmp_path / "store", embedder)
    later = sum(sum(memory.hierarchy.counts(user).values()) for user in ("bo", None))
    assert memory.hierarchy.pending() == later > memory.hierarchy.pending(of=["bo"]) > 0
    assert memory.hierarchy.pending(of=["ada"]) == 0
    (recalled,) = memory.hierarchy.recall("bo", ["lavender"])
    assert recalled and memory.hierarchy.pending(of=["bo"]) == 0
    memory.close()


def test_a_broken_manifest_says_so(tmp_path: Path) -> None:
    for content in ("{", "[]", '{"format": 99}', '{"format": 1}'):
        (tmp_path / "store.json").write_text(content)
        with pytest.raises(StoreError, match="store"):
            Manifest.read(tmp_path)


def test_reembedding(small_store: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    class Reversed:
        """MiniLM under another name, its dimensions in reverse: as good, and not to be compared with the original."""

        name, dimension, count_tokens = "reversed", embedder.dimension, embedder.count_tokens

        def embed(self, texts, **options):  # type: ignore[no-untyped-def]
            return embedder.embed(texts, **options)[:, ::-1].copy()

    monkeypatch.setattr("memory_store.embedding._LOADED", {"minilm": embedder, "reversed": Reversed()})
    before = store_content(small_store)
    reembed(Settings(store=small_store, embedder="reversed"))
    assert ensure_store(Settings(store=small_store, embedder="reversed")) is None
    after = store_content(small_store)
    assert set(differences(before, after)) == {"vectors.npy", "store.json", "catalogue/catalogue.json"}
    with pytest.raises(StoreError, match="reembed"):
        ensure_store(Settings(store=small_store))
    reembed(Settings(store=small_store))
    assert ensure_store(Settings(store=small_store)) is None


def test_the_writers_by_name() -> None:
    assert load_writer(Settings()).name.startswith("extractive")
    assert load_writer(Settings(writer="llm", endpoint_model="some-model")).name != load_writer(Settings()).name


def test_names_and_lines_of_people() -> None:
    namer, again = Namer(), Namer()
    names = [namer.name(f"user-{n}") for n in range(2_000)]
    assert len(set(names)) == 2_000 and names == [again.name(f"user-{n}") for n in range(2_000)]
    assert all(name.startswith("Shopper ") and "user" not in name for name in names)
    assert history_line({"Tea": 20, "Mugs": 11}) == "31 purchases, mostly Tea"
    assert history_line({"Tea": 1}) == "1 purchase in Tea" and history_line({}) == "No purchases yet"
    assert history_line({"Tea": 2, "Mugs": 2, "Pans": 2}) == "6 purchases, most often Tea"
    histories = {f"u{n}": {"Tea" if n < 50 else "Mugs": n} for n in range(1, 60)}
    assert choose_personas(histories, ["u3"]) == ["u3", "u59", "u58", "u49"]


def test_the_same_row_has_the_same_id() -> None:
    row = InteractionRow("u", "i", 5.0, "t", "x", 7, 1)
    assert replace(row, line=9).behaviour_id == row.behaviour_id != replace(row, text="y").behaviour_id
