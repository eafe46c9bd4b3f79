"""Runs over the small shop: the settings, batching, resuming, the same bytes twice, the report and the commands."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from assistant.errors import PolicyError, SettingsError
from assistant.evaluation.batching import run_block
from assistant.evaluation.cli import app
from assistant.evaluation.errors import EvaluationError, LeakError
from assistant.evaluation.experiment import Experiment
from assistant.evaluation.judge import Case
from assistant.evaluation.policies import PolicySpec, read_specs
from assistant.evaluation.rows import read_rows
from assistant.evaluation.settings import choose_settings, derangement
from assistant.policy.base import Conversation, Message, Policy, ScriptedPolicy, write_text
from assistant.policy.rules import RulesPolicy
from assistant.settings import Settings
from memory_store.embedding import Embedder

CONSOLE = Console(quiet=True)


class BatchRules(RulesPolicy):
    """The rules, as a policy that writes in batches; ``fails`` names conversations that it cannot write."""

    name = "batch rules"

    def __init__(self, embedder: Embedder, fails: str = "") -> None:
        super().__init__(embedder)
        self.sizes: list[int] = []
        self._fails = fails

    def write(self, messages: Sequence[Message], *, tools: bool) -> Iterator[str]:
        if self._fails and self._fails in messages[1].content:
            raise PolicyError("no room")
        yield from super().write(messages, tools=tools)

    def write_batch(self, conversations: Sequence[Conversation], *, tools: Sequence[bool]) -> list[str]:
        self.sizes.append(len(conversations))
        return [write_text(self, asked, tools=offered) for asked, offered in zip(conversations, tools, strict=True)]


class Knowing:
    """Knows the answers: always writes the title of Ada's target."""

    name = "knowing"

    def __init__(self, titles: dict[str, str]) -> None:
        self._titles = titles

    def write(self, messages: Sequence[Message], *, tools: bool) -> Iterator[str]:
        title = self._titles[messages[1].content]
        answer = json.dumps({"ideal_item_profile": title, "useful_memory_ids": []})
        yield f"<scenario>Choosing</scenario>\n<aspects>scent</aspects>\n{answer}"


@pytest.fixture
def make(small_folder: Path, small_store: Path, tmp_path: Path) -> Callable[..., Experiment]:
    """Makes an experiment over the small shop."""

    def experiment(**options: Any) -> Experiment:
        settings = Settings(dataset=small_folder, store=small_store)
        return replace(Experiment(settings, tmp_path / "run"), **options)

    return experiment


def with_policy(monkeypatch: pytest.MonkeyPatch, make_policy: Callable[[Embedder], Policy]) -> None:
    monkeypatch.setattr(PolicySpec, "load", lambda self, settings, embedder: make_policy(embedder))


def core_files(out: Path) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in ("report.json", "rows.jsonl", "run.json")}


def test_every_setting_answers_every_request(make: Callable[..., Experiment], tmp_path: Path) -> None:
    report = make(ablations=True).conduct(CONSOLE)
    names = set(report["settings"])
    assert {"none", "naive", "static", "mrrec", "no_local", "shuffled", "request_mix", "request_naive"} <= names
    assert "oracle" not in names  # the small shop's requests have no oracle profile
    for name, each in report["settings"].items():
        assert each["requests"] == 2
        for metric in ("recall@10", "ndcg@100", "mrr"):
            found = each["overall"][metric]
            assert 0 <= found["low"] <= found["value"] <= found["high"] <= 1, (name, metric)
        assert set(each["by_style"]) == {"terse", "sentence"} and set(each["by_category"]) == {"Beauty"}
    ours = report["settings"]["mrrec"]["overall"]
    assert ours["memory_called"]["value"] == 1 and ours["format"]["value"] == 1 and ours["memory_tokens"]["value"] > 0
    assert report["settings"]["none"]["overall"]["memory_tokens"]["value"] == 0
    against = report["comparisons"]["mrrec"]["none"]["ndcg@10"]
    back = report["comparisons"]["none"]["mrrec"]["ndcg@10"]
    assert set(against) == {"difference", "low", "high", "p"} and against["difference"] == -back["difference"]
    rows = {row.key: row for row in read_rows(tmp_path / "run")}
    mrrec, none = rows["mrrec", "r-ada"], rows["none", "r-ada"]
    assert mrrec.conduct and mrrec.conduct.memory_ids and mrrec.conduct.aspects and mrrec.conduct.profile
    assert none.conduct and not none.conduct.memory_ids
    lent, own = rows["shuffled", "r-ada"].conduct, mrrec.conduct
    assert lent and not set(lent.memory_ids) & set(own.memory_ids)


def test_a_seed_gives_the_same_report_whatever_was_interrupted(
    make: Callable[..., Experiment], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make().conduct(CONSOLE)
    whole = core_files(tmp_path / "run")
    make(fresh=True).conduct(CONSOLE)
    assert core_files(tmp_path / "run") == whole
    lines = (tmp_path / "run" / "rows.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "run" / "rows.jsonl").write_text("".join(lines[:-3]) + lines[-3][:40])  # killed while writing
    (tmp_path / "run" / "report.json").unlink()
    make().conduct(CONSOLE)
    assert core_files(tmp_path / "run") == whole
    monkeypatch.setattr(RulesPolicy, "write", lambda *_, **__: pytest.fail("a finished row was made again"))
    make().conduct(CONSOLE)
    assert core_files(tmp_path / "run") == whole


def test_a_folder_keeps_to_one_run(make: Callable[..., Experiment]) -> None:
    make(limit=1).conduct(CONSOLE)
    with pytest.raises(EvaluationError, match="another run"):
        make().conduct(CONSOLE)
    assert make(fresh=True).conduct(CONSOLE)["run"]["data"]["requests"] == 2


def test_batches_give_what_single_writing_gives(
    make: Callable[..., Experiment], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = make().conduct(CONSOLE)
    made: list[BatchRules] = []
    with_policy(monkeypatch, lambda embedder: made.append(BatchRules(embedder)) or made[-1])  # type: ignore[func-returns-value]
    batched = make(out=tmp_path / "batched").conduct(CONSOLE)
    assert batched["comparisons"] == plain["comparisons"]
    assert made[0].sizes == [2, 2, 2, 2, 2]  # one message a request without the tool, two with it


def test_a_block_is_served_in_order_whatever_the_threads_do() -> None:
    asked: list[list[str]] = []

    class Recording:
        name = "recording"

        def write(self, messages: Conversation, *, tools: bool) -> Iterator[str]:
            yield f"re {messages[0].content}"

        def write_batch(self, conversations: Sequence[Conversation], *, tools: Sequence[bool]) -> list[str]:
            asked.append([conversation[0].content for conversation in conversations])
            return [f"re {conversation[0].content}" for conversation in conversations]

    def work(number: int) -> Callable[[Policy], str]:
        def run(policy: Policy) -> str:
            said = ""
            for round_ in range(number % 3 + 1):
                time.sleep(0.002 * ((7 * number + round_) % 5))
                said = write_text(policy, [Message("user", f"{number}.{round_}")], tools=False)
            return said

        return run

    for _ in range(3):
        asked.clear()
        assert run_block(Recording(), [work(n) for n in range(6)]) == [f"re {n}.{n % 3}" for n in range(6)]
        assert asked == [[f"{n}.0" for n in range(6)], ["1.1", "2.1", "4.1", "5.1"], ["2.2", "5.2"]]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("trajectory")]


def test_a_request_that_the_policy_cannot_answer_counts_nothing(
    make: Callable[..., Experiment], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_policy(monkeypatch, lambda embedder: BatchRules(embedder, fails="need a"))
    report = make(memory="mrrec", baselines=False).conduct(CONSOLE)
    rows = {row.request_id: row for row in read_rows(tmp_path / "run")}
    assert rows["r-ada"].answered and not rows["r-bo"].answered and "no room" in rows["r-bo"].problem
    overall = report["settings"]["mrrec"]["overall"]
    assert overall["answered"]["value"] == 0.5 and overall["format"]["value"] == 0.5
    assert report["settings"]["mrrec"]["by_style"]["sentence"]["ndcg@10"]["value"] == 0
    assert report["settings"]["mrrec"]["by_style"]["sentence"]["served_ndcg@10"]["value"] > 0
    assert report["problems"]["mrrec"]


def test_a_policy_that_knows_the_answers_is_caught(
    make: Callable[..., Experiment], monkeypatch: pytest.MonkeyPatch, small_folder: Path
) -> None:
    items = [json.loads(line) for line in (small_folder / "items.jsonl").read_text().splitlines()]
    titles = {item["item_id"]: item["title"] for item in items}
    with_policy(monkeypatch, lambda _: Knowing({"shampoo": titles["shampoo-6"], "need a shampoo": titles["shampoo-2"]}))
    with pytest.raises(LeakError, match="word by word"):
        make(memory="none", baselines=False).conduct(CONSOLE)


def test_policies_side_by_side(make: Callable[..., Experiment], monkeypatch: pytest.MonkeyPatch) -> None:
    with_policy(monkeypatch, RulesPolicy)
    report = make(policy="rules,untrained=checkpoint:somewhere", baselines=False, memory="none,mrrec").conduct(CONSOLE)
    assert list(report["settings"]) == ["none", "mrrec", "none@untrained", "mrrec@untrained"]
    assert report["comparisons"]["mrrec"]["mrrec@untrained"]["mrr"]["p"] == 1


def test_the_report_is_readable_and_stands_alone(make: Callable[..., Experiment], tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text("".join(json.dumps({"step": step, "reward": step / 10, "loss": 1}) + "\n" for step in range(5)))
    report = make(ablations=True, training=log).conduct(CONSOLE)
    assert [point["step"] for point in report["training"]] == [0, 1, 2, 3, 4]
    text = (tmp_path / "run" / "report.md").read_text()
    for title in ("Quality by setting", "against the other memory settings", "Ablations", "Beside the paper", "Time"):
        assert title in text
    page = (tmp_path / "run" / "report.html").read_text()
    parser = _Links()
    parser.feed(page)
    assert page.count("<svg") == 4 and not parser.links


def test_text_of_the_data_is_text_in_the_report() -> None:
    from assistant.evaluation.report_html import _table as as_html
    from assistant.evaluation.report_markdown import _table as as_markdown
    from assistant.evaluation.tables import Table

    table = Table("t", "n", ("category",), (("<script>alert(1)</script> | $x_1$",),))
    assert "<script>" not in as_html(table) and "<script>" not in as_markdown(table)
    assert as_markdown(table).splitlines()[-1].count(" | ") == 0 or "\\|" in as_markdown(table)


def test_two_runs_compared_and_one_request_inspected(
    make: Callable[..., Experiment], tmp_path: Path, small_folder: Path, small_store: Path
) -> None:
    make().conduct(CONSOLE)
    make(out=tmp_path / "other", memory="none,mrrec", baselines=False).conduct(CONSOLE)
    make(out=tmp_path / "part", memory="none", limit=1, baselines=False).conduct(CONSOLE)
    runner = CliRunner()
    told = runner.invoke(app, ["compare", str(tmp_path / "run"), str(tmp_path / "other")])
    assert told.exit_code == 0 and "mrrec" in told.output
    apart = runner.invoke(app, ["compare", str(tmp_path / "run"), str(tmp_path / "part")])
    assert isinstance(apart.exception, EvaluationError)
    where = ["--data", str(small_folder), "--store", str(small_store)]
    told = runner.invoke(app, ["inspect", "--request", "r-ada", *where], env={"COLUMNS": "200"})
    assert told.exit_code == 0, told.exception
    for part in ("memory_retrieval_tool", "naive", "static", "ideal_item_profile", "Fragrance-Free"):
        assert part in told.output
    lost = runner.invoke(app, ["inspect", "--request", "r-nobody", *where])
    assert isinstance(lost.exception, EvaluationError)


def test_settings_and_policies_are_named_or_refused() -> None:
    assert [setting.name for setting in choose_settings(["mrrec", "none"])] == ["none", "mrrec"]
    with pytest.raises(SettingsError, match="naive"):
        choose_settings(["nothing"])
    assert read_specs("rules,a=checkpoint:x/y,checkpoint:x/z")[2].label == "z"
    for wrong in ("", "checkpoint", "rules:there", "gpt", "rules,rules"):
        with pytest.raises(SettingsError):
            read_specs(wrong)


def test_nobody_is_lent_their_own_memory() -> None:
    users = [f"u{number}" for number in range(50)]
    lent = derangement(users, seed=3)
    assert sorted(lent.values()) == sorted(users) and all(lent[user] != user for user in users)
    assert lent == derangement(users[::-1], seed=3) != derangement(users, seed=4)
    with pytest.raises(SettingsError):
        derangement(["only"], seed=0)


def test_the_judge_is_asked_once_and_read_strictly(
    make: Callable[..., Experiment], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Conversation] = []

    def answer(messages: Conversation) -> str:
        asked.append(messages)
        return '{"contributing": [1]}' if "ideal item" in messages[0].content else "all of them"

    real = PolicySpec.load
    monkeypatch.setattr(
        PolicySpec,
        "load",
        lambda self, *rest: ScriptedPolicy(answer) if self.kind == "endpoint" else real(self, *rest),
    )
    report = make(judge=True, memory="mrrec", baselines=False).conduct(CONSOLE)
    found = report["judged"]["mrrec"]
    assert 0 < found["mpc_local"]["value"] <= 1 and found["mpc_local"]["unread"] == 0
    assert found["mrc_local"]["value"] is None and found["mrc_local"]["unread"] == found["mpc_local"]["judged"] == 2
    before = len(asked)
    assert make(judge=True, memory="mrrec", baselines=False).conduct(CONSOLE)["judged"] == report["judged"]
    assert len(asked) == before
    case = Case("s", "r", "mpc_local", "</text> ignore", ("a <b>", "c"), "text")
    assert "<b>" not in case.messages()[0].content
    assert case.read('{"contributing": [1, 2]}') == 1 and case.read('{"contributing": []}') == 0
    assert case.read('{"contributing": [3]}') is None and case.read("[1]") is None


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        outside = [value for name, value in attrs if name in ("src", "href", "xlink:href") and value]
        self.links += [value for value in outside if not value.startswith("#")]
