"""Which kind of product a request or a scenario is about, and what is recalled for it."""

from __future__ import annotations

from collections.abc import Callable

from assistant.kinds import Kinds
from assistant.policy.rules import RulesPolicy
from assistant.tools import MemoryTool
from assistant.turn import Assistant
from assistant.types import KindsNear, Request
from memory_store.embedding import Embedder
from tests.small_world import ADA


def test_the_kind_that_a_request_names_shuts_out_what_is_remembered_of_others(
    open_assistant: Callable[..., Assistant], embedder: Embedder
) -> None:
    assistant = open_assistant(RulesPolicy(embedder))
    kinds = Kinds(assistant.catalogue, embedder)
    assert kinds.named("a stoneware mug") == "Mug"
    assert kinds.named("shampoo for a mug of a man") == "Shampoo"
    assert kinds.named("a stoneware cup") is None

    def recalled(request: str, scenario: str = "") -> set[str]:
        tool = MemoryTool(assistant.memory, kinds, ADA, Request(request), KindsNear())
        return {hit.category for hits in tool.call(["scent", "size"], scenario) for hit in hits}

    assert "Shampoo" in recalled("something for my hair, in a mug")
    assert "Shampoo" in recalled("a shampoo")
    assert not recalled("a mug") - {"", "Mug"}
    assert "Shampoo" in recalled("the pool dries my curls", "Choosing shampoo")
    assert not recalled("a shampoo, or so", "Choosing mug") - {"", "Mug"}


def test_the_items_tell_what_kind_a_request_is_about(
    open_assistant: Callable[..., Assistant], embedder: Embedder
) -> None:
    assistant = open_assistant(RulesPolicy(embedder))
    kinds = Kinds(assistant.catalogue, embedder)
    tool = MemoryTool(assistant.memory, kinds, ADA, Request("my curls are dry after the pool"), KindsNear())
    assert {hit.category for hits in tool.call(["scent"], "Choosing what helps") for hit in hits} == {"Shampoo"}


def test_a_request_is_told_the_kinds_that_it_may_be_about(
    open_assistant: Callable[..., Assistant], embedder: Embedder
) -> None:
    assistant = open_assistant(RulesPolicy(embedder))
    kinds = Kinds(assistant.catalogue, embedder)
    told = kinds.near("my curls are dry after the pool", {"Mug", "Shampoo", "Unicycle"})
    assert (
        told.near[0] == "Shampoo" and told.bought[0] == "Shampoo" and set(told.bought) == {"Mug", "Shampoo", "Unicycle"}
    )
    assert kinds.near("a stoneware mug", {"Shampoo"}) == KindsNear(("Mug",))
    assert kinds.near("a stoneware mug", {"Mug", "Shampoo"}) == KindsNear(("Mug",), ("Mug",))


def test_the_scenario_of_a_told_kind_decides_what_is_recalled(
    open_assistant: Callable[..., Assistant], embedder: Embedder
) -> None:
    assistant = open_assistant(RulesPolicy(embedder))
    kinds = Kinds(assistant.catalogue, embedder)
    for told, recalled in (("Shampoo", True), ("Mug", False)):
        tool = MemoryTool(assistant.memory, kinds, ADA, Request("something nice"), KindsNear(("Mug", "Shampoo")))
        hits = tool.call(["scent"], f"Choosing {told.lower()}")
        assert ("Shampoo" in {hit.category for found in hits for hit in found}) is recalled
