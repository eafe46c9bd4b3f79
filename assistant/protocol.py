"""The policy's text format, both ways: one writer and one strict reader for serving, evaluation and training.

A trajectory is a list of chat messages (PAPER, "The trajectory"). The system message holds the instructions and
what buyers weigh; the user message holds the request; then assistant and tool messages alternate until the final
answer. The tool-call form is the one that Qwen2.5's chat template teaches:

    <scenario>Trail shoes for wet ground</scenario>
    <aspects>grip; width</aspects>
    <tool_call>
    {"name": "memory_retrieval_tool", "arguments": {"aspect": "grip"}}
    </tool_call>

    {"ideal_item_profile": "...", "useful_memory_ids": ["m1"]}

The first assistant message opens with scenario and aspects, later ones never do; each ends either in calls or in
the final answer. Anything else is a ``ProtocolError`` that says where.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import takewhile

from assistant.errors import ProtocolError
from assistant.policy.base import Message
from assistant.prompting import fill_prompt, load_prompt
from assistant.types import ItemProfile, KindsNear, MemoryHit
from assistant.words import name_of

PROTOCOL_VERSION = 2
PROMPTS = ("policy", "policy_with_tool", "policy_without_tool", "policy_repair")

TOOL_NAME = "memory_retrieval_tool"
MEMORY_TOOL: dict[str, object] = {
    "type": "function",
    "function": {
        "name": TOOL_NAME,
        "description": "Recalls what is remembered of this shopper about one aspect.",
        "parameters": {
            "type": "object",
            "properties": {"aspect": {"type": "string", "description": "the aspect, in a few words"}},
            "required": ["aspect"],
        },
    },
}

MAX_MESSAGE = 4_000
MAX_SCENARIO = 200
MAX_ASPECT = 80
MAX_ASPECTS = 6
MAX_CALLS = 4
MAX_ROUNDS = 3
MAX_PROFILE = 1_500
CHOOSING = "Choosing "
"""What the scenarios of the policies made here open with."""
NOTHING_FOUND = "nothing found"
WEIGHED_HEADING = "What buyers weigh:"
KINDS_HEADING = "Kinds of product near this request:"
BOUGHT_HEADING = "Kinds that this shopper has bought:"
KNOWN_HEADING = "What is known of this shopper:"

_SCENARIO = re.compile(r"\s*<scenario>([^<>]*)</scenario>")
_ASPECTS = re.compile(r"\s*<aspects>([^<>]*)</aspects>")
_CALL = re.compile(r"\s*<tool_call>(.*?)</tool_call>", re.DOTALL)
_HIT = re.compile(r"^(m\d+) \[(\w+)\] (.+)$")


@dataclass(frozen=True, slots=True)
class PolicyMessage:
    """One assistant message, read. ``scenario`` and ``aspects`` stand in the first message only; then there are
    either ``calls`` (the aspects asked for, in order) or a ``profile``, never both."""

    scenario: str = ""
    aspects: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    profile: ItemProfile | None = None


def open_trajectory(
    request: str, *, weighed: Sequence[str], kinds: KindsNear | None = None, known: str = "", tools: bool
) -> list[Message]:
    """The system and user messages that a trajectory opens with.

    ``weighed``: global-memory texts ("Grip: buyers weigh …"). ``kinds``: what the request may be about. ``known``:
    what else is told of the shopper (the naive and static memory settings). ``tools``: whether the memory tool is
    offered.
    """
    how = load_prompt("policy_with_tool" if tools else "policy_without_tool")
    kinds = kinds or KindsNear()
    context = []
    if weighed:
        context += [WEIGHED_HEADING, *(f"- {one_line(text)}" for text in weighed)]
    for heading, told in ((KINDS_HEADING, kinds.near), (BOUGHT_HEADING, kinds.bought)):
        if told:
            context.append(f"{heading} {'; '.join(map(name_of, told))}")
    if known:
        context += [KNOWN_HEADING, known]
    system = fill_prompt("policy", how=how, context="\n".join(context)).strip()
    return [Message("system", system), Message("user", one_line(request))]


def read_weighed(system: str) -> list[str]:
    """The global-memory texts that a system message carries: what ``open_trajectory`` wrote there."""
    lines = system.splitlines()
    if WEIGHED_HEADING not in lines:
        return []
    following = lines[lines.index(WEIGHED_HEADING) + 1 :]
    return [line[2:] for line in takewhile(lambda line: line.startswith("- "), following)]


def read_kinds(system: str) -> KindsNear:
    """The kinds of product that a system message tells, by their names within a sentence."""
    told: dict[str, tuple[str, ...]] = {}
    for line in system.splitlines():
        heading, colon, names = line.partition(": ")
        told.setdefault(heading + colon.strip(), tuple(names.split("; ")))
    return KindsNear(told.get(KINDS_HEADING, ()), told.get(BOUGHT_HEADING, ()))


def can_be_told(kind: str) -> bool:
    """Whether the name of a kind of product can stand in a list of them, and in a scenario."""
    return len(kind) <= MAX_ASPECT and kind == one_line(kind) and ";" not in kind


def weighed_aspects(weighed: Sequence[str]) -> list[str]:
    """The names of the aspects that global-memory texts speak of, those that a trajectory can hold."""
    names = dict.fromkeys(text.partition(":")[0].strip() for text in weighed)
    return [name for name in names if name and ";" not in name and len(name) <= MAX_ASPECT]


def read_known(system: str) -> list[str]:
    """The memory texts told in a system message (the naive and static memory settings)."""
    _, found, after = system.partition(f"\n{KNOWN_HEADING}\n")
    lines = after.splitlines() if found else []
    return [line.partition("] ")[2] for line in lines if line.startswith("- [")]


def write_message(message: PolicyMessage) -> str:
    """The text of an assistant message: the inverse of ``read_message``."""
    parts = []
    if message.scenario:
        parts.append(f"<scenario>{message.scenario}</scenario>")
        parts.append(f"<aspects>{'; '.join(message.aspects)}</aspects>")
    parts.extend(write_call(aspect) for aspect in message.calls)
    if message.profile is not None:
        answer = {
            "ideal_item_profile": message.profile.text,
            "useful_memory_ids": list(message.profile.useful_memory_ids),
        }
        parts.append(json.dumps(answer, ensure_ascii=False))
    return "\n".join(parts)


def write_call(aspect: str) -> str:
    """One tool call, as Qwen2.5's chat template writes it."""
    call = json.dumps({"name": TOOL_NAME, "arguments": {"aspect": aspect}}, ensure_ascii=False)
    return f"<tool_call>\n{call}\n</tool_call>"


def write_result(aspect: str, hits: Sequence[MemoryHit]) -> str:
    """What the memory tool answers to one call: the aspect, then a line a memory."""
    lines = [f"{hit.mark} [{hit.level}] {one_line(hit.text)}" for hit in hits]
    return "\n".join([one_line(aspect), *(lines or [NOTHING_FOUND])])


def read_result(text: str) -> list[tuple[str, str, str]]:
    """The ``(mark, level, text)`` of each memory in a tool message: the inverse of ``write_result``."""
    found = (_HIT.match(line) for line in text.splitlines()[1:])
    return [(match[1], match[2], match[3]) for match in found if match]


def read_message(text: str, *, first: bool, tools: bool, marks: Collection[str] = ()) -> PolicyMessage:
    """Reads one assistant message strictly.

    ``first``: whether it is the trajectory's first, which must open with scenario and aspects. ``tools``: whether
    calls are allowed. ``marks``: the memories recalled so far, the only ones that the answer may name.
    Raises ProtocolError that says what is wrong, in words that also serve to ask the policy once more.
    """
    if len(text) > MAX_MESSAGE:
        raise ProtocolError(f"the message has {len(text)} characters, the limit is {MAX_MESSAGE}")
    scenario, aspects, rest = _read_opening(text) if first else ("", (), text)
    rest = rest.strip()
    if rest.startswith("<tool_call>"):
        if not tools:
            raise ProtocolError("a tool call where the final answer is due")
        return PolicyMessage(scenario, aspects, calls=_read_calls(rest))
    return PolicyMessage(scenario, aspects, profile=_read_answer(rest, marks))


def read_opening_so_far(text: str) -> tuple[str | None, tuple[str, ...] | None]:
    """The scenario and aspects of a first message that is still being written; None while not yet closed."""
    scenario = _SCENARIO.match(text)
    if scenario is None:
        return None, None
    aspects = _ASPECTS.match(text, scenario.end())
    return scenario[1].strip(), None if aspects is None else _split_aspects(aspects[1])


def one_line(text: str) -> str:
    """Untrusted text made safe to stand in a trajectory: one line, no angle brackets that could pose as tags."""
    return " ".join(text.replace("<", "‹").replace(">", "›").split())


def _read_opening(text: str) -> tuple[str, tuple[str, ...], str]:
    scenario = _SCENARIO.match(text)
    if scenario is None or not scenario[1].strip():
        raise ProtocolError("the message does not open with <scenario>…</scenario>")
    if len(scenario[1]) > MAX_SCENARIO:
        raise ProtocolError(f"the scenario is longer than {MAX_SCENARIO} characters")
    aspects = _ASPECTS.match(text, scenario.end())
    if aspects is None:
        raise ProtocolError("<aspects>…</aspects> does not follow the scenario")
    names = _split_aspects(aspects[1])
    if not 1 <= len(names) <= MAX_ASPECTS:
        raise ProtocolError(f"{len(names)} aspects; between 1 and {MAX_ASPECTS} are wanted")
    if any(len(name) > MAX_ASPECT for name in names):
        raise ProtocolError(f"an aspect is longer than {MAX_ASPECT} characters")
    return scenario[1].strip(), names, text[aspects.end() :]


def _split_aspects(text: str) -> tuple[str, ...]:
    return tuple(name for name in (part.strip() for part in text.split(";")) if name)


def _read_calls(text: str) -> tuple[str, ...]:
    calls, position = [], 0
    while match := _CALL.match(text, position):
        calls.append(_read_call(match[1]))
        position = match.end()
    if text[position:].strip():
        raise ProtocolError("something other than tool calls stands among the tool calls")
    if len(calls) > MAX_CALLS:
        raise ProtocolError(f"{len(calls)} tool calls in one message, the limit is {MAX_CALLS}")
    return tuple(calls)


def _read_call(text: str) -> str:
    call = _read_object(text, "a tool call")
    if set(call) != {"name", "arguments"} or call["name"] != TOOL_NAME:
        raise ProtocolError(f'a tool call needs "name": "{TOOL_NAME}" and "arguments"')
    arguments = call["arguments"]
    aspect = arguments.get("aspect") if isinstance(arguments, dict) and set(arguments) == {"aspect"} else None
    if not isinstance(aspect, str) or not 1 <= len(aspect.strip()) <= MAX_ASPECT:
        raise ProtocolError(f'a tool call needs one argument "aspect" of 1 to {MAX_ASPECT} characters')
    return aspect.strip()


def _read_answer(text: str, marks: Collection[str]) -> ItemProfile:
    answer = _read_object(text, "the final answer")
    if set(answer) != {"ideal_item_profile", "useful_memory_ids"}:
        raise ProtocolError('the final answer needs exactly "ideal_item_profile" and "useful_memory_ids"')
    profile, used = answer["ideal_item_profile"], answer["useful_memory_ids"]
    if not isinstance(profile, str) or not profile.strip() or len(profile) > MAX_PROFILE:
        raise ProtocolError(f"ideal_item_profile must be a text of 1 to {MAX_PROFILE} characters")
    if not isinstance(used, list) or not all(isinstance(mark, str) for mark in used):
        raise ProtocolError("useful_memory_ids must be a list of texts")
    if unknown := [mark for mark in used if mark not in marks]:
        raise ProtocolError(f"useful_memory_ids names {', '.join(unknown[:3])}, which was not recalled")
    return ItemProfile(profile.strip(), tuple(dict.fromkeys(used)))


def _read_object(text: str, what: str) -> dict[str, object]:
    try:
        value = json.loads(text, object_pairs_hook=_unique_keys)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ProtocolError(f"{what} is not one JSON object") from error
    if not isinstance(value, dict):
        raise ProtocolError(f"{what} is not one JSON object")
    return value


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ProtocolError("a JSON object names the same key twice")
    return dict(pairs)
