"""What a policy is: it is given a conversation and streams the text of the next assistant message."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

from assistant.errors import PolicyError

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a trajectory. An assistant's content carries its tool calls as text (see ``protocol.py``)."""

    role: Role
    content: str


Conversation = Sequence[Message]


def encodable(text: str) -> str:
    """The text with lone surrogates, which no encoding takes, replaced by question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")


class Policy(Protocol):
    """Writes the assistant's messages of a trajectory. ``name`` is what the page and the reports call it."""

    name: str

    def write(self, messages: Conversation, *, tools: bool) -> Iterator[str]:
        """Stream the next assistant message, in pieces that joined are its text.

        ``tools`` says whether the memory tool may be called. Raises PolicyError when nothing (more) can be written.
        """
        ...


@runtime_checkable
class BatchPolicy(Protocol):
    """A policy that writes for several conversations at once faster than one after the other."""

    name: str

    def write_batch(self, conversations: Sequence[Conversation], *, tools: Sequence[bool]) -> list[str]:
        """The next assistant message of each conversation, in their order. Raises PolicyError as ``write`` does."""
        ...


def note_on(policy: Policy) -> str:
    """What a person should know of this policy before they trust it; "" where there is nothing."""
    return str(getattr(policy, "note", ""))


def write_text(policy: Policy, messages: Conversation, *, tools: bool) -> str:
    """The next assistant message as one text. Raises PolicyError."""
    return "".join(policy.write(messages, tools=tools))


def write_batch(policy: Policy, conversations: Sequence[Conversation], *, tools: Sequence[bool]) -> list[str]:
    """The next assistant message of each conversation: at once where the policy can, else one after the other.

    Raises ValueError when ``tools`` has not one value a conversation, PolicyError as the policy does.
    """
    if len(conversations) != len(tools):
        raise ValueError(f"{len(conversations)} conversations but {len(tools)} values of tools: give one for each")
    if isinstance(policy, BatchPolicy):
        return policy.write_batch(conversations, tools=tools)
    return [write_text(policy, messages, tools=offered) for messages, offered in zip(conversations, tools, strict=True)]


@dataclass(frozen=True, slots=True)
class PolicyCall:
    """One call that a ScriptedPolicy received."""

    messages: tuple[Message, ...]
    tools: bool


Script = Sequence[str | PolicyError] | Callable[[Conversation], str]

_PIECE = re.compile(r"\s*\S+|\s+")


@dataclass
class ScriptedPolicy:
    """A deterministic policy for tests: says what its script says, word by word, and records what it was asked.

    ``script`` is either the texts of successive calls (a PolicyError among them is raised when its turn comes)
    or a function of the messages. Raises PolicyError when the texts run out.
    """

    script: Script
    name: str = "scripted"
    calls: list[PolicyCall] = field(default_factory=list)

    def write(self, messages: Conversation, *, tools: bool) -> Iterator[str]:
        """Stream the next text of the script; the call is recorded when the first piece is asked for."""
        self.calls.append(PolicyCall(tuple(messages), tools))
        yield from _PIECE.findall(self._next(messages))

    def _next(self, messages: Conversation) -> str:
        if callable(self.script):
            return self.script(messages)
        turn = len(self.calls) - 1
        if turn >= len(self.script):
            raise PolicyError(f"the script has {len(self.script)} texts, and call {turn + 1} asks for one more")
        said = self.script[turn]
        if isinstance(said, PolicyError):
            raise said
        return said
