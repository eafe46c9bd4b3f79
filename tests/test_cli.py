"""The mrrec command: light to start, thin, and clear when something is wrong."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from assistant.cli import app
from assistant.errors import StoreError
from assistant.memory_cli import app as memory_app
from assistant.opening import open_assistant
from assistant.settings import Settings

ROOT = Path(__file__).parents[1]
HEAVY = ("torch", "transformers", "gradio", "chromadb", "langgraph", "numpy", "sentence_transformers")


def run(*arguments: object, store: Path | None = None) -> Result:
    application = app
    words = [str(argument) for argument in arguments]
    if words[0] == "memory":
        application, words = memory_app, words[1:]
    result = CliRunner().invoke(application, words, env={"MRREC_STORE": str(store)} if store else {})
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def plain(text: str) -> str:
    return " ".join(text.split())


def test_help_is_light() -> None:
    code = (
        "import sys\n"
        "from assistant.cli import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    *shown, last = done.stdout.strip().splitlines()
    assert last == "[]", last
    shown_text = " ".join(shown)
    for command in ("import", "convert", "memory", "reembed", "evaluate", "train", "demo"):
        assert re.search(rf"\b{command}\b", shown_text), command


def test_import_says_what_it_did(small_folder: Path, tmp_path: Path) -> None:
    first = run("import", small_folder, "--store", tmp_path / "store")
    assert first.exit_code == 0 and re.search(r"\d+ items, \d+ users, .* memories, in \d+ s", plain(first.output))
    second = run("import", small_folder, "--store", tmp_path / "store")
    assert second.exit_code == 0 and "nothing was changed" in plain(second.output)


def test_import_shows_what_it_skipped(small_folder: Path, tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    shop.mkdir()
    for file in small_folder.iterdir():
        (shop / file.name).write_text(file.read_text())
    (shop / "items.jsonl").open("a").write("{broken\n")
    result = run("import", shop, "--store", tmp_path / "store")
    assert "broken JSON" in plain(result.output) and "row skipped" in plain(result.output)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("import", "absent-folder"), "not a folder"),
        (("import", "absent-folder", "--writer", "poet"), "writer (MRREC_WRITER)"),
        (("convert", "orders-csv", "absent.csv", "--out", "out"), "cannot be read"),
        (("reembed",), "missing or unfinished"),
        (("memory", "show", "ada"), "no store"),
    ],
)
def test_mistakes_give_one_clear_line(
    arguments: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "assistant.cli", *arguments],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1 and message in plain(done.stderr), done.stderr
    assert "Traceback" not in done.stderr and list(tmp_path.iterdir()) == []


def test_convert_orders(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("Order Date,Title,ASIN\n2021-03-04,Pan,B01\nsoon,Mug,B02\n")
    result = run("convert", "orders-csv", tmp_path / "orders.csv", "--out", tmp_path / "out")
    assert result.exit_code == 0 and "date: not understood" in plain(result.output)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "interactions.jsonl.gz",
        "items.jsonl.gz",
        "users.jsonl.gz",
    ]


def test_convert_amazon(tmp_path: Path) -> None:
    (tmp_path / "meta.jsonl").write_text(json.dumps({"parent_asin": "A", "title": "Pan"}) + "\n")
    (tmp_path / "reviews.jsonl").write_text(
        json.dumps({"parent_asin": "A", "user_id": "u", "rating": 5, "timestamp": 1_600_000_000_000}) + "\n"
    )
    options = ("--meta", tmp_path / "meta.jsonl", "--reviews", tmp_path / "reviews.jsonl", "--out", tmp_path / "out")
    assert run("convert", "amazon-reviews", *options).exit_code == 0
    (tmp_path / "test.csv").write_text("qid,query,item_id,user_id,ori_rating,ori_review\n1,a pan,A,u,5,fine\n")
    (tmp_path / "pool.jsonl").write_text('{"item_id": "A", "category": "Home", "metadata": "Pan. Iron."}\n')
    options = ("--queries", tmp_path / "test.csv", "--meta", tmp_path / "pool.jsonl", "--out", tmp_path / "c4")
    result = run("convert", "amazon-c4", *options)
    assert result.exit_code == 0 and "no --reviews given" in plain(result.output)


def test_memory_show_search_rebuild(small_store: Path) -> None:
    shown = plain(run("memory", "show", "ada", store=small_store).output)
    assert "behaviour" in shown and "pattern" in shown
    assert (
        "profile"
        not in plain(run("memory", "show", "ada", "--level", "behaviour", store=small_store).output).split("level", 1)[
            1
        ]
    )
    found = run("memory", "search", "ada", "shampoo without scent", "-k", 2, store=small_store)
    assert re.search(r"0\.\d\d", found.output) and "ragrance" in plain(found.output)
    assert "embedded again" in run("memory", "rebuild", "ada", store=small_store).output
    assert "embedded again" in run("memory", "rebuild", store=small_store).output


def test_reembed(small_store: Path) -> None:
    assert "is embedded with 'minilm'" in plain(run("reembed", store=small_store).output)


def test_memory_forget_leaves_nothing_of_a_person(small_store: Path) -> None:
    assistant = open_assistant(Settings(store=small_store))
    session = assistant.memory.sessions.create("bo").session_id
    list(assistant.reply("bo", session, "a shampoo for quokkas"))
    assistant.close()
    assert run("memory", "forget", "bo", store=small_store).exit_code == 1
    assert run("memory", "show", "bo", store=small_store).exit_code == 0
    assert "conversations: 1" in plain(run("memory", "forget", "bo", "--yes", store=small_store).output)
    with pytest.raises(StoreError, match="no user 'bo'"):
        run("memory", "show", "bo", store=small_store)
    files = [path for path in small_store.rglob("*") if path.is_file() and "catalogue" not in path.parts]
    assert not [path.name for path in files if b"quokka" in path.read_bytes()]
    assert "Plainwell" in run("memory", "show", "ada", store=small_store).output
