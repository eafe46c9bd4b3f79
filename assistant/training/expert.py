"""The expert of the traces: a policy that knows the target, and says only what any policy could have said.

It runs through the very nodes of serving. Hindsight tells it two things that a reader of the request has to guess:
which kind of product is wanted, and whether memory serves this request at all. All words are copied out of the
messages that it is given, in contiguous spans: what a small model learns to do exactly, and what structured decoding
can hold it to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from assistant.evaluation.metrics import ndcg
from assistant.policy.base import Conversation
from assistant.policy.profiles import is_liked, opening_of
from assistant.policy.structure import ASPECT_WORDS, PHRASES
from assistant.protocol import (
    CHOOSING,
    MAX_ASPECT,
    MAX_PROFILE,
    PolicyMessage,
    read_kinds,
    read_result,
    read_weighed,
    weighed_aspects,
    write_message,
)
from assistant.training.config import RewardConfig
from assistant.turn import Assistant
from assistant.types import ItemProfile, KindsNear, Request
from assistant.words import contains, content_span, content_words, gist, name_of
from memory_store.indexing.statements import Statement, read_statement


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
        system, request = messages[0].content, messages[1].content
        name = self._name(system, request)
        if any(message.role == "assistant" for message in messages):
            told = {
                mark: statement
                for message in messages
                if message.role == "tool"
                for mark, _, text in read_result(message.content)
                if (statement := read_statement(text))
            }
            yield write_message(PolicyMessage(profile=self._profile(request, name, told)))
            return
        aspects = aspects_of(request, read_weighed(system), self.calls)
        scenario = scenario_of(request, name)
        if tools:
            yield write_message(PolicyMessage(scenario, aspects, calls=aspects))
        else:
            profile = self._profile(request, name, {})
            yield write_message(PolicyMessage(scenario, aspects, profile=profile))

    def _name(self, system: str, request: str) -> str:
        """The kind wanted, where it is told of and the ranking is none the worse for its name; else ""."""
        if not is_told(self.kind, read_kinds(system)):
            return ""
        named, bare = (profile_of(request, name, self.kind, {}) for name in (self.kind, ""))
        return self.kind if self.ranker.worth(named.text) >= self.ranker.worth(bare.text) else ""

    def _profile(self, request: str, name: str, told: Mapping[str, Statement]) -> ItemProfile:
        """The request, and what the memories say of the kind wanted where the ranking is none the worse for it."""
        bare, full = (profile_of(request, name, self.kind, used) for used in ({}, told))
        return bare if self.alone or self.ranker.worth(full.text) < self.ranker.worth(bare.text) else full


def profile_of(request: str, name: str, kind: str, told: Mapping[str, Statement]) -> ItemProfile:
    """The kind's ``name`` where one is given, the request, then the values that the memories (statements by mark) say
    are liked in that kind. What the request says is not added."""
    liked = {
        mark: said.value
        for mark, said in told.items()
        if kind in (said.category, *said.places) and is_liked(said, told.values())
    }
    new = [value for value in dict.fromkeys(liked.values()) if not contains(request, value)]
    values = [value for value in new if not any(other != value and contains(other, value) for other in new)][:PHRASES]
    useful = tuple(mark for mark, value in liked.items() if value in values)
    return ItemProfile(", ".join([opening_of(request, name_of(name)), *values])[:MAX_PROFILE], useful)


def scenario_of(request: str, kind: str) -> str:
    """The scenario: the kind by its name, or where none is given the request's own words, the first that tell
    something."""
    return CHOOSING + (name_of(kind) or content_span(gist(request)))


def is_told(kind: str, kinds: KindsNear) -> bool:
    """Whether a trajectory tells of this kind of product, so that its scenario may name it."""
    return name_of(kind) in map(name_of, (*kinds.near, *kinds.bought))


def aspects_of(request: str, weighed: Sequence[str], calls: int) -> tuple[str, ...]:
    """The aspects that buyers weigh first; out of the request's own words where nothing is told of that."""
    words = [word for word in content_words(request) if len(word) <= MAX_ASPECT][:ASPECT_WORDS]
    return tuple((weighed_aspects(weighed) or words or ["quality"])[:calls])
