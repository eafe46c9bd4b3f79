"""Rollouts: trajectories of the very nodes of serving, sampled together, with every token id kept as it was drawn.

    GRPO asks for rollouts ── play ──> one thread a trajectory (``Assistant.trajectory``)
                                         └─ ``_Rollout.write`` ──> all wait for each other (``BatchingPolicy``)
                                                                     └─ ``_Sampled.write_batch`` ──> one batch

A trajectory ends where it would end for a person, or at the first message that cannot be read: no repair is asked
for and the rules never answer, so that what is learnt from is what the policy wrote.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, overload

from assistant.datasets.rows import RequestRow
from assistant.errors import AssistantError
from assistant.evaluation.batching import run_block
from assistant.policy.base import Conversation, Message, Policy
from assistant.policy.generation import Guide
from assistant.policy.tokens import ChatTokens, Transcript
from assistant.training.config import RewardConfig
from assistant.training.errors import TrainingError
from assistant.training.rewards import Reward, reward_of, score
from assistant.training.timing import Clock
from assistant.turn import Assistant, Trajectory, TurnOptions

LEAST_ROOM = 64


class Generator(Protocol):
    """Continues transcripts together: a ``CheckpointPolicy``, or vLLM (``assistant.training.vllm``)."""

    chat: ChatTokens

    def guide(self, messages: Conversation, tools: bool) -> Guide | None:
        """What holds the next message to the trajectory's form; None where it is written freely."""
        ...

    def extend(
        self,
        transcripts: Sequence[Transcript],
        *,
        temperature: float | None = None,
        seed: int | None = None,
        limits: Sequence[int] | None = None,
        guides: Sequence[Guide | None] | None = None,
    ) -> list[str]:
        """Write the next message of each transcript in place; returns their texts."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """Tokens of one message, of all that follows the prompt, and of prompt and all."""

    message: int
    completion: int
    context: int


@dataclass(frozen=True, slots=True)
class Job:
    """A request to roll out, with the assistant of its world."""

    assistant: Assistant
    row: RequestRow


@dataclass(frozen=True, slots=True)
class Rollout:
    """One trajectory with its tokens. ``trajectory`` is None and ``problem`` says why where it was not readable."""

    transcript: Transcript
    reward: Reward
    trajectory: Trajectory | None
    tool_calls: int
    problem: str = ""

    @property
    def prompt_ids(self) -> list[int]:
        """The ids before the policy's first own."""
        return self.transcript.ids[: self.transcript.prompt_length]

    @property
    def completion_ids(self) -> list[int]:
        """The ids from the policy's first own on: its messages, and what the tool answered between them."""
        return self.transcript.ids[self.transcript.prompt_length :]

    @property
    def mask(self) -> list[int]:
        """1 for each completion id that the policy chose, 0 for what it was given and for what the trajectory's form
        or a copy that it had begun left no choice in."""
        return [int(own) for own in self.transcript.chosen[self.transcript.prompt_length :]]

    @property
    def logprobs(self) -> list[float]:
        """The log probability of each completion id when it was drawn (0 for what was given)."""
        return self.transcript.logprobs[self.transcript.prompt_length :]


class RolloutEnded(AssistantError):
    """A message could not be read, which ends a rollout at once; the message says why."""


@dataclass(slots=True)
class _Told(Sequence[Message]):
    """The messages of a conversation that knows its transcript: two rollouts may say the same words."""

    messages: Conversation
    transcript: Transcript

    @overload
    def __getitem__(self, place: int) -> Message: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Message]: ...
    def __getitem__(self, place: int | slice) -> Message | Sequence[Message]:
        return self.messages[place]

    def __len__(self) -> int:
        return len(self.messages)


@dataclass
class _Sampled:
    """The batch policy behind a block of rollouts: what is asked together is drawn together."""

    generator: Generator
    limits: Limits
    temperature: float
    seed: int
    clock: Clock
    name: str = "sampled"
    _batches: int = 0

    def write(self, messages: Conversation, *, tools: bool) -> Iterator[str]:
        """One message, when a block has one rollout only."""
        yield from self.write_batch([messages], tools=[tools])

    def write_batch(self, conversations: Sequence[Conversation], *, tools: Sequence[bool]) -> list[str]:
        """The next message of each rollout; "", which ends it, where its tokens are used up."""
        transcripts, guides = [], []
        for told, offered in zip(conversations, tools, strict=True):
            assert isinstance(told, _Told)
            self.generator.chat.read(told.transcript, told.messages, tools=offered)
            transcripts.append(told.transcript)
            guides.append(self.generator.guide(told.messages, offered))
        rooms = [self._room(transcript) for transcript in transcripts]
        going = [place for place, room in enumerate(rooms) if room > 0]
        texts = [""] * len(transcripts)
        if going:
            self._batches += 1
            with self.clock.measure("generation"):
                drawn = self.generator.extend(
                    [transcripts[place] for place in going],
                    temperature=self.temperature,
                    seed=self.seed + self._batches,
                    limits=[rooms[place] for place in going],
                    guides=[guides[place] for place in going],
                )
            for place, text in zip(going, drawn, strict=True):
                texts[place] = text
        return texts

    def _room(self, transcript: Transcript) -> int:
        if True not in transcript.written:
            if len(transcript.ids) + LEAST_ROOM > self.limits.context:
                raise TrainingError(
                    f"a prompt has {len(transcript.ids)} tokens and grpo.context is {self.limits.context}: raise it "
                    f"(and the model's positions) to {len(transcript.ids) + self.limits.completion} or so"
                )
            return min(self.limits.message, self.limits.completion, self.limits.context - len(transcript.ids))
        completion = len(transcript.ids) - transcript.prompt_length
        left = min(self.limits.completion - completion, self.limits.context - len(transcript.ids))
        return min(self.limits.message, left) if self.limits.context - len(transcript.ids) >= LEAST_ROOM else 0


@dataclass(slots=True)
class _Rollout:
    """The policy of one trajectory: speaks through the block's, and ends where a message was not read."""

    shared: Policy
    transcript: Transcript = field(default_factory=Transcript)
    tool_calls: int = 0
    name: str = "rollout"

    def write(self, messages: Conversation, *, tools: bool) -> Iterator[str]:
        """The next message. Raises RolloutEnded where it is asked to write one again."""
        self.tool_calls = sum(message.role == "tool" for message in messages)
        if len(messages) > 2 and messages[-1].role == "user":
            raise RolloutEnded(messages[-1].content)
        yield from self.shared.write(_Told(messages, self.transcript), tools=tools)


def play(
    generator: Generator,
    jobs: Sequence[Job],
    weights: RewardConfig,
    limits: Limits,
    *,
    temperature: float,
    seed: int,
    block: int = 64,
    clock: Clock | None = None,
) -> list[Rollout]:
    """A rollout for each job, in order; ``block`` of them share a batch, and so the seed decides every token.

    ``clock`` is told how long generating took ("generation"), and all of it ("rollouts").
    """
    clock = clock or Clock()
    rollouts: list[Rollout] = []
    with clock.measure("rollouts"):
        for start in range(0, len(jobs), block):
            sampled = _Sampled(generator, limits, temperature, (seed * 1_000_003 + start) % (1 << 48), clock)
            works = [partial(_play, job, weights) for job in jobs[start : start + block]]
            rollouts += run_block(sampled, works)
    return rollouts


def _play(job: Job, weights: RewardConfig, shared: Policy) -> Rollout:
    policy = _Rollout(shared)
    asked = job.assistant.dialogue.new_request(job.row.request)
    targets = job.row.target_item_ids
    try:
        trajectory = job.assistant.trajectory(job.row.user_id or "", asked, TurnOptions(), policy)
    except RolloutEnded as ended:
        reward = score(weights, False, (), policy.tool_calls, targets)
        return Rollout(policy.transcript, reward, None, policy.tool_calls, str(ended))
    reward = reward_of(weights, trajectory, targets)
    return Rollout(policy.transcript, reward, trajectory, trajectory.tool_calls)
