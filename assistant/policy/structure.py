"""Structured decoding: at every token, only what the trajectory's form allows, and copies only of what is there.

A small policy writes by copying: the scenario is one of the kinds of product that it is told of, or a span of the
request; aspects are those that buyers weigh (or words of the request). The profile opens with that kind and the whole
request, so that no demand is lost; what it adds are the values that recalled memories tell, whole, or spans of
memories in free words, and nothing that another memory says is not wanted.
``Structure`` follows one message byte by byte and knows every way in which it may go on, so that the message can
always be read and no word in it is misspelt. What is asked for, what to add, from which memory, and when to stop, is
the model's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from assistant.errors import PolicyError
from assistant.policy.base import Conversation
from assistant.policy.profiles import BASE_CHARACTERS, is_liked, opening_of
from assistant.protocol import (
    CHOOSING,
    MAX_ASPECT,
    MAX_CALLS,
    read_kinds,
    read_known,
    read_opening_so_far,
    read_result,
    read_weighed,
    weighed_aspects,
    write_call,
)
from assistant.words import contains, content_words
from memory_store.indexing.statements import read_statement

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

OPENING = f"<scenario>{CHOOSING.rstrip()}"
ANSWER = '{"ideal_item_profile": "'
SCENARIO_BYTES = 90
PHRASE_BYTES = 90
PHRASES = 6
ASPECT_WORDS = 3
_START = re.compile(r"(?<![\w'’-])\w|(?<!\S)\S")
_OVERLONG = re.compile(r"[^\s\\]{30}(?=\S)")
_END = re.compile(r"\w(?![\w'’-])|\S(?!\S)")


@dataclass(frozen=True, slots=True)
class Source:
    """A text to copy from. ``starts`` and ``ends`` are the byte offsets where a copy may begin and end."""

    text: bytes
    starts: tuple[int, ...]
    ends: frozenset[int]

    @classmethod
    def spans(cls, text: str) -> Source:
        """Any run of whole words of the text; a word too long to be one may also end within."""
        at = [0]
        for character in text:
            at.append(at[-1] + len(character.encode()))
        starts = tuple(at[match.start()] for match in _START.finditer(text))
        ends = frozenset(at[match.end()] for pattern in (_END, _OVERLONG) for match in pattern.finditer(text))
        return cls(text.encode(), starts, ends)

    @classmethod
    def whole(cls, text: str) -> Source:
        """The whole text or nothing."""
        encoded = text.encode()
        return cls(encoded, (0,), frozenset({len(encoded)}))


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a message: copies from sources, with ``separator`` between them, or (no sources) fixed text.

    Fixed text, and sources where they are a function, follow from what the message says so far. At most ``most``
    copies of at most ``longest`` bytes; ``led``: the separator stands before the first one too.
    ``then`` are the parts that may follow, by number; none ends the message.
    """

    then: tuple[int, ...]
    fixed: Callable[[bytes], str] | None = None
    sources: Sequence[Source] | Callable[[bytes], Sequence[Source]] = ()
    separator: bytes = b""
    led: bool = False
    most: int = 1
    longest: int = PHRASE_BYTES


@dataclass(frozen=True, slots=True)
class Way:
    """One way to read what is written so far. ``text[position:]`` is what may follow in this part; a copy began at
    ``began`` (None in fixed text), after ``copies`` others that began at the ``taken`` places."""

    part: int
    text: bytes
    position: int
    began: int | None = None
    ends: frozenset[int] = frozenset()
    taken: tuple[tuple[bytes, int], ...] = ()


class Vocabulary:
    """The tokens of a byte-level tokenizer by their bytes. Raises PolicyError for tokenizers of another kind."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        decoder = _byte_decoder()
        added = {token.content: token.special for token in tokenizer.added_tokens_decoder.values()}
        self.tokens: dict[bytes, int] = {}
        for text, token in tokenizer.get_vocab().items():
            if text in added:
                if not added[text]:
                    self.tokens[text.encode()] = token
            elif all(character in decoder for character in text):
                self.tokens.setdefault(bytes(decoder[character] for character in text), token)
        if not all(bytes([value]) in self.tokens for value in b" azAZ09"):
            raise PolicyError("structured decoding needs a byte-level tokenizer: set MRREC_STRUCTURED=off")
        self.bytes = {token: text for text, token in self.tokens.items()}
        self.lengths = sorted({len(text) for text in self.tokens})

    def prefixes(self, text: bytes) -> Iterable[int]:
        """Every token that ``text`` begins with, shortest first."""
        for length in self.lengths:
            if length > len(text):
                return
            if (token := self.tokens.get(text[:length])) is not None:
                yield token


class Structure:
    """Follows one message of a conversation. ``allowed`` are the tokens that may come next, ``push`` takes one."""

    def __init__(self, vocabulary: Vocabulary, stops: Collection[int], messages: Conversation, *, tools: bool) -> None:
        self._vocabulary = vocabulary
        self._stops = frozenset(stops)
        self._messages = messages
        first = all(message.role != "assistant" for message in messages)
        self._parts = self._opening(tools) if first else self._answer(0, ANSWER)
        self._written = b""
        self._ways = self._enter(0, ())

    def allowed(self) -> frozenset[int]:
        """The ids of the tokens that may come next; never empty."""
        tokens: set[int] = set()
        for way in self._ways:
            if way.part < 0:
                tokens |= self._stops
                continue
            found = list(self._vocabulary.prefixes(self._rest(way)))
            tokens.update(found[-1:] if way.began is None else found)
        return frozenset(tokens)

    def chooses(self) -> bool:
        """Whether the ways differ in what they say; else they are one text, cut into tokens this way or that."""
        return len({self._rest(way) for way in self._ways}) > 1

    def push(self, token: int) -> None:
        """Go on by a token that was allowed."""
        if token in self._stops:
            self._ways = [Way(-1, b"", 0)]
            return
        said = self._vocabulary.bytes[token]
        self._written += said
        ways: dict[Way, None] = {}
        for way in self._ways:
            if way.part >= 0 and self._rest(way).startswith(said):
                moved = Way(way.part, way.text, way.position + len(said), way.began, way.ends, way.taken)
                ways.update(dict.fromkeys(self._onwards(moved)))
        self._ways = list(ways)

    def _rest(self, way: Way) -> bytes:
        """What may follow on this way, to the farthest end that a copy may reach."""
        if way.began is None:
            return way.text[way.position :]
        limit = way.began + self._parts[way.part].longest
        last = max((end for end in way.ends if end <= limit), default=min(way.ends))
        return way.text[way.position : last]

    def _onwards(self, way: Way) -> Iterable[Way]:
        """The way itself where it can go on, and the ways that begin where it may end."""
        if self._rest(way):
            yield way
        part = self._parts[way.part]
        if way.began is None:
            if way.position == len(way.text):
                yield from self._follow(part)
        elif way.position > way.began and way.position in way.ends:
            yield from self._follow(part)
            yield from self._copies(way.part, way.taken)

    def _follow(self, part: Part) -> Iterable[Way]:
        if not part.then:
            yield Way(-1, b"", 0)
        for number in part.then:
            yield from self._enter(number, ())

    def _enter(self, number: int, taken: tuple[tuple[bytes, int], ...]) -> list[Way]:
        part = self._parts[number]
        if part.fixed is not None:
            return [Way(number, part.fixed(self._written).encode(), 0)]
        return list(self._copies(number, taken))

    def _copies(self, number: int, taken: tuple[tuple[bytes, int], ...]) -> Iterable[Way]:
        """A way for each place where the next copy may begin; none begins twice at the same place."""
        part = self._parts[number]
        if len(taken) >= part.most:
            return
        before = part.separator if taken or part.led else b""
        for source in part.sources(self._written) if callable(part.sources) else part.sources:
            for start in source.starts:
                if (source.text, start) in taken:
                    continue
                text, shift = before + source.text[start:], len(before) - start
                ends = frozenset(end + shift for end in source.ends if end > start)
                yield Way(number, text, 0, len(before), ends, (*taken, (source.text, start)))

    def _opening(self, tools: bool) -> list[Part]:
        """Scenario, aspects, then a call for each aspect, or the answer where no tool is offered."""
        kinds = read_kinds(self._messages[0].content)
        named = [Source.whole(name) for name in dict.fromkeys((*kinds.near, *kinds.bought))]
        scenarios = [Source.spans(self._request), *named]
        aspects = [Source.whole(name) for name in self._aspects]
        parts = [
            Part((1,), fixed=lambda _: OPENING),
            Part((2,), sources=scenarios, separator=b" ", led=True, longest=SCENARIO_BYTES),
            Part((3,), fixed=lambda _: "</scenario>\n<aspects>"),
            Part((4,), sources=aspects, separator=b"; ", most=MAX_CALLS),
        ]
        if tools:
            return [*parts, Part((), fixed=_calls)]
        return parts + self._answer(len(parts), f"</aspects>\n{ANSWER}")

    def _answer(self, number: int, opening: str) -> list[Part]:
        """The final answer, its parts numbered from ``number`` on."""
        phrases = list(dict.fromkeys(self._phrases()))
        marks = [Source.whole(mark) for mark, _ in self._memories if mark]
        ways = (number + 3, number + 4) if marks else (number + 3,)
        more = (number + 2, *ways) if phrases else ways
        return [
            Part((number + 1,), fixed=lambda _: opening),
            Part(more, sources=self._asked, longest=BASE_CHARACTERS * 5),
            Part(ways, sources=phrases, separator=b", ", led=True, most=PHRASES),
            Part((), fixed=lambda _: '", "useful_memory_ids": []}'),
            Part((number + 5,), fixed=lambda _: '", "useful_memory_ids": ["'),
            Part((number + 6,), sources=marks, separator=b'", "', most=len(marks)),
            Part((), fixed=lambda _: '"]}'),
        ]

    def _asked(self, written: bytes) -> list[Source]:
        """What the profile opens with, after the scenario that stands in the first message."""
        first = next((message.content for message in self._messages if message.role == "assistant"), written.decode())
        scenario, _ = read_opening_so_far(first)
        return [Source.whole(_escaped(opening_of(self._request, (scenario or "").removeprefix(CHOOSING))))]

    def _phrases(self) -> Iterable[Source]:
        """What the profile may take from the memories, beside what the request says already."""
        read = [(text, read_statement(text)) for _, text in self._memories]
        told = [statement for _, statement in read if statement]
        for text, statement in read:
            if statement is None:
                yield Source.spans(_escaped(text))
            elif is_liked(statement, told) and not contains(self._request, statement.value):
                yield Source.whole(_escaped(statement.value))

    @cached_property
    def _request(self) -> str:
        return self._messages[1].content

    @cached_property
    def _aspects(self) -> list[str]:
        names = weighed_aspects(read_weighed(self._messages[0].content))
        words = [word for word in content_words(self._request) if len(word) <= MAX_ASPECT][:ASPECT_WORDS]
        return list(dict.fromkeys([*names, *words])) or ["quality"]

    @cached_property
    def _memories(self) -> list[tuple[str, str]]:
        """The mark and text of each memory told: by the tool, or in the system prompt (without a mark)."""
        found = [hit for message in self._messages if message.role == "tool" for hit in read_result(message.content)]
        known = [("", text) for text in read_known(self._messages[0].content)]
        return [*known, *dict.fromkeys((mark, text) for mark, _, text in found)]


def _calls(written: bytes) -> str:
    """A call for each of the aspects that were written, in the form that ``protocol.write_call`` gives."""
    aspects = written.decode().rpartition("<aspects>")[2].split("; ")
    return "\n".join(["</aspects>", *(write_call(aspect) for aspect in aspects)])


def _escaped(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _byte_decoder() -> dict[str, int]:
    """The byte that each character stands for in a byte-level vocabulary (GPT-2's table)."""
    shown = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    hidden = [value for value in range(256) if value not in shown]
    return {chr(value): value for value in shown} | {chr(256 + n): value for n, value in enumerate(hidden)}
