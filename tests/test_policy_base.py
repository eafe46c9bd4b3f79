"""The policy's interface and its public double."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from assistant.errors import PolicyError
from assistant.policy.base import Conversation, Message, PolicyCall, ScriptedPolicy, write_batch, write_text

ASK = (Message("user", "trail shoes for wet ground"),)


def test_scripted_texts_come_in_order_and_calls_are_recorded() -> None:
    policy = ScriptedPolicy(["first\n text ", "  second"])
    assert write_text(policy, ASK, tools=True) == "first\n text "
    assert write_text(policy, ASK, tools=False) == "  second"
    assert policy.calls == [PolicyCall(ASK, True), PolicyCall(ASK, False)]


def test_scripted_text_streams_in_pieces() -> None:
    assert len(list(ScriptedPolicy(["one two three"]).write(ASK, tools=True))) == 3


def test_script_may_be_a_function_of_the_messages() -> None:
    policy = ScriptedPolicy(lambda messages: messages[-1].content.upper())
    assert write_text(policy, ASK, tools=True) == "TRAIL SHOES FOR WET GROUND"


def test_script_that_ran_out_and_scripted_failures_raise() -> None:
    policy = ScriptedPolicy([PolicyError("the server is down")])
    with pytest.raises(PolicyError, match="server is down"):
        write_text(policy, ASK, tools=True)
    with pytest.raises(PolicyError, match="1 texts, and call 2"):
        write_text(policy, ASK, tools=True)


def test_write_batch_loops_over_write() -> None:
    policy = ScriptedPolicy(lambda messages: messages[-1].content)
    other = (Message("user", "a kettle"),)
    assert write_batch(policy, [ASK, other], tools=[True, False]) == ["trail shoes for wet ground", "a kettle"]
    assert [call.tools for call in policy.calls] == [True, False]


def test_write_batch_prefers_the_policys_own() -> None:
    class Batched(ScriptedPolicy):
        def write_batch(self, conversations: Sequence[Conversation], *, tools: Sequence[bool]) -> list[str]:
            return ["at once"] * len(conversations)

    assert write_batch(Batched([]), [ASK, ASK], tools=[True, True]) == ["at once", "at once"]


def test_write_batch_wants_one_tools_value_a_conversation() -> None:
    with pytest.raises(ValueError, match="2 conversations but 1"):
        write_batch(ScriptedPolicy([]), [ASK, ASK], tools=[True])
