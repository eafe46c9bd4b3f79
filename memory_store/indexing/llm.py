"""The LLM writer: the paper's prompts against any chat-completions server (PAPER, "The method", steps 1 and 2).

Behaviour records are kept as they are; patterns are written per category from items and reviews, the profile from
the patterns; global aspects are found sample by sample (prompt A) and merged (prompt B).
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from string import Template
from typing import Any, TypeVar

from memory_store.indexing.base import Choice, WriterError, digest, global_entry, local_entry
from memory_store.indexing.chat import ChatClient
from memory_store.indexing.corpus import Corpus
from memory_store.indexing.extractive_behaviour import behaviour_text
from memory_store.indexing.statements import ACROSS, plain
from memory_store.indexing.text import key, one_line, shorten
from memory_store.types import Behaviour, Level, MemoryEntry, UserRecord

MOST_PATTERNS, MOST_PROFILE, MOST_ASPECTS, MOST_DESCRIPTIONS = 6, 6, 8, 2
MOST_BEHAVIOURS, MOST_ALTERNATIVES = 30, 4
ITEM_CHARACTERS, REVIEW_CHARACTERS = 400, 600
LONGEST_TEXT = 30
"""Words of one entry; what a model writes beyond is cut."""

_VARIABLES = {
    "pattern": {"category", "behaviours", "most"},
    "profile": {"patterns", "most"},
    "global_a": {"scenario", "request", "chosen", "alternatives"},
    "global_b": {"scenario", "notes", "most"},
}
_SENTENCE = re.compile(r"(?<=[.!?])\s+")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class WriterPrompts:
    """The texts of the four prompts, with ``$variables``. Raises ValueError where one lacks or has too many."""

    pattern: str
    profile: str
    global_a: str
    global_b: str

    def __post_init__(self) -> None:
        for name, wanted in _VARIABLES.items():
            found = set(Template(getattr(self, name)).get_identifiers())
            if found != wanted:
                raise ValueError(
                    f"the prompt memory_{name}.md has the variables {sorted(found)} and needs {sorted(wanted)}"
                )

    def fill(self, name: str, **variables: str) -> str:
        """The named prompt with its variables replaced."""
        return Template(getattr(self, name)).substitute(variables)


@dataclass(frozen=True, slots=True)
class _Said:
    """One statement of the model, and the numbers of what it rests on."""

    aspect: str
    text: str
    sources: tuple[int, ...]


class LLMWriter:
    """Writes memory with a language model. Errors of the server or of its JSON raise WriterError after retries."""

    def __init__(
        self, client: ChatClient, prompts: WriterPrompts, *, concurrency: int = 4, samples_per_scenario: int = 8
    ) -> None:
        self.client, self.prompts = client, prompts
        self.concurrency, self.samples_per_scenario = concurrency, samples_per_scenario
        texts = [getattr(prompts, one.name) for one in fields(prompts)]
        self.name = f"llm/{client.model}/{digest(*texts)[:8]}"
        self._corpus = Corpus()

    @property
    def spent(self) -> str:
        """The requests and tokens so far, and their cost where prices are known."""
        return str(self.client.usage)

    def fit(self, behaviours: Iterable[Behaviour]) -> None:
        """Nothing: the model contrasts nobody with others."""

    def write_user(self, user: UserRecord, behaviours: Sequence[Behaviour]) -> list[MemoryEntry]:
        """All local entries: one request a category, and one for the profile."""
        readings = [self._corpus.read(behaviour) for behaviour in behaviours]
        records = [
            local_entry(
                user.user_id,
                Level.BEHAVIOUR,
                reading.behaviour.category,
                "",
                behaviour_text(reading),
                [reading.behaviour],
            )
            for reading in readings
        ]
        by_category: defaultdict[str, list[Behaviour]] = defaultdict(list)
        for behaviour in behaviours:
            by_category[behaviour.category].append(behaviour)
        patterns = [
            entry for category, own in sorted(by_category.items()) for entry in self._patterns(user, category, own)
        ]
        entries = [*records, *patterns, *self._profile(user, patterns, behaviours)]
        return list({entry.entry_id: entry for entry in entries}.values())

    def write_scenario(self, scenario: str, samples: Sequence[Choice]) -> list[MemoryEntry]:
        """The aspects of a scenario: a request a sample (prompt A), and one that merges (prompt B)."""
        notes = [note for sample in samples for note in self._notes(scenario, sample)]
        if not notes:
            return []
        prompt = self.prompts.fill(
            "global_b",
            scenario=_safe(scenario),
            notes="\n".join(f"<note>{_safe(aspect)}: {_safe(text)}</note>" for aspect, text in notes),
            most=str(MOST_ASPECTS),
        )
        merged = self._ask(prompt, _read_aspects)
        brands = {key(sample.chosen.brand) for sample in samples if sample.chosen.brand}
        entries = []
        for aspect, descriptions in list(merged.items())[:MOST_ASPECTS]:
            kept = [text for text in descriptions if not _names(text, brands)][:MOST_DESCRIPTIONS]
            entries += [global_entry(scenario, aspect, f"{aspect}: {_sentence(text)}") for text in kept]
        return list({entry.entry_id: entry for entry in entries}.values())

    def _patterns(self, user: UserRecord, category: str, own: Sequence[Behaviour]) -> list[MemoryEntry]:
        shown = own[-MOST_BEHAVIOURS:]
        prompt = self.prompts.fill(
            "pattern",
            category=_safe(category),
            behaviours="\n".join(_purchase(at, behaviour) for at, behaviour in enumerate(shown, 1)),
            most=str(MOST_PATTERNS),
        )
        said = self._ask(prompt, lambda answer: _read_statements(answer, "purchases"))
        return [
            local_entry(
                user.user_id,
                Level.PATTERN,
                category,
                one.aspect,
                _headed(plain(category), one.text),
                [shown[at - 1] for at in one.sources if 1 <= at <= len(shown)] or shown,
            )
            for one in said[:MOST_PATTERNS]
        ]

    def _profile(
        self, user: UserRecord, patterns: Sequence[MemoryEntry], behaviours: Sequence[Behaviour]
    ) -> list[MemoryEntry]:
        if len({entry.category for entry in patterns}) < 2:
            return []
        prompt = self.prompts.fill(
            "profile",
            patterns="\n".join(f"{at}. <known>{_safe(entry.text)}</known>" for at, entry in enumerate(patterns, 1)),
            most=str(MOST_PROFILE),
        )
        said = self._ask(prompt, lambda answer: _read_statements(answer, "known"))
        by_id = {behaviour.behaviour_id: behaviour for behaviour in behaviours}
        entries = []
        for one in said[:MOST_PROFILE]:
            sources = [patterns[at - 1] for at in one.sources if 1 <= at <= len(patterns)] or patterns
            evidence = [by_id[id_] for source in sources for id_ in source.behaviour_ids]
            text = _headed(ACROSS, one.text)
            entries.append(local_entry(user.user_id, Level.PROFILE, "", one.aspect, text, evidence))
        return entries

    def _notes(self, scenario: str, sample: Choice) -> list[tuple[str, str]]:
        prompt = self.prompts.fill(
            "global_a",
            scenario=_safe(scenario),
            request=_safe(sample.request or "not known"),
            chosen=_item(sample.chosen),
            alternatives="\n".join(
                f"<item>{_safe(text, ITEM_CHARACTERS)}</item>" for text in sample.alternatives[:MOST_ALTERNATIVES]
            )
            or "none known",
        )
        return self._ask(prompt, _read_notes)

    def _ask(self, prompt: str, read: Callable[[Any], T]) -> T:
        """The model's answer as JSON, read; asked once more where it cannot be."""
        messages = [{"role": "user", "content": prompt}]
        answer = self.client.ask(messages)
        try:
            return read(_json(answer))
        except ValueError as error:
            problem = str(error)
        messages += [
            {"role": "assistant", "content": answer[:4000]},
            {
                "role": "user",
                "content": f"That could not be read: {problem}. Answer with the JSON object alone, as described.",
            },
        ]
        answer = self.client.ask(messages)
        try:
            return read(_json(answer))
        except ValueError as error:
            raise WriterError(
                f"model {self.client.model!r} gave no readable JSON twice ({error}): {answer[:200]!r}. "
                "Choose another model, or start again; what is written so far is kept."
            ) from None


def _json(answer: str) -> Any:
    """The one JSON object of an answer; a fence of code around it is allowed. Raises ValueError."""
    text = answer.strip()
    if fenced := re.fullmatch(r"```(?:json)?\s*(.*?)\s*```", text, re.DOTALL):
        text = fenced[1]
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} at character {error.pos}") from None
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def _read_statements(answer: dict[str, Any], sources: str) -> list[_Said]:
    """The list "statements"; a statement of several sentences becomes as many. Raises ValueError."""
    statements = answer.get("statements")
    if not isinstance(statements, list):
        raise ValueError('"statements" must be a list')
    said = []
    for at, one in enumerate(statements, 1):
        if not isinstance(one, dict) or not isinstance(one.get("text"), str):
            raise ValueError(f'statement {at} must be an object with a "text"')
        aspect = one.get("aspect")
        numbers = one.get(sources)
        told = tuple(n for n in numbers if isinstance(n, int)) if isinstance(numbers, list) else ()
        for sentence in _SENTENCE.split(one_line(one["text"])):
            if len(sentence.split()) > 1:
                said.append(_Said(_titled(aspect) if isinstance(aspect, str) else "", sentence, told))
    return said


def _read_notes(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """Aspect and description from both lists of prompt A. Raises ValueError."""
    notes = []
    for name in ("category_level_personalization", "subcategory_level_personalization"):
        rows = answer.get(name)
        if not isinstance(rows, list):
            raise ValueError(f'"{name}" must be a list')
        for at, row in enumerate(rows, 1):
            if not (
                isinstance(row, dict) and isinstance(row.get("aspect"), str) and isinstance(row.get("description"), str)
            ):
                raise ValueError(f'{name}, row {at}, must have an "aspect" and a "description"')
            notes.append((row["aspect"], row["description"]))
    return notes


def _read_aspects(answer: dict[str, Any]) -> dict[str, list[str]]:
    """Descriptions by aspect from prompt B. Raises ValueError."""
    merged: dict[str, list[str]] = {}
    for aspect, descriptions in answer.items():
        if not isinstance(descriptions, list) or not all(isinstance(text, str) for text in descriptions):
            raise ValueError(f'"{aspect}" must be a list of descriptions')
        if name := _titled(aspect):
            merged.setdefault(name, []).extend(text for text in descriptions if text.strip())
    return merged


def _purchase(number: int, behaviour: Behaviour) -> str:
    return f"{number}. <purchase>{_described(behaviour)}</purchase>"


def _item(behaviour: Behaviour) -> str:
    return f"<item>{_described(behaviour)}</item>"


def _described(behaviour: Behaviour) -> str:
    """Item and review as bounded data: no tag can be closed from within."""
    parts = [_safe(behaviour.title, 200)]
    if behaviour.brand:
        parts.append(f"brand: {_safe(behaviour.brand, 60)}")
    if behaviour.price is not None:
        parts.append(f"price: ${behaviour.price:.2f}")
    if behaviour.item_text:
        parts.append(f"item: {_safe(behaviour.item_text, ITEM_CHARACTERS)}")
    if behaviour.rating is not None:
        parts.append(f"stars: {behaviour.rating:g}")
    if review := f"{behaviour.review_title}. {behaviour.review_text}".strip(". "):
        parts.append(f"review: {_safe(review, REVIEW_CHARACTERS)}")
    return " | ".join(parts)


def _safe(text: str, limit: int = REVIEW_CHARACTERS) -> str:
    return one_line(text)[:limit].replace("<", "‹").replace(">", "›")


def _titled(aspect: str) -> str:
    """An aspect's name in Title Case, at most five words."""
    small = {"of", "to", "for", "and", "the", "in", "with", "on"}
    parts = one_line(aspect).split()[:5]
    return " ".join(part if part.isupper() else part.lower() if at and part.lower() in small else part.capitalize()
                    for at, part in enumerate(parts))  # fmt: skip


def _headed(head: str, text: str) -> str:
    """The sentence behind its category; a head that the model wrote itself is not doubled."""
    body = text.strip()
    if body.lower().startswith(f"{head.lower()}:"):
        body = body[len(head) + 1 :].strip()
    return f"{head}: {_sentence(body[:1].lower() + body[1:])}"


def _sentence(text: str) -> str:
    short = shorten(text, LONGEST_TEXT)
    return short if short.endswith((".", "!", "?", "…")) else f"{short}."


def _names(text: str, brands: Iterable[str]) -> bool:
    padded = f" {key(text)} "
    return any(f" {brand} " in padded for brand in brands if brand)
