"""What a small checkpoint can be trusted with: its form, its copies, its speed.

    python -m tests.bench.policy CHECKPOINT STORE [--requests 1000] [--free]

STORE holds the demo world (``make run`` builds one). The requests are real ones that were left out of training
(``../shared/data/request_texts.jsonl.gz``, the last of the seeded order of which practice takes the first), each
asked in the name of a shopper of STORE. ``--free`` decodes without the structure.

Rare tokens are words with a digit, or with a capital letter inside a sentence; one counts as repeated where the
profile has a word like it, and as exact where it has that very word. The core item of
an amazon23 dev request in a sentence is those of its words that the same person's terse request has too.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path

from assistant.catalogue.search import Catalogue
from assistant.datasets.folder import DatasetFolder
from assistant.evaluation.batching import run_block
from assistant.policy.base import Policy
from assistant.policy.checkpoint import CheckpointPolicy
from assistant.policy.rules import RulesPolicy
from assistant.training.practice import practice_texts
from assistant.turn import Assistant, Trajectory, TurnOptions
from assistant.words import content_words
from memory_store.embedding import load_embedder
from memory_store.store import MemoryStore

SHARED = Path("../shared/data")
BLOCK = 32
TIMED = 60
_RARE = re.compile(r"\S*\d\S*|(?<=[a-z,;] )[A-Z][a-z]\S+")
_EDGES = ".,;:!?()\"'"


@dataclass(frozen=True, slots=True)
class Copies:
    """Of the rare tokens that profiles repeat, how many exactly."""

    repeated: int
    exact: int


def main() -> None:
    """Prints one line a figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint")
    parser.add_argument("store", type=Path)
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--free", action="store_true", help="without structured decoding")
    options = parser.parse_args()
    started = time.perf_counter()
    policy = CheckpointPolicy.load(options.checkpoint, structured="off" if options.free else "auto")
    print(f"loaded in {time.perf_counter() - started:.2f} s (after imports)")
    embedder = load_embedder()
    memory = MemoryStore.open(options.store, embedder)
    catalogue = Catalogue.open(options.store / "catalogue", embedder)
    assistant = Assistant(memory, catalogue, RulesPolicy(embedder))
    users = sorted(user.user_id for user in memory.users.most_remembered(limit=200))
    texts = practice_texts(SHARED / "request_texts.jsonl.gz", seed=0)[-options.requests :]
    done = answer(assistant, policy, texts, users)
    clean = sum(not one.fallbacks and not one.repairs for one in done)
    called = sum(one.tool_calls > 0 and not one.fallbacks for one in done)
    print(f"readable at once {clean / len(done):.4f}, memory called {called / len(done):.4f} (n = {len(done)})")
    rare = [(text, one.profile.text) for text, one in zip(texts, done, strict=True) if _RARE.search(text)][:300]
    copies = count_copies(rare)
    print(f"rare tokens: {copies.exact} of {copies.repeated} repeated are exact (n = {len(rare)} requests)")
    print(f"core item in the profile: {core_share(assistant, policy, users):.4f}")
    times = [seconds(assistant, policy, text, users[0]) for text in texts[:TIMED]]
    print(f"a turn's writing: p50 {statistics.median(times):.2f} s, longest {max(times):.2f} s (n = {len(times)})")
    memory.close()


def answer(assistant: Assistant, policy: Policy, texts: Sequence[str], users: Sequence[str]) -> list[Trajectory]:
    """A trajectory for each text, each in the name of a seeded user."""
    chance = random.Random(0)
    asked = [(chance.choice(users), assistant.dialogue.new_request(text)) for text in texts]
    works = [partial(_trajectory, assistant, user, request) for user, request in asked]
    return [done for start in range(0, len(works), BLOCK) for done in run_block(policy, works[start : start + BLOCK])]


def _trajectory(assistant: Assistant, user: str, request: object, policy: Policy) -> Trajectory:
    return assistant.trajectory(user, request, TurnOptions(), policy)  # type: ignore[arg-type]


def count_copies(pairs: Sequence[tuple[str, str]]) -> Copies:
    """Counts over (request, profile) pairs."""
    repeated = exact = 0
    for request, profile in pairs:
        said = {word.strip(_EDGES) for word in profile.split()}
        for token in {match[0].strip(_EDGES) for match in _RARE.finditer(request)} - {""}:
            if token in said:
                repeated, exact = repeated + 1, exact + 1
            elif get_close_matches(token, said - {word.strip(_EDGES) for word in request.split()}, 1, 0.7):
                repeated += 1
    return Copies(repeated, exact)


def core_share(assistant: Assistant, policy: Policy, users: Sequence[str]) -> float:
    """The share of sentence requests whose profile keeps what the same person's terse request asks for."""
    rows = [row for row in DatasetFolder(SHARED / "amazon23").requests() if row.split == "dev"]
    terse = {row.user_id: row.request for row in rows if row.style == "terse"}
    pairs = []
    for row in rows:
        core = set(content_words(terse.get(row.user_id, ""))) & set(content_words(row.request))
        if row.style == "sentence" and core:
            pairs.append((row.request, core))
    done = answer(assistant, policy, [request for request, _ in pairs], users)
    kept = sum(core <= set(content_words(one.profile.text)) for (_, core), one in zip(pairs, done, strict=True))
    return kept / len(pairs)


def seconds(assistant: Assistant, policy: CheckpointPolicy, text: str, user: str) -> float:
    """How long the policy's own writing takes in a turn, streamed, its KV cache kept between its messages."""
    timed = _Timed(policy)
    assistant.trajectory(user, assistant.dialogue.new_request(text), TurnOptions(), timed)
    return timed.spent


class _Timed:
    def __init__(self, policy: CheckpointPolicy) -> None:
        self.name, self._policy, self.spent = policy.name, policy, 0.0

    def write(self, messages, *, tools: bool):  # type: ignore[no-untyped-def]
        started = time.perf_counter()
        pieces = list(self._policy.write(messages, tools=tools))
        self.spent += time.perf_counter() - started
        yield from pieces


if __name__ == "__main__":
    main()
