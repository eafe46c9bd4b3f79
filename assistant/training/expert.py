"""The expert of the traces: a policy that knows the target, and says only what any policy could have said.

It runs through the very nodes of serving. Hindsight tells it three things that a reader of the request has to guess:
which kind of product is wanted, whether memory serves this request at all, and which clauses of the request are chat.
All words are copied out of the messages that it is given, in contiguous spans: what a small model learns to do
exactly, and what structured decoding can hold it to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from assistant.evaluation.metrics import ndcg
from assistant.policy.base import Conversation
from assistant.policy.rules import relevant
from assistant.policy.structure import ASPECT_WORDS, PHRASES, clauses_told
from assistant.protocol import (
    MAX_ASPECT,
    MAX_PROFILE,
    PolicyMessage,
    read_result,
    read_weighed,
    weighed_aspects,
    write_message,
)
from assistant.training.config import RewardConfig
from assistant.turn import Assistant
from assistant.types import ItemProfile, Request
from assistant.words import contains, content_span, content_words, gist
from memory_store.indexing.statements import LIKES, Statement, read_statement

MOST_VALUES = PHRASES - 1
CHAT = 1.02
"""A clause is left out where the ranking is so many times as good without it."""


@dataclass(slots=True)
class Ranker:
    """What a profile is worth for one request: the recommendation term of the reward, weighted."""

    assistant: Assistant
    request: Request
    targets: Sequence[str]
    weights: RewardConfig
    _known: dict[str, float] = field(default_factory=dict)

    def worth(self, profile: str) -> float:
        """The worth of a profile, ranked as the search node ranks it; 0 where there is no target."""
        if self.targets and profile not in self._known:
            found = self.assistant.catalogue.search(
                profile, constraints=self.request.constraints, exclude=self.request.excluded_item_ids
            )
            gains = (ndcg(found.item_ids, self.targets, k) for k in self.weights.cutoffs)
            self._known[profile] = self.weights.recommendation * sum(gains)
        return self._known.get(profile, 0.0)


@dataclass(slots=True)
class Expert:
    """Writes one trajectory. Its hindsight: the target's ``kind``, the ``ranker``, and ``alone``, whether this request
    is known to be one that memory has to be left out of. ``calls``: how many aspects it calls for."""

    ranker: Ranker
    kind: str
    calls: int
    alone: bool = False
    name: str = "expert"

    def write(self, messages: Conversation, *, tools: bool) -> Iterator[str]:
        """The next message, whole."""
        request = messages[1].content
        if any(message.role == "assistant" for message in messages):
            told = {
                mark: statement
                for message in messages
                if message.role == "tool"
                for mark, _, text in read_result(message.content)
                if (statement := read_statement(text))
            }
            yield write_message(PolicyMessage(profile=self._profile(request, told)))
            return
        aspects = aspects_of(request, read_weighed(messages[0].content), self.calls)
        scenario = scenario_of(request)
        if tools:
            yield write_message(PolicyMessage(scenario, aspects, calls=aspects))
        else:
            profile = self._profile(request, {})
            yield write_message(PolicyMessage(scenario, aspects, profile=profile))

    def _profile(self, request: str, told: Mapping[str, Statement]) -> ItemProfile:
        """The request without its chat, and what the memories say of the kind wanted where the ranking is none the
        worse for it."""
        clauses = clauses_told(request)
        if self.alone or self._worth(request, clauses, told) < self._worth(request, clauses, {}):
            told = {}
        vectors = self.ranker.assistant.memory.embedder.embed([*clauses, self.kind])
        telling = relevant(clauses, vectors[:-1] @ vectors[-1])
        if self._worth(request, telling, told) >= self._worth(request, clauses, told):
            clauses = telling
        while len(clauses) > 1:
            shorter = [[*clauses[:place], *clauses[place + 1 :]] for place in range(len(clauses))]
            best = max(shorter, key=lambda kept: self._worth(request, kept, told))
            if self._worth(request, best, told) <= CHAT * self._worth(request, clauses, told):
                break
            clauses = best
        return profile_of(request, clauses, self.kind, told)

    def _worth(self, request: str, clauses: Sequence[str], told: Mapping[str, Statement]) -> float:
        return self.ranker.worth(profile_of(request, clauses, self.kind, told).text)


def profile_of(request: str, clauses: Sequence[str], kind: str, told: Mapping[str, Statement]) -> ItemProfile:
    """These clauses of the request, then the kind's name and the values that the memories (statements by mark) say are
    liked in it; the clauses alone where they say nothing of that kind. What the request says is not added."""
    base = ", ".join(clauses)
    liked = {mark: said.value for mark, said in told.items() if said.lead in LIKES and _is_about(said, kind)}
    values = [value for value in dict.fromkeys(liked.values()) if not contains(request, value)][:MOST_VALUES]
    if not values:
        return ItemProfile(base[:MAX_PROFILE])
    parts = [base, *values] if contains(request, kind) else [base, kind, *values]
    useful = tuple(mark for mark, value in liked.items() if value in values)
    return ItemProfile(", ".join(parts)[:MAX_PROFILE], useful)


def scenario_of(request: str) -> str:
    """The scenario in the request's own words: the first that tell something."""
    return f"Choosing {content_span(gist(request))}"


def aspects_of(request: str, weighed: Sequence[str], calls: int) -> tuple[str, ...]:
    """The aspects that buyers weigh first; out of the request's own words where nothing is told of that."""
    words = [word for word in content_words(request) if len(word) <= MAX_ASPECT][:ASPECT_WORDS]
    return tuple((weighed_aspects(weighed) or words or ["quality"])[:calls])


def _is_about(statement: Statement, kind: str) -> bool:
    return kind in (statement.category, *statement.places)
