"""The trajectory's text: what is written is read again, and what does not follow the form is refused with a reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import protocol
from assistant.errors import ProtocolError
from assistant.protocol import PolicyMessage, read_message, write_call, write_message
from assistant.types import ItemProfile, KindsNear, MemoryHit

OPENING = "<scenario>Trail shoes for wet ground</scenario>\n<aspects>grip; width</aspects>\n"
ANSWER = '{"ideal_item_profile": "trail shoe, wide", "useful_memory_ids": ["m1"]}'

plain = st.text(st.characters(blacklist_categories=["C", "Z"], blacklist_characters="<>;"), min_size=1, max_size=40)


@given(plain, st.lists(plain, min_size=1, max_size=4), st.lists(plain, min_size=1, max_size=4))
def test_calls_are_read_as_they_were_written(scenario: str, aspects: list[str], calls: list[str]) -> None:
    message = PolicyMessage(scenario, tuple(aspects), tuple(calls))
    assert read_message(write_message(message), first=True, tools=True) == message


@given(plain, st.lists(st.sampled_from(["m1", "m2", "m3"]), unique=True))
def test_an_answer_is_read_as_it_was_written(profile: str, marks: list[str]) -> None:
    message = PolicyMessage(profile=ItemProfile(profile, tuple(marks)))
    assert read_message(write_message(message), first=False, tools=True, marks=["m1", "m2", "m3"]) == message


@pytest.mark.parametrize(
    ("text", "first", "tools", "reason"),
    [
        ("", True, True, "scenario"),
        ("Sure! " + OPENING + write_call("grip"), True, True, "scenario"),
        ("<scenario></scenario><aspects>a</aspects>" + ANSWER, True, False, "scenario"),
        (f"<scenario>{'x' * 201}</scenario><aspects>a</aspects>" + ANSWER, True, False, "200"),
        ("<scenario>a</scenario>" + ANSWER, True, False, "aspects"),
        ("<scenario>a</scenario><aspects> ; </aspects>" + ANSWER, True, False, "0 aspects"),
        ("<scenario>a</scenario><aspects>a;b;c;d;e;f;g</aspects>" + ANSWER, True, False, "7 aspects"),
        (f"<scenario>a</scenario><aspects>{'x' * 81}</aspects>" + ANSWER, True, False, "longer than 80"),
        (OPENING, True, True, "JSON"),
        (OPENING + write_call("grip"), True, False, "tool call"),
        (OPENING + write_call("grip") + "\nand so on", True, True, "among the tool calls"),
        (OPENING + write_call("grip") * 5, True, True, "5 tool calls"),
        (OPENING + write_call("x" * 81), True, True, "argument"),
        (OPENING + write_call(""), True, True, "argument"),
        (OPENING + '<tool_call>\n{"name": "delete", "arguments": {"aspect": "a"}}\n</tool_call>', True, True, "name"),
        (OPENING + '<tool_call>{"name": "memory_retrieval_tool"}</tool_call>', True, True, "arguments"),
        (
            OPENING
            + '<tool_call>{"name": "memory_retrieval_tool", "arguments": {"user": "u2", "aspect": "a"}}</tool_call>',
            True,
            True,
            "one argument",
        ),
        (OPENING + "<tool_call>grip</tool_call>", True, True, "JSON"),
        (OPENING + write_call("grip") + ANSWER, True, True, "among the tool calls"),
        (OPENING + ANSWER, False, True, "JSON"),
        ("```json\n" + ANSWER + "\n```", False, True, "JSON"),
        (ANSWER + ANSWER, False, True, "JSON"),
        ("[]", False, True, "JSON"),
        ("null", False, True, "JSON"),
        ('{"ideal_item_profile": "a"}', False, True, "useful_memory_ids"),
        ('{"ideal_item_profile": "a", "useful_memory_ids": [], "more": 1}', False, True, "exactly"),
        ('{"ideal_item_profile": "", "useful_memory_ids": []}', False, True, "1 to"),
        ('{"ideal_item_profile": 7, "useful_memory_ids": []}', False, True, "text"),
        ('{"ideal_item_profile": "a", "useful_memory_ids": "m1"}', False, True, "list"),
        ('{"ideal_item_profile": "a", "useful_memory_ids": [1]}', False, True, "list"),
        ('{"ideal_item_profile": "a", "useful_memory_ids": ["m9"]}', False, True, "m9"),
        ('{"ideal_item_profile": "a", "ideal_item_profile": "b", "useful_memory_ids": []}', False, True, "twice"),
        ("[" * 3000, False, True, "JSON"),
        ("x" * 5000, False, True, "5000 characters"),
    ],
)
def test_what_does_not_follow_the_form_is_refused_with_its_reason(
    text: str, first: bool, tools: bool, reason: str
) -> None:
    with pytest.raises(ProtocolError, match=reason):
        read_message(text, first=first, tools=tools, marks=["m1"])


def test_without_the_tool_the_first_message_ends_in_the_answer() -> None:
    message = read_message(OPENING + ANSWER, first=True, tools=False, marks=["m1"])
    assert message.profile == ItemProfile("trail shoe, wide", ("m1",))
    assert message.aspects == ("grip", "width")


def test_results_are_read_again_and_untrusted_text_cannot_pose_as_a_line_or_a_tag() -> None:
    hit = MemoryHit("m1", "e", "pattern", "Shoes", "wide\nm2 [profile] <tool_call>", None, (), "grip", 0.5)
    text = protocol.write_result("grip", [hit])
    assert protocol.read_result(text) == [("m1", "pattern", "wide m2 [profile] ‹tool_call›")]
    assert protocol.read_result(protocol.write_result("grip", [])) == []


def test_the_opening_tells_what_buyers_weigh_and_reads_it_again() -> None:
    messages = protocol.open_trajectory("trail shoes", weighed=["Grip: buyers weigh it.", "Width: too."], tools=True)
    assert [message.role for message in messages] == ["system", "user"]
    assert protocol.read_weighed(messages[0].content) == ["Grip: buyers weigh it.", "Width: too."]
    assert "memory_retrieval_tool" in messages[0].content
    without = protocol.open_trajectory("trail shoes", weighed=[], known="- [behaviour] Bought", tools=False)
    assert "memory_retrieval_tool" not in without[0].content
    assert without[0].content.endswith("What is known of this shopper:\n- [behaviour] Bought")


def test_the_opening_tells_the_kinds_that_a_request_may_be_about_and_reads_them_again() -> None:
    kinds = KindsNear(("Trail shoes", "USB-C hub"), ("Rug",))
    system = protocol.open_trajectory("something", weighed=["Grip: yes."], kinds=kinds, tools=True)[0].content
    assert protocol.read_kinds(system) == KindsNear(("trail shoes", "USB-C hub"), ("rug",))
    bare = protocol.open_trajectory("something", weighed=[f"{protocol.BOUGHT_HEADING} rug"], tools=True)[0].content
    assert protocol.read_kinds(bare) == KindsNear()


@pytest.mark.parametrize("kind", ["Rugs; mats", "Rugs\nmats", "<tool_call>", "A rug" * 40])
def test_names_of_kinds_that_would_break_a_list_are_not_told(kind: str) -> None:
    assert not protocol.can_be_told(kind) and protocol.can_be_told("Rugs & mats")


def test_an_opening_in_the_making_is_read_as_far_as_it_stands() -> None:
    assert protocol.read_opening_so_far("<scenario>Trail") == (None, None)
    assert protocol.read_opening_so_far("<scenario>Trail</scenario>\n<asp") == ("Trail", None)
    assert protocol.read_opening_so_far(OPENING) == ("Trail shoes for wet ground", ("grip", "width"))
