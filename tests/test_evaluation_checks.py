"""The checks: a planted leak, a dropped request, a doubled id, a target that is no item; each stops the experiment."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.catalogue.search import Catalogue
from assistant.datasets.folder import DatasetFolder
from assistant.datasets.rows import RequestRow
from assistant.evaluation.checks import check_after, check_before, says_title, words_of
from assistant.evaluation.contributions import contribution, keywords
from assistant.evaluation.errors import EvaluationError, LeakError
from assistant.evaluation.requests import check_distinct, load_requests
from assistant.evaluation.rows import Row
from assistant.policy.rules import RulesPolicy
from assistant.turn import Assistant
from memory_store.embedding import Embedder
from memory_store.indexing.base import global_entry, local_entry
from memory_store.types import Behaviour, Level
from tests.small_world import ADA, START, YEAR, requests, write_folder, write_rows

ASKED = START + 3 * YEAR
TITLE = "Zestival Fragrance-Free Shampoo for Dry Hair"


@pytest.fixture
def assistant(open_assistant: Callable[..., Assistant], embedder: Embedder) -> Assistant:
    return open_assistant(RulesPolicy(embedder))


@pytest.fixture
def asked(small_folder: Path) -> list[RequestRow]:
    return load_requests(DatasetFolder(small_folder), split="dev")


def behaviour(item_id: str, timestamp: int | None) -> Behaviour:
    return Behaviour("b-1", ADA, item_id, "A thing", None, "Things", None, "", 5.0, "", "Fine.", timestamp)


def check(assistant: Assistant, asked: list[RequestRow]) -> dict[str, int]:
    catalogue: Catalogue = assistant.catalogue
    return check_before(asked, catalogue.items, assistant.memory)


def test_a_clean_store_passes_and_says_what_was_checked(assistant: Assistant, asked: list[RequestRow]) -> None:
    checked = check(assistant, asked)
    assert checked["requests"] == 2 and checked["users"] == 2 and checked["behaviours"] == 8
    assert checked["entries"] > 8 and checked["global_entries"] > 0


def test_a_target_among_the_purchases_is_a_leak(assistant: Assistant, asked: list[RequestRow]) -> None:
    assistant.memory.behaviours.add_many([behaviour("shampoo-6", START)])
    with pytest.raises(LeakError, match="r-ada: the target shampoo-6"):
        check(assistant, asked)


@pytest.mark.parametrize("timestamp", [ASKED, ASKED + 1])
def test_a_purchase_at_the_request_or_later_is_a_leak(
    assistant: Assistant, asked: list[RequestRow], timestamp: int
) -> None:
    assistant.memory.behaviours.add_many([behaviour("mug-0", timestamp)])
    with pytest.raises(LeakError, match="not older than the request"):
        check(assistant, asked)


def test_a_memory_as_young_as_the_request_is_a_leak(assistant: Assistant, asked: list[RequestRow]) -> None:
    entry = local_entry(ADA, Level.PATTERN, "Shampoo", "", "Shampoo: prefers citrus.", [behaviour("mug-0", ASKED)])
    assistant.memory.hierarchy.put([entry])
    with pytest.raises(LeakError, match=r"memory 'Shampoo: prefers citrus\.' is not older"):
        check(assistant, asked)


def test_a_target_title_in_a_memory_is_a_leak(assistant: Assistant, asked: list[RequestRow]) -> None:
    item = assistant.catalogue.items.get("shampoo-6")
    assert item is not None
    assistant.memory.hierarchy.put([local_entry(ADA, Level.PROFILE, "", "", f"Wants {item.title.upper()}!", [])])
    with pytest.raises(LeakError, match="tells the target's title"):
        check(assistant, asked)


def test_a_target_title_in_the_global_memory_is_a_leak(assistant: Assistant, asked: list[RequestRow]) -> None:
    item = assistant.catalogue.items.get("shampoo-2")
    assert item is not None
    assistant.memory.hierarchy.put([global_entry("Shampoo", "Kind", f"Buyers like {item.title}.")])
    with pytest.raises(LeakError, match="global memory tells the title of shampoo-2"):
        check(assistant, asked)


def test_a_target_that_is_no_item_stops_the_run(assistant: Assistant, asked: list[RequestRow]) -> None:
    lost = [replace(asked[0], target_item_ids=("nowhere",)), *asked[1:]]
    with pytest.raises(EvaluationError, match="r-ada"):
        check(assistant, lost)


def test_doubled_and_broken_requests_stop_the_run(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "shop")
    rows = requests()
    write_rows(folder / "requests.jsonl", [*rows, rows[0]])
    with pytest.raises(EvaluationError, match=r"duplicate \(1, first in line 3\)"):
        load_requests(DatasetFolder(folder), split="dev")
    write_rows(folder / "requests.jsonl", [rows[0], rows[1] | {"target_item_ids": []}])
    with pytest.raises(EvaluationError, match="target_item_ids"):
        load_requests(DatasetFolder(folder), split="dev")
    write_rows(folder / "requests.jsonl", rows)
    with pytest.raises(EvaluationError, match="no requests of split test"):
        load_requests(DatasetFolder(folder), split="test")
    with pytest.raises(EvaluationError, match="choose from"):
        load_requests(DatasetFolder(folder), split="tset")
    row = load_requests(DatasetFolder(folder), split="dev")[0]
    with pytest.raises(EvaluationError, match="r-ada"):
        check_distinct([row, row])


def test_a_dropped_or_doubled_row_is_caught(asked: list[RequestRow]) -> None:
    rows = [row_of(request) for request in asked]
    check_after(rows, asked, ["mrrec"])
    with pytest.raises(EvaluationError, match=r"1 missing \(r-bo\)"):
        check_after(rows[:1], asked, ["mrrec"])
    with pytest.raises(EvaluationError, match=r"1 too many \(r-ada\)"):
        check_after([*rows, rows[0]], asked, ["mrrec"])
    with pytest.raises(EvaluationError, match="2 missing"):
        check_after(rows, asked, ["mrrec", "none"])


def test_a_sample_takes_whole_users(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "shop")
    rows = [row | {"request_id": f"{row['request_id']}-{n}"} for n in range(3) for row in requests()]
    write_rows(folder / "requests.jsonl", rows)
    chosen = load_requests(DatasetFolder(folder), split="dev", limit=4, seed=1)
    assert len(chosen) == 3 and len({row.user_id for row in chosen}) == 1
    assert chosen == load_requests(DatasetFolder(folder), split="dev", limit=4, seed=1)


def test_titles_count_whole_and_only_when_telling() -> None:
    assert says_title(words_of("I want: zestival  fragrance-free SHAMPOO for dry hair."), TITLE)
    assert not says_title(words_of("zestival fragrance-free shampoo for dry hairs"), TITLE)
    assert not says_title(words_of("a blue mug"), "Blue Mug")


def test_contribution_counts_new_keywords_only() -> None:
    memories = ["Shampoo: prefers fragrance-free; praised in 3 reviews.", 'Bought "Blue Mugs" (Claybird), 5 stars.']
    assert keywords(memories[0]) == {"fragrance-free"}
    assert contribution(memories, "a shampoo", "Fragrance-free shampoo for dry hair") == 0.5
    assert contribution(memories, "fragrance-free shampoo", "Fragrance-free shampoo") == 0
    assert contribution(memories, "a mug", "red mug by Claybird") == 0.5
    assert contribution([], "a mug", "mug") is None


def row_of(request: RequestRow) -> Row:
    return Row(
        "mrrec", request.request_id, request.user_id, request.request, request.style, request.category, None,
        request.target_item_ids, True, "", (1,), 10, ("a",),
    )  # fmt: skip


def test_rows_are_plain_lines(asked: list[RequestRow]) -> None:
    from assistant.evaluation.rows import read_line, write_line

    row = row_of(asked[0])
    assert read_line(write_line(row)) == row and json.loads(write_line(row))["ranks"] == [1]
