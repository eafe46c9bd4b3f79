"""The small model that ships: it loads, asks the memory, tears no demand, and is as light as it says."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from assistant.policy.base import Policy
from assistant.policy.choose import load_policy
from assistant.policy.structure import opening_of
from assistant.protocol import one_line
from assistant.settings import Settings
from assistant.turn import Assistant, TurnOptions
from memory_store.embedding import Embedder
from tests.small_world import ADA

MOST_BYTES = 40_000_000


@pytest.fixture(scope="module")
def mini(embedder: Embedder) -> Policy:
    return load_policy(Settings(policy="mini", device="cpu"), embedder=embedder)


def test_it_is_small() -> None:
    folder = Path(str(files("assistant.policy") / "mini"))
    assert sum(path.stat().st_size for path in folder.iterdir()) < MOST_BYTES


@pytest.mark.parametrize(
    "text", ["a new shampoo", "trail shoes for wet ground, size 9.5", 'a "mug" <b>, 4-drawer; ok?']
)
def test_it_asks_the_memory_and_keeps_every_demand(
    open_assistant: Callable[[Policy], Assistant], mini: Policy, text: str
) -> None:
    assistant = open_assistant(mini)
    done = assistant.trajectory(ADA, assistant.dialogue.new_request(text), TurnOptions())
    assert not done.fallbacks and not done.repairs
    assert done.tool_calls >= 1 and done.ranking
    assert opening_of(one_line(text), "") in done.profile.text


def test_it_uses_what_is_known_of_the_person(open_assistant: Callable[[Policy], Assistant], mini: Policy) -> None:
    assistant = open_assistant(mini)
    done = assistant.trajectory(ADA, assistant.dialogue.new_request("shampoo"), TurnOptions())
    assert done.profile.useful_memory_ids and "Plainwell" in done.profile.text
