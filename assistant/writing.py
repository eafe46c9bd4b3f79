"""Has a policy write one message of a trajectory: streamed, read strictly, asked once more, else left to the rules."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from assistant import protocol
from assistant.errors import AssistantError, PolicyError, ProtocolError
from assistant.policy.base import Message, Policy
from assistant.prompting import fill_prompt
from assistant.types import AspectsInferred, Event, GlobalAspect, PolicyFellBack, ScenarioRead, TextGenerated

ATTEMPTS = 2
Emit = Callable[[Event], None]


class TurnCancelled(AssistantError):
    """The person stopped the turn."""


@dataclass(frozen=True, slots=True)
class Written:
    """A message that was read. ``repairs`` counts the attempts that could not be; ``fallback`` tells, where the
    rules had to write it, why."""

    message: protocol.PolicyMessage
    text: str
    repairs: int = 0
    fallback: PolicyFellBack | None = None


@dataclass(slots=True)
class Writing:
    """One message to be written.

    ``first``: whether it is the trajectory's first. ``tools``: whether calls are allowed. ``marks``: the memories
    that the answer may name. ``weighed``: the global aspects shown with the scenario.
    """

    messages: Sequence[Message]
    first: bool
    tools: bool
    marks: Collection[str]
    weighed: tuple[GlobalAspect, ...]
    emit: Emit
    cancelled: threading.Event
    _lap_started: float = field(default_factory=time.perf_counter)

    def by(self, policy: Policy, rules: Policy) -> Written:
        """The message as ``policy`` writes it; as ``rules`` does where it cannot. Raises TurnCancelled."""
        asked, problem, repairs = list(self.messages), "", 0
        while repairs < ATTEMPTS:
            try:
                text = self._stream(policy, asked)
            except PolicyError as error:
                problem = str(error)
                break
            try:
                return Written(self._read(text), text, repairs)
            except ProtocolError as error:
                problem, repairs = str(error), repairs + 1
                repair = fill_prompt("policy_repair", problem=problem)
                asked += [Message("assistant", text), Message("user", repair)]
        fallback = PolicyFellBack(policy.name, "scenario and aspects" if self.first else "item profile", problem)
        self.emit(fallback)
        text = self._stream(rules, self.messages)
        return Written(self._read(text), text, repairs, fallback)

    def _read(self, text: str) -> protocol.PolicyMessage:
        return protocol.read_message(text, first=self.first, tools=self.tools, marks=self.marks)

    def _stream(self, policy: Policy, messages: Sequence[Message]) -> str:
        self._lap_started = time.perf_counter()
        text, told = "", 0
        for piece in policy.write(messages, tools=self.tools):
            if self.cancelled.is_set():
                raise TurnCancelled("the turn was stopped")
            text += piece
            self.emit(TextGenerated(piece))
            if self.first and told < 2:
                told = self._tell_opening(text, told)
            if len(text) > protocol.MAX_MESSAGE:
                break
        return text

    def _tell_opening(self, text: str, told: int) -> int:
        """Emits scenario and aspects as soon as each stands complete in the text; returns how many are told."""
        scenario, aspects = protocol.read_opening_so_far(text)
        if told == 0 and scenario is not None:
            self.emit(ScenarioRead(scenario, self.weighed, self._lap()))
            told = 1
        if told == 1 and aspects is not None:
            self.emit(AspectsInferred(aspects, self._lap()))
            told = 2
        return told

    def _lap(self) -> float:
        before, self._lap_started = self._lap_started, time.perf_counter()
        return self._lap_started - before
