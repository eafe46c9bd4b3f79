"""Practice: trajectories made without any search, for a small model to learn reading, copying and choosing by.

Copying practice repeats a request, a real one without a target or an item's title, in the trajectory's form. Naming
practice says which of the kinds of product that are told a train request means. Choosing practice puts statements of
real memories of train shoppers side by side, one kind of product asked for, others not: what they say of the kind
belongs into the profile, unless the request is one that memory has to be left out of. All are cheap and many; what is
worth how much is learnt from the expert traces and by reinforcement.
"""

from __future__ import annotations

import json
import os
import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import cycle, islice
from pathlib import Path

from assistant.datasets.folder import read_lines
from assistant.errors import DatasetError
from assistant.kinds import Kinds
from assistant.policy.base import Message
from assistant.protocol import PolicyMessage, one_line, open_trajectory, write_message, write_result
from assistant.training.config import RunConfig
from assistant.training.expert import aspects_of, is_told, profile_of, scenario_of
from assistant.training.shops import Asked, Shop
from assistant.training.traces import Trace, read_traces
from assistant.types import KindsNear, MemoryHit
from memory_store.indexing.statements import read_statement
from memory_store.types import LOCAL_LEVELS, Level, MemoryEntry

PRACTICE = "practice.jsonl"
MOST_TEXT = 400
TITLE_WORDS = 16
MOST_WEIGHED = 6
TOLD, OTHERS, OF_ANOTHER = 5, 2, 2
BY_NAME, WITHOUT, ALONE, WEIGHED = 0.2, 0.15, 0.2, 0.4
"""How often a kind is asked for by its bare name, how often nothing told is of that kind, how often the request is one
that memory has to be left out of, and how often practice in naming is told what buyers weigh."""
UNRELATED = 5
"""Copying practice is told of so many kinds that have nothing to do with the request."""
_ASKING = ("{}", "{} please", "I need a {}", "looking for {}", "which {} would you get?", "new {}", "a {} for me")


@dataclass(frozen=True, slots=True)
class Material:
    """What a shop lends to practice: statements by kind of product, train requests by kind and by whether memory has
    to be left out, which kinds each may be about, what buyers weigh by kind, titles."""

    statements: dict[str, list[MemoryEntry]]
    asked: list[Asked]
    by_kind: dict[tuple[str, bool], list[Asked]]
    near: Callable[[Asked], KindsNear]
    weighed: dict[str, list[str]]
    titles: list[str]

    @classmethod
    def of(cls, shop: Shop) -> Material:
        """The material of a shop, of its train shoppers only."""
        statements: defaultdict[str, list[MemoryEntry]] = defaultdict(list)
        hierarchy, items = shop.world.memory.hierarchy, shop.world.catalogue.items
        kinds = Kinds(shop.world.catalogue, shop.world.embedder)
        by_kind: defaultdict[tuple[str, bool], list[Asked]] = defaultdict(list)
        for asked in shop.asked:
            by_kind[asked.kind, asked.alone].append(asked)

        @cache
        def near(asked: Asked) -> KindsNear:
            return kinds.near(asked.text, hierarchy.kinds(asked.user_id, LOCAL_LEVELS))

        for user_id in sorted({row.user_id for row in shop.train if row.user_id}):
            for level in (Level.PATTERN, Level.PROFILE):
                for entry in hierarchy.entries(user_id, level=level):
                    said = read_statement(entry.text)
                    for place in (said.category, *said.places) if said else ():
                        if place:
                            statements[place].append(entry)
        weighed = {
            scenario: [one_line(entry.text) for entry in hierarchy.entries(None, category=scenario)]
            for scenario in hierarchy.scenarios()
        }
        titles = [" ".join(item.title.split()[:TITLE_WORDS]) for item in items.in_order()]
        return cls(dict(statements), shop.asked, dict(by_kind), near, weighed, titles)


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
    for number, text in enumerate((texts + titles)[: settings.copying]):
        yield _copying(f"copying/{number}", text, chance.choice(material), settings.calls, chance)
    asked = [(shop, one) for shop in material for one in shop.asked]
    chance.shuffle(asked)
    for number, (shop, one) in enumerate(islice(cycle(asked), settings.naming)):
        yield _naming(f"naming/{number}", one, shop, settings.calls, chance)
    choosers = [shop for shop in material if len(shop.statements) > 1]
    for number in range(settings.choosing if choosers else 0):
        yield _choosing(f"choosing/{number}", chance.choice(choosers), settings.calls, chance)


def _copying(key: str, text: str, shop: Material, calls: int, chance: random.Random) -> Trace:
    """A request repeated; no memory is told, and no kind that it is about."""
    weighed = (
        chance.choice(list(shop.weighed.values()))[:MOST_WEIGHED] if shop.weighed and chance.random() < 0.5 else []
    )
    known = sorted(shop.weighed)
    kinds = KindsNear(tuple(chance.sample(known, min(len(known), UNRELATED))) if chance.random() < 0.5 else ())
    opened = open_trajectory(text, weighed=weighed, kinds=kinds, tools=False)
    request = opened[1].content
    aspects = aspects_of(request, weighed, calls)
    message = PolicyMessage(scenario_of(request, ""), aspects, profile=profile_of(request, "", "", {}))
    return _trace(key, (*opened, Message("assistant", write_message(message))), tools=False)


def _naming(key: str, asked: Asked, shop: Material, calls: int, chance: random.Random) -> Trace:
    """The first message of a trajectory, with the kind that is meant where it is told of."""
    kinds = shop.near(asked)
    weighed = _weighed(shop, kinds.near[:1]) if chance.random() < WEIGHED else []
    opened = open_trajectory(asked.text, weighed=weighed, kinds=kinds, tools=True)
    request = opened[1].content
    name = asked.kind if is_told(asked.kind, kinds) else ""
    aspects = aspects_of(request, weighed, calls)
    message = PolicyMessage(scenario_of(request, name), aspects, calls=aspects)
    return _trace(key, (*opened, Message("assistant", write_message(message))), tools=True)


def _choosing(key: str, shop: Material, calls: int, chance: random.Random) -> Trace:
    """A kind asked for, statements of it among others, and the profile that takes what they say."""
    kind = chance.choice(sorted(shop.statements))
    asked, kinds = _asking(kind, shop, chance)
    name = kind if is_told(kind, kinds) else ""
    told = [] if chance.random() < WITHOUT else _some(shop.statements[kind], TOLD, chance)
    for other in chance.sample(sorted(shop.statements), min(len(shop.statements), OTHERS)):
        told += _some(shop.statements[other], OF_ANOTHER, chance) if other != kind else []
    told = [entry for entry in {entry.entry_id: entry for entry in told}.values() if not name or _bears(entry, kind)]
    chance.shuffle(told)
    weighed = _weighed(shop, kinds.near[:1])
    opened = open_trajectory(asked.text, weighed=weighed, kinds=kinds, tools=True)
    request = opened[1].content
    aspects = aspects_of(request, weighed, calls)
    hits = [_hit(f"m{number}", entry) for number, entry in enumerate(told, 1)]
    share = -(-len(hits) // len(aspects))
    results = [
        Message("tool", write_result(aspect, hits[place * share : (place + 1) * share]))
        for place, aspect in enumerate(aspects)
    ]
    statements = {hit.mark: said for hit in hits if (said := read_statement(hit.text))}
    profile = profile_of(request, name, kind, {} if asked.alone else statements)
    messages = (
        *opened,
        Message("assistant", write_message(PolicyMessage(scenario_of(request, name), aspects, calls=aspects))),
        *results,
        Message("assistant", write_message(PolicyMessage(profile=profile))),
    )
    return _trace(key, messages, tools=True)


def _asking(kind: str, shop: Material, chance: random.Random) -> tuple[Asked, KindsNear]:
    """A request for the kind, and the kinds that are told with it."""
    alone = (kind, True) in shop.by_kind and chance.random() < ALONE
    if (alone or chance.random() >= BY_NAME) and (asked := shop.by_kind.get((kind, alone))):
        one = chance.choice(asked)
        return one, shop.near(one)
    named = Asked(chance.choice(_ASKING).format(kind.lower()), "", kind, alone=False)
    return named, KindsNear((kind,), (kind,) if chance.random() < 0.5 else ())


def _bears(entry: MemoryEntry, kind: str) -> bool:
    """Whether the memory is one that is recalled where this kind of product is named: of it, or of no one kind."""
    said = read_statement(entry.text)
    return said is not None and said.category in ("", kind)


def _some(entries: Sequence[MemoryEntry], most: int, chance: random.Random) -> list[MemoryEntry]:
    return chance.sample(entries, min(len(entries), chance.randint(1, most)))


def _hit(mark: str, entry: MemoryEntry) -> MemoryHit:
    return MemoryHit(mark, entry.entry_id, entry.level, entry.category, entry.text, None, (), "", 0.0)


def _weighed(shop: Material, nearest: Sequence[str]) -> list[str]:
    """What buyers weigh in the nearest kind, which need not be the one that is meant."""
    return [text for kind in nearest for text in shop.weighed.get(kind, ())][:MOST_WEIGHED]


def _trace(key: str, messages: tuple[Message, ...], *, tools: bool) -> Trace:
    return Trace(key, key, messages, tools, None, None, 0)
