"""Practice: trajectories made without any search, for a small model to learn reading, copying and choosing by.

Copying practice repeats a request, a real one without a target or an item's title, in the trajectory's form. Choosing
practice puts statements of real memories of train shoppers side by side, one kind of product asked for, others not:
what they say of the kind belongs into the profile, unless the request is one that memory has to be left out of; of the
request's own clauses those that the expert's trace of it kept. Both are cheap and many; what is worth how much is
learnt from the expert traces and by reinforcement.
"""

from __future__ import annotations

import json
import os
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.datasets.folder import read_lines
from assistant.errors import DatasetError
from assistant.policy.base import Message
from assistant.protocol import PolicyMessage, one_line, open_trajectory, write_message, write_result
from assistant.training.config import RunConfig
from assistant.training.expert import aspects_of, clauses_told, profile_of, scenario_of
from assistant.training.shops import Shop
from assistant.training.traces import TRACES, Trace, read_traces
from assistant.types import ItemProfile, MemoryHit
from memory_store.indexing.statements import read_statement
from memory_store.types import Level, MemoryEntry

PRACTICE = "practice.jsonl"
MOST_TEXT = 400
TITLE_WORDS = 16
MOST_WEIGHED = 6
TOLD, OTHERS, OF_ANOTHER = 5, 2, 2
BY_NAME, WITHOUT, ALONE = 0.2, 0.15, 0.2
"""How often a kind is asked for by its bare name, how often nothing told is of that kind, and how often the request is
one that memory has to be left out of."""
_ASKING = ("{}", "{} please", "I need a {}", "looking for {}", "which {} would you get?", "new {}", "a {} for me")


@dataclass(frozen=True, slots=True)
class Material:
    """What a shop lends to practice: statements and train requests by kind of product, those requests that memory has
    to be left out of, what buyers weigh, titles."""

    statements: dict[str, list[MemoryEntry]]
    requests: dict[str, list[str]]
    alone: dict[str, list[str]]
    weighed: list[list[str]]
    titles: list[str]

    @classmethod
    def of(cls, shop: Shop) -> Material:
        """The material of a shop, of its train shoppers only."""
        statements: defaultdict[str, list[MemoryEntry]] = defaultdict(list)
        hierarchy, items = shop.world.memory.hierarchy, shop.world.catalogue.items
        for user_id in sorted({row.user_id for row in shop.train if row.user_id}):
            for level in (Level.PATTERN, Level.PROFILE):
                for entry in hierarchy.entries(user_id, level=level):
                    said = read_statement(entry.text)
                    for place in (said.category, *said.places) if said else ():
                        if place:
                            statements[place].append(entry)
        requests: defaultdict[str, list[str]] = defaultdict(list)
        alone: defaultdict[str, list[str]] = defaultdict(list)
        for row in shop.train:
            if target := items.get(row.target_item_ids[0]):
                asked = shop.assistant.dialogue.new_request(row.request).text
                (alone if row.memory == "alone" else requests)[target.kind()].append(asked)
        weighed = [
            [one_line(entry.text) for entry in hierarchy.entries(None, category=scenario)]
            for scenario in hierarchy.scenarios()
        ]
        titles = [" ".join(item.title.split()[:TITLE_WORDS]) for item in items.in_order()]
        return cls(dict(statements), dict(requests), dict(alone), weighed, titles)


def make_practice(config: RunConfig, shops: Sequence[Shop]) -> list[Trace]:
    """The practice of a run, written to its work folder or read from there. Raises DatasetError."""
    file = config.work / PRACTICE
    if not file.exists():
        draft = file.with_suffix(".draft")
        with draft.open("w", encoding="utf-8") as stream:
            least = config.sft.least_reward if config.sft else 0.0
            found = [trace for trace in read_traces(config.work / TRACES) if (trace.reward or 0.0) >= least]
            kept = dict(map(_kept, found))
            for trace in _practice(config, [Material.of(shop) for shop in shops], kept):
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


def _kept(trace: Trace) -> tuple[str, list[str]]:
    """The request of an expert trace, and those of its clauses that went into the profile."""
    request, answer = trace.messages[1].content, trace.messages[-1].content
    profile = json.loads(answer[answer.rindex('{"ideal_item_profile"') :])["ideal_item_profile"]
    return request, [clause for clause in clauses_told(request) if f", {clause}," in f", {profile},"]


def _practice(config: RunConfig, material: Sequence[Material], kept: Mapping[str, list[str]]) -> Iterator[Trace]:
    settings, chance = config.traces, random.Random(config.seed)
    texts: list[str] = []
    if settings.practice is not None:
        texts = practice_texts(settings.practice, config.seed)[: settings.practice_limit]
    titles = [title for shop in material for title in shop.titles]
    chance.shuffle(titles)
    texts = (texts + titles)[: settings.copying]
    for number, text in enumerate(texts):
        yield _copying(f"copying/{number}", text, chance.choice(material), settings.calls, chance)
    choosers = [shop for shop in material if len(shop.statements) > 1]
    for number in range(settings.choosing if choosers else 0):
        yield _choosing(f"choosing/{number}", chance.choice(choosers), settings.calls, kept, chance)


def _copying(key: str, text: str, shop: Material, calls: int, chance: random.Random) -> Trace:
    weighed = _weighed(shop, chance) if chance.random() < 0.5 else []
    opened = open_trajectory(text, weighed=weighed, tools=False)
    request = opened[1].content
    profile = ItemProfile(", ".join(clauses_told(request)))
    message = PolicyMessage(scenario_of(request), aspects_of(request, weighed, calls), profile=profile)
    return _trace(key, (*opened, Message("assistant", write_message(message))), tools=False)


def _choosing(key: str, shop: Material, calls: int, kept: Mapping[str, list[str]], chance: random.Random) -> Trace:
    """A kind asked for, statements of it among others, and the profile that takes what they say."""
    kind = chance.choice(sorted(shop.statements))
    text, alone = _asking(kind, shop, chance)
    told = [] if chance.random() < WITHOUT else _some(shop.statements[kind], TOLD, chance)
    for other in chance.sample(sorted(shop.statements), min(len(shop.statements), OTHERS)):
        told += _some(shop.statements[other], OF_ANOTHER, chance) if other != kind else []
    told = list({entry.entry_id: entry for entry in told}.values())
    chance.shuffle(told)
    weighed = _weighed(shop, chance)
    opened = open_trajectory(text, weighed=weighed, tools=True)
    request = opened[1].content
    aspects = aspects_of(request, weighed, calls)
    hits = [_hit(f"m{number}", entry) for number, entry in enumerate(told, 1)]
    share = -(-len(hits) // len(aspects))
    results = [
        Message("tool", write_result(aspect, hits[place * share : (place + 1) * share]))
        for place, aspect in enumerate(aspects)
    ]
    statements = {hit.mark: said for hit in hits if (said := read_statement(hit.text))}
    profile = profile_of(request, kept.get(request) or clauses_told(request), kind, {} if alone else statements)
    messages = (
        *opened,
        Message("assistant", write_message(PolicyMessage(scenario_of(request), aspects, calls=aspects))),
        *results,
        Message("assistant", write_message(PolicyMessage(profile=profile))),
    )
    return _trace(key, messages, tools=True)


def _asking(kind: str, shop: Material, chance: random.Random) -> tuple[str, bool]:
    """A request for the kind, and whether it is one that memory has to be left out of."""
    if (asked := shop.alone.get(kind)) and chance.random() < ALONE:
        return chance.choice(asked), True
    if (asked := shop.requests.get(kind)) and chance.random() >= BY_NAME:
        return chance.choice(asked), False
    return chance.choice(_ASKING).format(kind.lower()), False


def _some(entries: Sequence[MemoryEntry], most: int, chance: random.Random) -> list[MemoryEntry]:
    return chance.sample(entries, min(len(entries), chance.randint(1, most)))


def _hit(mark: str, entry: MemoryEntry) -> MemoryHit:
    return MemoryHit(mark, entry.entry_id, entry.level, entry.category, entry.text, None, (), "", 0.0)


def _weighed(shop: Material, chance: random.Random) -> list[str]:
    return chance.choice(shop.weighed)[:MOST_WEIGHED] if shop.weighed else []


def _trace(key: str, messages: tuple[Message, ...], *, tools: bool) -> Trace:
    return Trace(key, key, messages, tools, None, None, 0)
