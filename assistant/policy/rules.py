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
from assistant.policy.likes import is_liked
from assistant.protocol import (
    MAX_ASPECT,
    MAX_PROFILE,
    PolicyMessage,
    read_known,
    read_result,
    read_weighed,
    weighed_aspects,
    write_message,
)
from assistant.types import ItemProfile
from assistant.words import clauses_of, content_words, gist, shorten
from memory_store.embedding import Embedder
from memory_store.indexing.statements import LIKES, Lead, Statement, read_statement

ASPECTS = 3
NEAR_CATEGORY = 0.5
NEAR_RECALLED = 0.3
OFF_KIND = 0.2
NEAR_VALUE = 0.5
NEAR_PURCHASE = 0.6
TERSE = 4
SPECIFIED = 6
VALUES = 5
TELLING = (*LIKES, Lead.AVOIDS, Lead.PAYS)

_BOUGHT = re.compile(r'^Bought "(?P<title>.+?)"(?: \((?P<brand>[^()]+)\))?(?:, (?P<stars>\d)(?:\.\d)? stars?)?')
_LEAVE_ALONE = re.compile(
    r"""\b(?:different\ (?:from|than|to)\ (?:my|the|what\ i)\ usual | not\ my\ usual | instead\ of\ my\ usual
    | something\ (?:new|different) | for\ a\ change | never\ (?:tried|bought|had)
    | (?:new|different)\ brand | try\ (?:a|something)\ new | exactly\ what\ i\ want | nothing\ else
    | this\ time | today\ i\ want | for\ once | bored\ (?:of|with) | tired\ of | fed\ up\ with)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_NAME = re.compile(
    r"""(?<=[a-z,:]\s)(?!(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day | (?:January|February|March|April|May|June|July
    |August|September|October|November|December|Christmas|Easter|Halloween|Valentine|Mother|Father)\b
    | \w+(?:ish|ian|ese|ican)\b | (?:French|German|Dutch|Greek|Thai|Bluetooth|It|Please)\b)[A-Z][a-z]\w+""",
    re.VERBOSE,
)
"""A capitalised word inside a sentence that is no day, month, feast or people: the request names a brand, and needs
none from memory."""
_SENTENCE = re.compile(r"[.!?]\s")
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
        scenario = f"Choosing {gist(request)}"
        if tools:
            return PolicyMessage(scenario, aspects, calls=aspects)
        known = [Memory("", text) for text in read_known(system)]
        return PolicyMessage(scenario, aspects, profile=self._profile(request, known))

    def _aspects(self, weighed: Sequence[str], request: str) -> tuple[str, ...]:
        """The aspects that matter here: what buyers weigh, nearest the request first; else the request's words."""
        names = weighed_aspects(weighed)[:ASPECTS]
        return tuple(names) or (shorten(" ".join(content_words(request)[:4]) or "what it is", MAX_ASPECT),)

    def _profile(self, request: str, memories: Sequence[Memory]) -> ItemProfile:
        """The ideal item: what the request asks for, then what memory adds where it speaks of this kind of product."""
        if not memories or _LEAVE_ALONE.search(request) or _NAME.search(request):
            return ItemProfile(request[:MAX_PROFILE])
        judged = self._judge(request, memories)
        parts = [judged.asked.rstrip(" .,!?")]
        for value in (judged.kind, *judged.values[:VALUES]):
            if value and value.casefold() not in ", ".join(parts).casefold():
                parts.append(value)
        return ItemProfile(", ".join(parts)[:MAX_PROFILE], judged.useful)

    def _judge(self, request: str, memories: Sequence[Memory]) -> Judgement:
        """Tastes in the kind of product asked for count; where there are none, tastes across kinds; where there are
        none either and the request says little, the brand of a purchase that is very like it."""
        clauses = [request, *clauses_of(request)]
        statements = [read_statement(memory.text) for memory in memories]
        subjects = [_subject(memory.text, said) for memory, said in zip(memories, statements, strict=True)]
        vectors = self._embedder.embed([*clauses, *subjects])
        cosines: np.ndarray = vectors[len(clauses) :] @ vectors[: len(clauses)].T
        read = list(zip(memories, statements, cosines.max(axis=1), strict=True))

        own = [
            (memory, said, near)
            for memory, said, near in read
            if said and said.category and near >= (NEAR_RECALLED if memory.mark else NEAR_CATEGORY)
        ]
        best = max(own, key=lambda found: found[2], default=None)
        chosen = [(memory, said) for memory, said, _ in own if best and best[1] and said.category == best[1].category]
        if not any(said.lead in LIKES for _, said in chosen):
            chosen += [
                (memory, said) for memory, said, near in read if said and not said.category and near >= NEAR_VALUE
            ]
        told = [said for _, said in chosen]
        values = [said.value for said in told if is_liked(said, told)]
        useful = [memory.mark for memory, said in chosen if said.lead in TELLING]
        if not values and len(content_words(request)) <= TERSE:
            bought = [
                (memory, _brand(memory.text)) for memory, said, near in read if not said and near >= NEAR_PURCHASE
            ]
            values = [brand for _, brand in bought if brand][:1]
            useful += [memory.mark for memory, brand in bought if brand in values]
        marks = tuple(mark for mark in useful if mark)
        if best is None or best[1] is None or not values:
            return Judgement(request, "", values, marks)
        near = cosines[subjects.index(best[1].category)]
        asked = ", ".join(relevant(clauses[1:], near[1:])) or request
        if _is_specified(request, best[1].category):
            return Judgement(request, "", [], ())
        return Judgement(asked, best[1].category, values, marks)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the memories say of a request: the part of it that asks for the product, the product's kind as the shop
    names it ("" where unknown), the phrases to add, and the marks of the memories that bear on it."""

    asked: str
    kind: str
    values: list[str]
    useful: tuple[str, ...]


def _is_specified(request: str, kind: str) -> bool:
    """Whether a sentence of the request lists what it wants: several words beyond the kind of product."""
    return any(
        len(set(content_words(sentence)) - set(content_words(kind))) >= SPECIFIED
        and (", " in sentence or " and " in sentence)
        for sentence in _SENTENCE.split(request)
    )


def relevant(clauses: Sequence[str], nearness: np.ndarray) -> list[str]:
    """The clauses that speak of the product, by their nearness to its kind (float32 [len(clauses)]): chat around it is
    left out."""
    enough = float(nearness.max(initial=-1.0)) - OFF_KIND
    return [clause for clause, near in zip(clauses, nearness, strict=True) if near >= enough]


def _subject(text: str, statement: Statement | None) -> str:
    """What is compared with the request: a statement's category and value, a purchase's title."""
    if statement is None:
        bought = _BOUGHT.match(text)
        return bought["title"] if bought else text
    return statement.category or f"{' '.join(statement.places)} {statement.value}"


def _brand(text: str) -> str | None:
    """The brand of a purchase that was rated well or not at all."""
    bought = _BOUGHT.match(text)
    return bought["brand"] if bought and (bought["stars"] or "5") >= "4" else None
