"""Practice: cheap trajectories that teach a small model to read, to copy and to choose."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.errors import DatasetError
from assistant.policy.structure import Structure, Vocabulary
from assistant.policy.tokens import ChatTokens
from assistant.protocol import one_line, read_kinds, read_message, read_result
from assistant.training.config import ModelConfig, RunConfig, TraceConfig, WorldConfig
from assistant.training.models import train_tokenizer
from assistant.training.practice import PRACTICE, make_practice, practice_texts
from assistant.training.shops import Shop, open_shops
from assistant.training.traces import Trace
from assistant.words import name_of
from memory_store.indexing.statements import read_statement
from tests.training_world import write_training_folder

TEXTS = ("I need a mug for my desk!", "waterproof trail shoes in black, size 9.5", "a shampoo that smells of citrus")


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> RunConfig:
    root = tmp_path_factory.mktemp("practice")
    write_training_folder(root / "shop")
    with gzip.open(root / "texts.jsonl.gz", "wt", encoding="utf-8") as stream:
        stream.writelines(json.dumps({"text": text, "source": "test"}) + "\n" for text in TEXTS)
    (root / "work").mkdir()
    return RunConfig(
        name="practice",
        work=root / "work",
        output=root / "out",
        worlds=(WorldConfig(data=root / "shop", store=root / "store", train=20),),
        model=ModelConfig(base="unused"),
        traces=TraceConfig(practice=root / "texts.jsonl.gz", practice_limit=2, copying=6, naming=12, choosing=40),
    )


@pytest.fixture(scope="module")
def shops(config: RunConfig) -> Iterator[list[Shop]]:
    with open_shops(config, lambda part, done, total: None) as opened:
        yield opened


@pytest.fixture(scope="module")
def practice(config: RunConfig, shops: list[Shop]) -> list[Trace]:
    return make_practice(config, shops)


def profile_of(trace: Trace) -> tuple[str, tuple[str, ...]]:
    marks = [
        mark for message in trace.messages if message.role == "tool" for mark, _, _ in read_result(message.content)
    ]
    first = len(trace.messages) == 3
    message = read_message(trace.messages[-1].content, first=first, tools=trace.tools, marks=marks)
    assert message.profile is not None
    return message.profile.text, message.profile.useful_memory_ids


def test_copying_repeats_the_texts_and_then_titles(config: RunConfig, practice: list[Trace]) -> None:
    copied = [trace for trace in practice if trace.key.startswith("copying")]
    assert len(copied) == 6 and config.traces.practice is not None
    for trace, text in zip(copied, practice_texts(config.traces.practice, config.seed)[:2], strict=False):
        assert trace.messages[1].content == text
    for trace in copied:
        text, marks = profile_of(trace)
        assert text in trace.messages[1].content and marks == ()


def test_choosing_takes_what_the_memories_say_of_the_kind_asked_for(practice: list[Trace]) -> None:
    chosen = [trace for trace in practice if trace.key.startswith("choosing")]
    assert len(chosen) == 40
    taken = 0
    for trace in chosen:
        text, marks = profile_of(trace)
        told = {
            mark: read_statement(line)
            for message in trace.messages
            if message.role == "tool"
            for mark, _, line in read_result(message.content)
        }
        kinds = {statement.category for mark in marks if (statement := told[mark])}
        assert len(kinds) <= 1
        for mark in marks:
            statement = told[mark]
            assert statement is not None and statement.value in text
        taken += bool(marks)
    assert 10 < taken < 40


def test_naming_says_which_kind_a_request_means(practice: list[Trace], shops: list[Shop]) -> None:
    named = [trace for trace in practice if trace.key.startswith("naming")]
    assert len(named) == 12
    meant = {one_line(asked.text): name_of(asked.kind) for asked in shops[0].asked}
    for trace in named:
        system, request, answer = (message.content for message in trace.messages)
        message = read_message(answer, first=True, tools=True)
        told = read_kinds(system)
        assert meant[request] in (*told.near, *told.bought) and message.calls == message.aspects
        assert message.scenario == f"Choosing {meant[request]}"


def test_structured_decoding_allows_every_practice(practice: list[Trace]) -> None:
    tokenizer = train_tokenizer([message.content for trace in practice for message in trace.messages], 900)
    chat, vocabulary = ChatTokens(tokenizer), Vocabulary(tokenizer)
    stops = chat.stop_ids()
    for trace in practice:
        for place, message in enumerate(trace.messages):
            if message.role == "assistant":
                structure = Structure(vocabulary, stops, trace.messages[:place], tools=trace.tools)
                for token in chat.encode(message.content):
                    assert token in structure.allowed(), (trace.key, message.content)
                    structure.push(token)
                assert structure.allowed() & stops


def test_practice_is_made_once_and_the_same_again(config: RunConfig, shops: list[Shop], practice: list[Trace]) -> None:
    file = config.work / PRACTICE
    before = file.read_bytes()
    file.unlink()
    assert make_practice(config, shops) == practice and file.read_bytes() == before
    assert make_practice(config, []) == practice


def test_a_missing_file_of_texts_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"texts\.jsonl"):
        practice_texts(tmp_path / "texts.jsonl", 0)
