"""The expert of the traces: a policy that knows the target, and says only what any policy could have said.

It runs through the very nodes of serving. Hindsight decides which aspects it calls for, which of the recalled
memories count, and which of their words, and the request's, go into the profile: those that the real reward is
highest with. The words themselves are copied out of the messages that it is given, in contiguous spans: what a small
model learns to do exactly, and what structured decoding can hold it to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from assistant.evaluation.metrics import ndcg
from assistant.policy.base import Conversation, Message
from assistant.protocol import MAX_ASPECT, MAX_PROFILE, PolicyMessage, read_result, read_weighed, write_message
from assistant.training.config import RewardConfig, TraceConfig
from assistant.turn import Assistant
from assistant.types import ItemProfile, Request
from assistant.words import CLAUSE, content_span, content_words, shorten
from memory_store.indexing.statements import Lead, read_statement

LEAST_ASPECTS = 2
ASPECT_WORDS = 3
SCENARIO_WORDS, SCENARIO_CHARACTERS = 9, 80
TITLE_WORDS = 8
CONTENDERS = 8
MOST_CLAUSES = 6

_BOUGHT = re.compile(r'^Bought "(?P<title>.+?)"(?: \((?P<brand>[^()]+)\))?')
_CLAUSE = re.compile(r"[,.;:()]\s*|\s[-–—]\s")
SAYING = (Lead.PREFERS, Lead.LATELY, Lead.BUYS)
_NO_TAGS = str.maketrans({"<": "‹", ">": "›"})


@dataclass(slots=True)
class Ranker:
    """What a profile is worth for one request: the recommendation term of the reward, weighted."""

    assistant: Assistant
    request: Request
    targets: Sequence[str]
    weights: RewardConfig
    _known: dict[str, float] = field(default_factory=dict)

    def worth(self, profiles: Sequence[str]) -> list[float]:
        """The worth of each profile, ranked as the search node ranks it; 0 for all where there is no target."""
        if not self.targets:
            return [0.0] * len(profiles)
        fresh = [profile for profile in dict.fromkeys(profiles) if profile not in self._known]
        self._known.update(zip(fresh, map(self._gain, self._rankings(fresh)), strict=True))
        return [self._known[profile] for profile in profiles]

    def _rankings(self, profiles: Sequence[str]) -> list[tuple[str, ...]]:
        catalogue, request = self.assistant.catalogue, self.request
        if not request.constraints and not request.excluded_item_ids:
            return [found.item_ids for found in catalogue.search_many(profiles)] if profiles else []
        return [
            catalogue.search(
                profile, constraints=request.constraints, exclude=request.excluded_item_ids
            ).item_ids
            for profile in profiles
        ]  # fmt: skip

    def _gain(self, ranking: Sequence[str]) -> float:
        found = sum(ndcg(ranking, self.targets, k) for k in self.weights.cutoffs)
        return self.weights.recommendation * found


@dataclass(slots=True)
class Expert:
    """Writes one trajectory. Its hindsight: ``ranker``, ``recall`` (the texts that each aspect would recall), and
    ``alone``, whether this request is known to be one that memory has to be left out of."""

    ranker: Ranker
    recall: Callable[[str], Sequence[str]]
    settings: TraceConfig
    alone: bool = False
    name: str = "expert"

    def write(self, messages: Conversation, *, tools: bool) -> Iterator[str]:
        """The next message, whole."""
        request = messages[1].content
        if any(message.role == "assistant" for message in messages):
            yield write_message(PolicyMessage(profile=self._profile(request, _recalled(messages))))
            return
        scenario = f"Choosing {self._gist(request)}".translate(_NO_TAGS)
        weighed = _weighed_names(messages[0].content)
        if tools:
            aspects = self._aspects(request, weighed)
            yield write_message(PolicyMessage(scenario, aspects, calls=aspects))
        else:
            aspects = tuple(weighed[:LEAST_ASPECTS]) or aspect_words(request)
            yield write_message(PolicyMessage(scenario, aspects, profile=self._profile(request, {})))

    def _aspects(self, request: str, weighed: Sequence[str]) -> tuple[str, ...]:
        """The aspects whose memories are worth most, then those that buyers weigh first; in the order weighed."""
        candidates = list(dict.fromkeys([*weighed, *aspect_words(request)]))
        told = {aspect: self.recall(aspect) for aspect in candidates}
        worth = self._worth_of_memories(request, {text for texts in told.values() for text in texts})
        chosen: list[str] = []
        while len(chosen) < self.settings.calls:
            covered = {text for aspect in chosen for text in told[aspect]}
            gains = {
                aspect: max((worth[text] for text in texts if text not in covered), default=0.0)
                for aspect, texts in told.items()
                if aspect not in chosen
            }
            best = max(gains, key=gains.__getitem__, default=None)
            if best is None or gains[best] < self.settings.least_gain:
                break
            chosen.append(best)
        spare = [aspect for aspect in candidates if aspect not in chosen]
        chosen += spare[: max(0, min(LEAST_ASPECTS, self.settings.calls) - len(chosen))]
        return tuple(sorted(chosen, key=candidates.index))

    def _worth_of_memories(self, request: str, texts: set[str]) -> dict[str, float]:
        """What the best phrase of each memory adds to the request's own worth."""
        ordered = sorted(texts)
        phrases = {text: _fresh_phrases(text, request) for text in ordered}
        self.ranker.worth([request, *(_joined(request, [p]) for text in ordered for p in phrases[text])])
        base = self.ranker.worth([request])[0]
        return {
            text: max((self.ranker.worth([_joined(request, [p])])[0] - base for p in phrases[text]), default=0.0)
            for text in ordered
        }

    def _profile(self, request: str, recalled: Mapping[str, str]) -> ItemProfile:
        """The profile of the highest worth: the request's words, then phrases of memories while each adds enough.

        ``recalled``: memory texts by mark.
        """
        base = self._base(request)
        sources: dict[str, list[str]] = {}
        for mark, text in () if self.alone else recalled.items():
            for phrase in _fresh_phrases(text, base):
                sources.setdefault(phrase, []).append(mark)
        chosen: list[str] = []
        worth = self.ranker.worth([base])[0]
        left = list(sources)
        while left and len(chosen) < self.settings.phrases:
            worths = self.ranker.worth([_joined(base, [*chosen, phrase]) for phrase in left])
            best = max(range(len(left)), key=lambda place: worths[place])
            if worths[best] < worth + self.settings.least_gain:
                break
            worth = worths[best]
            ranked = sorted(range(len(left)), key=lambda place: -worths[place])[:CONTENDERS]
            chosen.append(left[best])
            left = [left[place] for place in sorted(ranked) if place != best]
        useful = {mark for phrase in chosen for mark in sources[phrase]}
        return ItemProfile(_joined(base, chosen)[:MAX_PROFILE], tuple(mark for mark in recalled if mark in useful))

    def _gist(self, request: str) -> str:
        """The clause of the request that tells the most of what is wanted, cut to a few words."""
        clauses = _clauses(request)
        worths = self.ranker.worth(clauses)
        best = clauses[max(range(len(clauses)), key=worths.__getitem__)]
        return " ".join(best.split()[:SCENARIO_WORDS]).strip(" ,.;:!?-") or request[:SCENARIO_CHARACTERS]

    def _base(self, request: str) -> str:
        """The span of the request that the profile opens with: all of it from its first telling word to its last,
        or, where clauses around it only blur the search, the best run of clauses."""
        whole, *runs = _spans(request)
        worths = self.ranker.worth([whole, *runs])
        best = max(range(len(worths)), key=worths.__getitem__)
        return [whole, *runs][best] if worths[best] >= worths[0] + self.settings.least_gain else whole


def _clauses(request: str) -> list[str]:
    """The clauses of the request, cut to their telling words."""
    starts, stops = _bounds(request)
    return [content_span(request[start:stop]) for start, stop in zip(starts, stops, strict=True)]


def _bounds(request: str) -> tuple[list[int], list[int]]:
    """Where the clauses of the request start and stop; the last takes in what is over the most."""
    ends = [match.end() for match in CLAUSE.finditer(request)][: MOST_CLAUSES - 1]
    return [0, *ends], [*ends, len(request)]


def _spans(request: str) -> list[str]:
    """The request and each shorter run of its clauses, cut to their telling words."""
    starts, stops = _bounds(request)
    runs = [(start, stop) for start in starts for stop in stops if start < stop]
    runs.sort(key=lambda run: run[0] - run[1])
    return list(dict.fromkeys(content_span(request[start:stop]) for start, stop in runs)) or [request]


def phrases_of(memory: str) -> list[str]:
    """The phrases of a memory text that may stand in a profile: tastes, brands, what was bought, what was praised."""
    statement = read_statement(memory)
    if statement is not None:
        said = [statement.value] if statement.lead in SAYING else []
        return [*said, statement.category] if said and statement.category else said
    bought = _BOUGHT.match(memory)
    if bought is None:
        return [clause.strip() for clause in _CLAUSE.split(memory) if 0 < len(clause.split()) <= TITLE_WORDS]
    title = " ".join(bought["title"].rstrip("…").split()[:TITLE_WORDS])
    return [phrase for phrase in (bought["brand"], title) if phrase]


def _fresh_phrases(memory: str, said: str) -> list[str]:
    return [phrase for phrase in phrases_of(memory) if phrase.casefold() not in said.casefold()]


def _joined(base: str, phrases: Sequence[str]) -> str:
    return ", ".join([base, *phrases])


def _recalled(messages: Sequence[Message]) -> dict[str, str]:
    return {
        mark: text for message in messages if message.role == "tool" for mark, _, text in read_result(message.content)
    }


def _weighed_names(system: str) -> list[str]:
    names = dict.fromkeys(text.partition(":")[0].strip() for text in read_weighed(system))
    return [name for name in names if name and len(name) <= MAX_ASPECT]


def aspect_words(request: str) -> tuple[str, ...]:
    """Aspects out of the request's own words, for where nothing is told of what buyers weigh."""
    words = tuple(word for word in content_words(request) if len(word) <= MAX_ASPECT)[:ASPECT_WORDS]
    return words or (shorten(request.translate(_NO_TAGS).replace(";", " "), MAX_ASPECT),)
