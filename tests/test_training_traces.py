"""Expert traces: worth more than the request alone, made of visible words, the same in every run and after a kill."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.policy.tokens import ChatTokens
from assistant.training.config import ModelConfig, RunConfig, WorldConfig
from assistant.training.errors import TrainingError
from assistant.training.examples import IGNORED, Examples, Padded, encode
from assistant.training.expert import profile_of
from assistant.training.models import fixed_pieces, train_tokenizer
from assistant.training.pipeline import describe
from assistant.training.shops import Shop, open_shops
from assistant.training.traces import TRACES, Task, Trace, find_trace, find_traces, read_traces
from assistant.types import ItemProfile
from memory_store.indexing.statements import read_statement
from tests.tiny_models import tiny_tokenizer
from tests.training_world import write_training_folder


def quiet(part: str, done: int, total: int) -> None:
    """No progress is told."""


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> RunConfig:
    root = tmp_path_factory.mktemp("traces")
    write_training_folder(root / "shop")
    return RunConfig(
        name="traces",
        work=root / "work",
        output=root / "out",
        worlds=(WorldConfig(data=root / "shop", store=root / "store", train=20),),
        model=ModelConfig(base="unused"),
    )


@pytest.fixture(scope="module")
def shops(config: RunConfig) -> Iterator[list[Shop]]:
    with open_shops(config, quiet) as opened:
        yield opened


@pytest.fixture(scope="module")
def traces(config: RunConfig, shops: list[Shop]) -> list[Trace]:
    return find_traces(config, shops, quiet)


def test_traces_are_worth_more_than_the_request_alone(traces: list[Trace]) -> None:
    figures = describe(traces)
    assert figures["traces"] == 20
    assert figures["reward"] > figures["reward_of_request_alone"] + 1
    assert 0.3 < figures["used_memory"] <= 1


def test_traces_say_only_what_was_visible(traces: list[Trace]) -> None:
    for trace in traces:
        shown = " ".join(message.content for message in trace.messages if message.role != "assistant").lower()
        answer = json.loads(trace.messages[-1].content)
        for word in re.findall(r"\w+", answer["ideal_item_profile"].lower()):
            assert word in shown, (trace.key, word)
        recalled = set(re.findall(r"^(m\d+) \[", shown, re.MULTILINE))
        assert set(answer["useful_memory_ids"]) <= recalled


def test_memory_is_left_alone_where_the_request_wants_it_so(config: RunConfig, shops: list[Shop]) -> None:
    (shop,) = shops
    helped = [find_trace(config, shops, Task("k", 0, row)) for row in shop.train[:8]]
    alone = [find_trace(config, shops, Task("k", 0, replace(row, memory="alone"))) for row in shop.train[:8]]
    assert any(trace.useful for trace in helped) and not any(trace.useful for trace in alone)


def test_a_killed_search_goes_on_to_the_same_file(
    config: RunConfig, shops: list[Shop], traces: list[Trace], tmp_path: Path
) -> None:
    whole = (config.work / TRACES).read_bytes()
    again = config.model_copy(update={"work": tmp_path})
    tmp_path.mkdir(exist_ok=True)
    (tmp_path / TRACES).write_bytes(whole[: len(whole) // 2])
    assert find_traces(again, shops, quiet) == traces
    assert (tmp_path / TRACES).read_bytes() == whole


def test_processes_find_the_same_traces(
    config: RunConfig, shops: list[Shop], traces: list[Trace], tmp_path: Path
) -> None:
    side_by_side = config.traces.model_copy(update={"processes": 2})
    again = config.model_copy(update={"work": tmp_path, "traces": side_by_side})
    lines = (config.work / TRACES).read_bytes().splitlines(keepends=True)
    (tmp_path / TRACES).write_bytes(b"".join(lines[:13]))
    find_traces(again, shops, quiet)
    assert (tmp_path / TRACES).read_bytes() == b"".join(lines)


def test_traces_of_other_settings_are_not_mixed(config: RunConfig, shops: list[Shop], traces: list[Trace]) -> None:
    other = config.model_copy(update={"seed": 5})
    with pytest.raises(TrainingError, match="another run"):
        find_traces(other, shops, quiet)


def test_damaged_line_is_named(tmp_path: Path) -> None:
    (tmp_path / TRACES).write_text('{"key": 1}\n')
    with pytest.raises(TrainingError, match="is damaged"):
        read_traces(tmp_path / TRACES)


def test_the_profile_says_what_is_liked_in_the_kind_wanted() -> None:
    lines = (
        "Shampoo: prefers fragrance-free; praised in 3 reviews.",
        "Shampoo: avoids lavender; said in 2 reviews.",
        "Shampoo: prefers lavender oil; praised in 2 reviews.",
        "Conditioner: prefers coconut; praised in 3 reviews.",
        "Across categories: prefers plastic-free (Shampoo, Mug).",
        "Shampoo: usually buys Plainwell (2 of 3).",
        "Shampoo: prefers dry hair; said in 2 reviews.",
    )
    told = {f"m{number}": read_statement(line) for number, line in enumerate(lines, 1)}
    profile = profile_of("I need something to wash my dry hair with!", "Shampoo", "Shampoo", told)
    assert profile.text == "shampoo, I need something to wash my dry hair with, fragrance-free, plastic-free, Plainwell"
    assert profile.useful_memory_ids == ("m1", "m5", "m6")
    assert profile_of("a shampoo", "Shampoo", "Shampoo", {"m4": told["m4"]}) == ItemProfile("a shampoo")
    assert profile_of("wash my hair", "", "Shampoo", {"m1": told["m1"]}).text == "wash my hair, fragrance-free"


def test_only_the_policys_own_tokens_are_learnt(traces: list[Trace]) -> None:
    chat = ChatTokens(tiny_tokenizer())
    for trace in traces[:5]:
        transcript = encode(chat, trace)
        example = Examples([transcript])[0]
        learnt = [token for token in example["labels"] if token != IGNORED]
        said = [message.content for message in trace.messages if message.role == "assistant"]
        assert chat.tokenizer.decode(learnt) == "".join(f"{text}<|im_end|>" for text in said)
        assert chat.tokenizer.decode(example["input_ids"]) == transcript.text + transcript.closing


def test_batches_are_padded_on_the_right(traces: list[Trace]) -> None:
    chat = ChatTokens(tiny_tokenizer())
    examples = Examples([encode(chat, trace) for trace in traces[:3]])
    batch = Padded(chat.pad_id())([examples[place] for place in range(3)])
    for place in range(3):
        length = len(examples[place]["input_ids"])
        assert batch["attention_mask"][place].tolist() == [1] * length + [0] * (batch["labels"].shape[1] - length)
        assert (batch["labels"][place, length:] == IGNORED).all()


def test_own_tokenizer_makes_trajectories_short_and_loses_nothing(traces: list[Trace]) -> None:
    tokenizer = train_tokenizer((message.content for trace in traces for message in trace.messages), 600)
    assert len(tokenizer) <= 600 and all(len(tokenizer.encode(piece)) == 1 for piece in fixed_pieces())
    own, plain = ChatTokens(tokenizer), ChatTokens(tiny_tokenizer())
    for trace in traces[:5]:
        short = encode(own, trace)
        assert own.tokenizer.decode(short.ids) == short.text + short.closing
        assert 3 * sum(short.written) < sum(encode(plain, trace).written)
