"""The rules policy: writes a trajectory without any model. The default where no checkpoint is loaded.

It reads what every policy reads (the messages, nothing else) and writes what every policy writes. Its judgement is
nearness in the embedder's space: an aspect matters when the request is near it, a memory when it speaks of the kind
of product asked for, and a past purchase only when it is very like the request.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from assistant.policy.base import Message
from assistant.protocol import (
    KNOWN_HEADING,
    MAX_ASPECT,
    MAX_PROFILE,
    PolicyMessage,
    read_result,
    read_weighed,
    write_message,
)
from assistant.types import ItemProfile
from assistant.words import content_words, gist, shorten
from memory_store.embedding import Embedder
from memory_store.indexing.statements import Lead, Statement, read_statement

ASPECTS = 3
NEAR_CATEGORY = 0.5
NEAR_VALUE = 0.3
NEAR_PURCHASE = 0.5
VALUES = 4

_BOUGHT = re.compile(r'^Bought "(?P<title>.+?)"(?: \((?P<brand>[^()]+)\))?(?:, (?P<stars>\d)(?:\.\d)? stars?)?')
_LEAVE_ALONE = re.compile(
    r"""\b(?:different\ (?:from|than|to)\ (?:my|the|what\ i)\ usual | not\ my\ usual | instead\ of\ my\ usual
    | something\ (?:new|different) | for\ a\ change | never\ (?:tried|bought|had) | gift | present
    | (?:new|different)\ brand | try\ (?:a|something)\ new)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_PIECE = re.compile(r"\s*\S+")


@dataclass(frozen=True, slots=True)
class Memory:
    """A memory as the trajectory shows it. Those told in the prompt have no mark."""

    mark: str
    text: str


class RulesPolicy:
    """Deterministic; needs only the embedder."""

    name = "rules"

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def write(self, messages: Sequence[Message], *, tools: bool) -> Iterator[str]:
        """Streams the next assistant message, word by word."""
        request = messages[1].content
        first = all(message.role != "assistant" for message in messages)
        if first:
            message = self._open(messages[0].content, request, tools=tools)
        else:
            recalled = [found for sent in messages if sent.role == "tool" for found in read_result(sent.content)]
            message = PolicyMessage(profile=self._profile(request, [Memory(mark, text) for mark, _, text in recalled]))
        yield from _PIECE.findall(write_message(message))

    def _open(self, system: str, request: str, *, tools: bool) -> PolicyMessage:
        aspects = self._aspects(read_weighed(system), request)
        scenario = f"Choosing {gist(request)}".translate(_NO_TAGS)
        if tools:
            return PolicyMessage(scenario, aspects, calls=aspects)
        known = [Memory("", text) for text in _known(system)]
        return PolicyMessage(scenario, aspects, profile=self._profile(request, known))

    def _aspects(self, weighed: Sequence[str], request: str) -> tuple[str, ...]:
        """The aspects that matter here: what buyers weigh, nearest the request first; else the request's words."""
        names = list(dict.fromkeys(text.partition(":")[0].strip() for text in weighed))
        names = [name for name in names if name and len(name) <= MAX_ASPECT][:ASPECTS]
        return tuple(names) or (shorten(" ".join(content_words(request)[:4]) or "what it is", MAX_ASPECT),)

    def _profile(self, request: str, memories: Sequence[Memory]) -> ItemProfile:
        """The ideal item: the request, then what memory adds where it speaks of this kind of product."""
        if not memories or _LEAVE_ALONE.search(request):
            return ItemProfile(request[:MAX_PROFILE])
        added: dict[str, str] = {}
        useful = []
        for memory, values in zip(memories, self._values(request, memories), strict=True):
            fresh = [value for value in values if value.casefold() not in request.casefold()]
            if values and memory.mark:
                useful.append(memory.mark)
            for value in fresh[: VALUES - len(added)]:
                added.setdefault(value.casefold(), value)
        text = ", ".join([request.rstrip(" .,!?"), *added.values()])
        return ItemProfile(text[:MAX_PROFILE], tuple(useful))

    def _values(self, request: str, memories: Sequence[Memory]) -> list[tuple[str, ...]]:
        """For each memory the phrases that it adds to the profile; none where it does not bear on the request."""
        statements = [read_statement(memory.text) for memory in memories]
        compared = [_subject(memory.text, statement) for memory, statement in zip(memories, statements, strict=True)]
        vectors = self._embedder.embed([request, *compared])
        nearness = vectors[1:] @ vectors[0]
        return [
            _from_statement(statement, near) if statement else _from_purchase(memory.text, near)
            for memory, statement, near in zip(memories, statements, np.asarray(nearness), strict=True)
        ]


_NO_TAGS = str.maketrans({"<": "‹", ">": "›"})


def _known(system: str) -> list[str]:
    """The memory texts told in the system prompt (naive and static settings)."""
    _, found, after = system.partition(f"\n{KNOWN_HEADING}\n")
    lines = after.splitlines() if found else []
    return [line.partition("] ")[2] for line in lines if line.startswith("- [")]


def _subject(text: str, statement: Statement | None) -> str:
    """What is compared with the request: a statement's category and value, a purchase's title."""
    if statement is None:
        bought = _BOUGHT.match(text)
        return bought["title"] if bought else text
    return statement.category or f"{' '.join(statement.places)} {statement.value}"


def _from_statement(statement: Statement, near: float) -> tuple[str, ...]:
    enough = NEAR_CATEGORY if statement.category else NEAR_VALUE
    if near < enough or statement.lead in (Lead.AVOIDS, Lead.PAYS, Lead.SHOPS_FOR, Lead.CARES):
        return ()
    return (statement.value,)


def _from_purchase(text: str, near: float) -> tuple[str, ...]:
    bought = _BOUGHT.match(text)
    if bought is None or near < NEAR_PURCHASE or not bought["brand"] or (bought["stars"] or "5") < "4":
        return ()
    return (bought["brand"],)
