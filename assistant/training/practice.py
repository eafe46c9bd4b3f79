"""Practice: trajectories made without any search, for a small model to learn reading, copying and choosing by.

Copying practice repeats a request, a real one without a target or an item's title, in the trajectory's form. Choosing
practice puts statements of real memories of train shoppers side by side, one kind of product asked for, others not:
what they say of the kind belongs into the profile. Both are cheap and many; what is worth how much is learnt from
the expert traces and by reinforcement.
"""

from __future__ import annotations

import json
import os
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.datasets.folder import read_lines
from assistant.errors import DatasetError
from assistant.policy.base import Message
from assistant.protocol import PolicyMessage, one_line, open_trajectory, write_message, write_result
from assistant.training.config import RunConfig
from assistant.training.expert import SAYING, SCENARIO_WORDS, TITLE_WORDS, aspect_words
from assistant.training.shops import Shop
from assistant.training.traces import Trace, read_traces
from assistant.types import ItemProfile, MemoryHit
from assistant.words import content_span
from memory_store.indexing.statements import Statement, read_statement
from memory_store.types import Level

PRACTICE = "practice.jsonl"
MOST_TEXT = 400
MOST_WEIGHED, CALLS = 6, 2
STATED, OTHERS = 4, 5
BY_NAME, WITHOUT = 0.3, 0.15
"""How often a kind is asked for by its bare name, and how often nothing told is of that kind."""
_ASKING = ("{}", "{} please", "I need a {}", "looking for {}", "which {} would you get?", "new {}", "a {} for me")


@dataclass(frozen=True, slots=True)
class Material:
    """What a shop lends to practice: statements and train requests by kind of product, what buyers weigh, titles."""

    statements: dict[str, list[tuple[str, Statement]]]
    requests: dict[str, list[str]]
    weighed: list[list[str]]
    titles: list[str]

    @classmethod
    def of(cls, shop: Shop) -> Material:
        """The material of a shop, of its train shoppers only."""
        statements: defaultdict[str, list[tuple[str, Statement]]] = defaultdict(list)
        for user_id in sorted({row.user_id for row in shop.train if row.user_id}):
            for entry in shop.world.memory.hierarchy.entries(user_id, level=Level.PATTERN):
                if statement := read_statement(entry.text):
                    statements[statement.category].append((entry.text, statement))
        requests: defaultdict[str, list[str]] = defaultdict(list)
        items = shop.world.catalogue.items
        for row in shop.train:
            target = items.get(row.target_item_ids[0]) if row.memory != "alone" else None
            if target is not None:
                requests[(target.categories or (target.category,))[-1]].append(row.request)
        hierarchy = shop.world.memory.hierarchy
        weighed = [
            [one_line(entry.text) for entry in hierarchy.entries(None, category=scenario)]
            for scenario in hierarchy.scenarios()
        ]
        titles = [" ".join(item.title.split()[: 2 * TITLE_WORDS]) for item in items.in_order()]
        return cls(dict(statements), dict(requests), weighed, titles)


def make_practice(config: RunConfig, shops: Sequence[Shop]) -> list[Trace]:
    """The practice of a run, written to its work folder or read from there. Raises DatasetError."""
    file = config.work / PRACTICE
    if not file.exists():
        draft = file.with_suffix(".draft")
        with draft.open("w", encoding="utf-8") as stream:
            for trace in _practice(config, [Material.of(shop) for shop in shops]):
                stream.write(json.dumps(trace.to_dict(), ensure_ascii=False) + "\n")
        os.replace(draft, file)
    return read_traces(file)


def practice_texts(file: Path, seed: int) -> list[str]:
    """The request texts of a JSON lines file in a seeded order: practice takes the first, tests may take the last.

    Raises DatasetError where there is no such file.
    """
    if not file.exists():
        raise DatasetError(f"traces.practice names {file}, which is not there: correct it, or leave it out.")
    rows = [json.loads(line) for _, line in read_lines(file) if line and line.strip()]
    texts = [str(row["text"]).strip()[:MOST_TEXT] for row in rows if str(row.get("text", "")).strip()]
    random.Random(seed).shuffle(texts)
    return texts


def _practice(config: RunConfig, material: Sequence[Material]) -> Iterator[Trace]:
    settings, chance = config.traces, random.Random(config.seed)
    texts: list[str] = []
    if settings.practice is not None:
        texts = practice_texts(settings.practice, config.seed)[: settings.practice_limit]
    titles = [title for shop in material for title in shop.titles]
    chance.shuffle(titles)
    texts = (texts + titles)[: settings.copying]
    for number, text in enumerate(texts):
        yield _copying(f"copying/{number}", text, chance.choice(material), chance)
    choosers = [shop for shop in material if len(shop.statements) > 1]
    for number in range(settings.choosing if choosers else 0):
        yield _choosing(f"choosing/{number}", chance.choice(choosers), chance)


def _copying(key: str, text: str, shop: Material, chance: random.Random) -> Trace:
    weighed = _weighed(shop, chance) if chance.random() < 0.5 else []
    opened = open_trajectory(text, weighed=weighed, tools=False)
    request = opened[1].content
    span = content_span(request)
    message = PolicyMessage(_scenario(span), _aspects(request, weighed), profile=ItemProfile(span))
    return _trace(key, (*opened, Message("assistant", write_message(message))), tools=False)


def _choosing(key: str, shop: Material, chance: random.Random) -> Trace:
    """A kind asked for, statements of it among others, and the profile that takes what they say."""
    kind = chance.choice(sorted(shop.statements))
    asked = shop.requests.get(kind, [])
    by_name = not asked or chance.random() < BY_NAME
    text = chance.choice(_ASKING).format(kind.lower()) if by_name else chance.choice(asked)
    told = [] if chance.random() < WITHOUT else _some(shop.statements[kind], STATED, chance)
    for other in chance.sample(sorted(shop.statements), min(len(shop.statements), 3)):
        if other != kind:
            told += _some(shop.statements[other], OTHERS // 2, chance)
    chance.shuffle(told)
    hits = [
        MemoryHit(f"m{number}", "", Level.PATTERN, statement.category, line, None, (), "", 0.0)
        for number, (line, statement) in enumerate(told, 1)
    ]
    weighed = _weighed(shop, chance)
    opened = open_trajectory(text, weighed=weighed, tools=True)
    request = opened[1].content
    span = content_span(request)
    aspects = _aspects(request, weighed)
    parts = -(-len(hits) // len(aspects))
    results = [
        Message("tool", write_result(aspect, hits[place * parts : (place + 1) * parts]))
        for place, aspect in enumerate(aspects)
    ]
    fitting = [
        (hit.mark, statement.value)
        for hit, (_, statement) in zip(hits, told, strict=True)
        if statement.category == kind and statement.lead in SAYING
    ]
    values = [value for value in dict.fromkeys(value for _, value in fitting) if value.lower() not in span.lower()]
    profile = ItemProfile(", ".join([span, *values]), tuple(mark for mark, value in fitting if value in values))
    first = PolicyMessage(_scenario(span), aspects, calls=aspects)
    messages = (
        *opened,
        Message("assistant", write_message(first)),
        *results,
        Message("assistant", write_message(PolicyMessage(profile=profile))),
    )
    return _trace(key, messages, tools=True)


def _some(lines: Sequence[tuple[str, Statement]], most: int, chance: random.Random) -> list[tuple[str, Statement]]:
    return chance.sample(lines, min(len(lines), chance.randint(1, most)))


def _weighed(shop: Material, chance: random.Random) -> list[str]:
    return chance.choice(shop.weighed)[:MOST_WEIGHED] if shop.weighed else []


def _scenario(span: str) -> str:
    return f"Choosing {' '.join(span.split()[:SCENARIO_WORDS]).strip(' ,.;:!?-')}"


def _aspects(request: str, weighed: Sequence[str]) -> tuple[str, ...]:
    names = list(dict.fromkeys(text.partition(":")[0].strip() for text in weighed))
    return tuple(names[:CALLS]) or aspect_words(request)[:CALLS]


def _trace(key: str, messages: tuple[Message, ...], *, tools: bool) -> Trace:
    return Trace(key, key, messages, tools, None, None, 0)
