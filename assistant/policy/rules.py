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
from assistant.policy.profiles import is_liked, opening_of
from assistant.protocol import (
    CHOOSING,
    MAX_ASPECT,
    MAX_PROFILE,
    PolicyMessage,
    read_kinds,
    read_known,
    read_result,
    read_weighed,
    weighed_aspects,
    write_message,
)
from assistant.types import ItemProfile, KindsNear
from assistant.words import clauses_of, content_words, gist, name_of, shorten
from memory_store.embedding import Embedder
from memory_store.indexing.statements import LIKES, Lead, Statement, read_statement

ASPECTS = 3
NEAR_CATEGORY = 0.5
NEAR_RECALLED = 0.3
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
        system, request = messages[0].content, messages[1].content
        known = [Memory("", text) for text in read_known(system)]
        kinds = read_kinds(system)
        kind, nearest = _kind_meant(kinds, known), next(iter(kinds.near), "")
        if any(message.role == "assistant" for message in messages):
            recalled = [found for sent in messages if sent.role == "tool" for found in read_result(sent.content)]
            memories = [Memory(mark, text) for mark, _, text in recalled]
            message = PolicyMessage(profile=self._profile(request, kind, nearest, memories))
        else:
            aspects = self._aspects(read_weighed(system), request)
            scenario = CHOOSING + (kind or gist(request))
            message = (
                PolicyMessage(scenario, aspects, calls=aspects)
                if tools
                else PolicyMessage(scenario, aspects, profile=self._profile(request, kind, nearest, known))
            )
        yield from _PIECE.findall(write_message(message))

    def _aspects(self, weighed: Sequence[str], request: str) -> tuple[str, ...]:
        """The aspects that matter here: what buyers weigh, nearest the request first; else the request's words."""
        names = weighed_aspects(weighed)[:ASPECTS]
        return tuple(names) or (shorten(" ".join(content_words(request)[:4]) or "what it is", MAX_ASPECT),)

    def _profile(self, request: str, kind: str, nearest: str, memories: Sequence[Memory]) -> ItemProfile:
        """The ideal item: what the request asks for, and what memory adds where it speaks of this kind of product,
        which is named where it is the ``nearest`` of all: a wrong name costs more than a right one gains."""
        if not memories or _LEAVE_ALONE.search(request) or _NAME.search(request):
            return ItemProfile(request[:MAX_PROFILE])
        judged = self._judge(request, kind, memories)
        if not judged.values:
            return ItemProfile(request[:MAX_PROFILE], judged.useful)
        parts = [opening_of(request, nearest if judged.kind == nearest else "")]
        for value in judged.values[:VALUES]:
            if value.casefold() not in ", ".join(parts).casefold():
                parts.append(value)
        return ItemProfile(", ".join(parts)[:MAX_PROFILE], judged.useful)

    def _judge(self, request: str, kind: str, memories: Sequence[Memory]) -> Judgement:
        """Tastes in the kind of product asked for count (the nearest one remembered where no ``kind`` is told); where
        there are none, tastes across kinds; where there are none either and the request says little, the brand of a
        purchase that is very like it."""
        clauses = [request, *clauses_of(request)]
        statements = [read_statement(memory.text) for memory in memories]
        subjects = [_subject(memory.text, said) for memory, said in zip(memories, statements, strict=True)]
        vectors = self._embedder.embed([*clauses, *subjects])
        cosines: np.ndarray = (vectors[len(clauses) :] @ vectors[: len(clauses)].T).max(axis=1)
        read = list(zip(memories, statements, cosines, strict=True))

        kind = kind or _nearest_kind(read)
        chosen = [(memory, said) for memory, said, _ in read if said and kind and name_of(said.category) == kind]
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
        if kind and _is_specified(request, kind):
            return Judgement("", [], ())
        return Judgement(kind if chosen else "", values, tuple(mark for mark in useful if mark))


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the memories say of a request: the product's kind ("" where unknown), the phrases to add, and the marks of
    the memories that bear on it."""

    kind: str
    values: list[str]
    useful: tuple[str, ...]


def _kind_meant(kinds: KindsNear, known: Sequence[Memory]) -> str:
    """Of the kinds near a request the first that the shopper has bought, or that is spoken of in what is known of them;
    else the nearest; "" where none is told."""
    spoken = {name_of(said.category) for memory in known if (said := read_statement(memory.text))}
    return next((kind for kind in kinds.near if kind in (*kinds.bought, *spoken)), next(iter(kinds.near), ""))


def _nearest_kind(read: Sequence[tuple[Memory, Statement | None, float]]) -> str:
    """The kind of product, among those that memories speak of, that is nearest the request; "" where none is near."""
    near = [
        (cosine, said.category)
        for memory, said, cosine in read
        if said and said.category and cosine >= (NEAR_RECALLED if memory.mark else NEAR_CATEGORY)
    ]
    return name_of(max(near)[1]) if near else ""


def _is_specified(request: str, kind: str) -> bool:
    """Whether a sentence of the request lists what it wants: several words beyond the kind of product."""
    return any(
        len(set(content_words(sentence)) - set(content_words(kind))) >= SPECIFIED
        and (", " in sentence or " and " in sentence)
        for sentence in _SENTENCE.split(request)
    )


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
