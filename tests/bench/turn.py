"""How long a turn takes, and what of it is not the policy's own writing.

    python -m tests.bench.turn STORE DATASET [--requests 100]

Asks the dataset's dev requests, each by its own user in a conversation of its own, as the page does (checkpoints and
stored turns included), under the rules policy. Prints milliseconds: to the first event, to the first step, the whole
turn, and the whole turn without the time that the policy spent writing.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from assistant.datasets.folder import DatasetFolder
from assistant.opening import open_assistant
from assistant.policy.base import Message, Policy
from assistant.settings import Settings
from assistant.types import ScenarioRead

WARM_UP = 5


class Timed:
    """A policy that adds up how long it was asked to write."""

    def __init__(self, policy: Policy) -> None:
        self.name = policy.name
        self.seconds = 0.0
        self._policy = policy

    def write(self, messages: Sequence[Message], *, tools: bool) -> Iterator[str]:
        started = time.perf_counter()
        pieces = list(self._policy.write(messages, tools=tools))
        self.seconds += time.perf_counter() - started
        yield from pieces


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--requests", type=int, default=100)
    options = parser.parse_args()

    assistant = open_assistant(Settings(store=options.store))
    policy = Timed(assistant.policy)
    assistant.policy = policy
    asked = [row for row in DatasetFolder(options.dataset).requests() if row.split == "dev" and row.user_id]
    times: dict[str, list[float]] = {"first event": [], "first step": [], "whole turn": [], "without the policy": []}
    for number, row in enumerate(asked[: options.requests + WARM_UP]):
        session = assistant.memory.sessions.create(str(row.user_id)).session_id
        policy.seconds, marks = 0.0, {}
        started = time.perf_counter()
        for event in assistant.reply(str(row.user_id), session, row.request):
            marks.setdefault("first event", time.perf_counter() - started)
            if isinstance(event, ScenarioRead):
                marks.setdefault("first step", time.perf_counter() - started)
        marks["whole turn"] = time.perf_counter() - started
        marks["without the policy"] = marks["whole turn"] - policy.seconds
        assistant.forget_conversation(str(row.user_id), session)
        if number >= WARM_UP:
            for name, seconds in marks.items():
                times[name].append(1000 * seconds)
    for name, values in times.items():
        p50, p95 = np.percentile(values, [50, 95])
        print(f"{name:20} p50 {p50:6.1f} ms   p95 {p95:6.1f} ms   ({len(values)} turns)")
    assistant.close()


if __name__ == "__main__":
    main()
