"""Batched generation over the very nodes of serving: trajectories wait for each other where they need the policy.

A node asks the policy for one message at a time. So a block of trajectories runs in as many threads, and a
``BatchingPolicy`` gathers what they ask until each of them waits or is finished; then all are written at once.
Which conversations share a batch, and in which order, follows from the block alone, never from the threads' timing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from assistant.errors import PolicyError
from assistant.policy.base import BatchPolicy, Conversation, Policy, write_text

T = TypeVar("T")


@dataclass(slots=True)
class _Ask:
    messages: Conversation
    tools: bool
    answer: Future[str] = field(default_factory=Future)


class BatchingPolicy:
    """The policy as a block's threads see it. Only for threads that ``run_block`` started."""

    def __init__(self, policy: Policy) -> None:
        self.name = policy.name
        self._policy = policy
        self._turn = threading.Condition()
        self._asks: dict[int, _Ask] = {}
        self._live = 0
        self._here = threading.local()

    def write(self, messages: Conversation, *, tools: bool) -> Iterator[str]:
        """The next assistant message in one piece, once the whole block waits. Raises PolicyError as the policy."""
        ask = _Ask(messages, tools)
        with self._turn:
            self._asks[self._here.place] = ask
            self._turn.notify_all()
        yield ask.answer.result()

    def run(self, place: int, work: Callable[[Policy], T]) -> T:
        """Do ``work`` as the trajectory number ``place`` of the block."""
        self._here.place = place
        try:
            return work(self)
        finally:
            with self._turn:
                self._live -= 1
                self._turn.notify_all()

    def serve(self, live: int, started: Callable[[], None]) -> None:
        """Answer a block of ``live`` trajectories until all are finished. ``started`` starts their threads."""
        self._live = live
        started()
        while True:
            with self._turn:
                self._turn.wait_for(lambda: len(self._asks) == self._live)
                asks = [self._asks[place] for place in sorted(self._asks)]
                self._asks.clear()
            if not asks:
                return
            self._answer(asks)

    def _answer(self, asks: Sequence[_Ask]) -> None:
        try:
            written = self._written(asks)
        except BaseException as error:
            for ask in asks:
                ask.answer.set_exception(error)
            raise
        for ask, text in zip(asks, written, strict=True):
            if isinstance(text, PolicyError):
                ask.answer.set_exception(text)
            else:
                ask.answer.set_result(text)

    def _written(self, asks: Sequence[_Ask]) -> Sequence[str | PolicyError]:
        """A text or an error for each; where the batch fails as a whole, each is tried by itself."""
        assert isinstance(self._policy, BatchPolicy)
        try:
            return self._policy.write_batch([ask.messages for ask in asks], tools=[ask.tools for ask in asks])
        except PolicyError:
            return [self._alone(ask) for ask in asks]

    def _alone(self, ask: _Ask) -> str | PolicyError:
        try:
            return write_text(self._policy, ask.messages, tools=ask.tools)
        except PolicyError as error:
            return error


def run_block(policy: Policy, works: Sequence[Callable[[Policy], T]]) -> list[T]:
    """Each work's result, in order; works are given the policy to use.

    Policies that write in batches serve all works together; for others the works run one after the other.
    The first exception of a work is raised once all have ended.
    """
    if not isinstance(policy, BatchPolicy) or len(works) == 1:
        return [work(policy) for work in works]
    shared = BatchingPolicy(policy)
    with ThreadPoolExecutor(max_workers=len(works), thread_name_prefix="trajectory") as pool:
        running: list[Future[T]] = []
        shared.serve(
            len(works),
            lambda: running.extend(pool.submit(shared.run, place, work) for place, work in enumerate(works)),
        )
    return [future.result() for future in running]
