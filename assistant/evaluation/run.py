"""The experiment: every request under every setting and policy, through the very nodes of serving."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from assistant.catalogue.search import Catalogue
from assistant.datasets.rows import RequestRow
from assistant.errors import AssistantError
from assistant.evaluation.batching import run_block
from assistant.evaluation.checks import check_after, check_before, says_title, words_of
from assistant.evaluation.contributions import contribution
from assistant.evaluation.metrics import ranks_of
from assistant.evaluation.rows import Conduct, Row, append_rows, read_rows, replace_rows
from assistant.evaluation.settings import Baseline, Setting, derangement
from assistant.policy.base import Policy
from assistant.policy.rules import RulesPolicy
from assistant.turn import Assistant, Trajectory
from memory_store.embedding import Embedder
from memory_store.store import MemoryStore

BLOCK = 32
TOP = 5
RANKED = 1000
NAIVE_TITLES = 10
TIMINGS = "timings.jsonl"

Progress = Callable[[str, int, int], None]
"""Told which part of the run is at work, how many of its requests are done, and of how many."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One column of the tables: a setting under a policy. ``name`` is what the report calls it."""

    name: str
    setting: Setting
    policy: Policy


@dataclass(slots=True)
class Evaluation:
    """What is measured on what. ``out`` keeps the rows, so that a run that was stopped goes on where it was."""

    memory: MemoryStore
    catalogue: Catalogue
    embedder: Embedder
    requests: Sequence[RequestRow]
    arms: Sequence[Arm]
    baselines: Sequence[Baseline]
    out: Path
    seed: int = 0
    block: int = BLOCK
    checked: dict[str, int] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The settings' names in the order of the report."""
        return [baseline.name for baseline in self.baselines] + [arm.name for arm in self.arms]

    def run(self, progress: Progress) -> list[Row]:
        """Every row, by setting and then by request; checked before and after.

        Raises EvaluationError or LeakError (``checks``), and whatever a policy raises that is no PolicyError.
        """
        self.checked = check_before(self.requests, self.catalogue.items, self.memory)
        rows = {row.key: row for row in read_rows(self.out)}
        for baseline in self.baselines:
            self._keep(rows, [(baseline.name, request) for request in self.requests], partial(self._rank, baseline))
            progress(baseline.name, len(self.requests), len(self.requests))
        players = Players(self)
        for start in range(0, len(self.requests), self.block):
            requests = self.requests[start : start + self.block]
            self.embedder.embed([request.request for request in requests], query=True)  # together, to be remembered
            for arm in self.arms:
                jobs = [(arm.name, request) for request in requests]
                self._keep(rows, jobs, partial(players.play, arm, requests))
                progress(arm.name, start + len(requests), len(self.requests))
        ordered = [row for name in self.names for row in rows.values() if row.setting == name]
        check_after(ordered, self.requests, self.names)
        place = {request.request_id: number for number, request in enumerate(self.requests)}
        ordered.sort(key=lambda row: (self.names.index(row.setting), place[row.request_id]))
        replace_rows(self.out, ordered)
        return ordered

    def _keep(
        self,
        rows: dict[tuple[str, str], Row],
        jobs: Sequence[tuple[str, RequestRow]],
        make: Callable[[], Sequence[Row]],
    ) -> None:
        """Makes the rows of a block of jobs unless all are there. A block is made whole, so that what shares a batch
        is the same in a run that was stopped and in one that was not."""
        missing = {(name, request.request_id) for name, request in jobs} - rows.keys()
        if not missing:
            return
        started = time.perf_counter()
        made = make()
        timing = {"setting": jobs[0][0], "requests": len(jobs), "seconds": round(time.perf_counter() - started, 4)}
        fresh = [row for row in made if row.key in missing]
        append_rows(self.out, fresh)
        with (self.out / TIMINGS).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(timing) + "\n")
        rows.update((row.key, row) for row in fresh)

    def _rank(self, baseline: Baseline) -> list[Row]:
        texts = [self._text(baseline, request) for request in self.requests]
        rankings = self.catalogue.search_many(texts, k=RANKED, method=baseline.method)
        return [
            _row(baseline.name, request, ranking.item_ids)
            for request, ranking in zip(self.requests, rankings, strict=True)
        ]

    def _text(self, baseline: Baseline, request: RequestRow) -> str:
        if baseline.text == "oracle":
            return request.oracle_profile or request.request
        if baseline.text == "naive" and request.user_id is not None:
            bought = self.memory.behaviours.of_user(request.user_id)[-NAIVE_TITLES:]
            return " ".join([request.request, *(behaviour.title for behaviour in bought)])
        return request.request


class Players:
    """Runs trajectories and makes rows of them."""

    def __init__(self, evaluation: Evaluation) -> None:
        self._embedder = evaluation.embedder
        self._catalogue = evaluation.catalogue
        self._assistant = Assistant(evaluation.memory, evaluation.catalogue, RulesPolicy(evaluation.embedder))
        users = [request.user_id for request in evaluation.requests if request.user_id is not None]
        shuffled = any(arm.setting.shuffled for arm in evaluation.arms)
        self._lenders: Mapping[str, str] = derangement(users, evaluation.seed) if shuffled else {}

    def play(self, arm: Arm, requests: Sequence[RequestRow]) -> list[Row]:
        """The rows of a block of requests."""
        return run_block(arm.policy, [partial(self._play, arm, request) for request in requests])

    def _play(self, arm: Arm, request: RequestRow, policy: Policy) -> Row:
        try:
            trajectory = self.trajectory(arm.setting, request, policy)
        except AssistantError as error:
            return _row(arm.name, request, (), answered=False, problem=str(error))
        return _row(
            arm.name,
            request,
            trajectory.ranking,
            answered=not trajectory.fallbacks,
            problem="; ".join(f"{fallback.stage}: {fallback.reason}" for fallback in trajectory.fallbacks),
            conduct=self._conduct(request, trajectory),
        )

    def trajectory(self, setting: Setting, request: RequestRow, policy: Policy) -> Trajectory:
        """The trajectory of a request under a setting. Raises AssistantError."""
        user_id = request.user_id or ""
        asked = self._assistant.dialogue.new_request(request.request)
        return self._assistant.trajectory(user_id, asked, setting.for_user(user_id, self._lenders), policy)

    def _conduct(self, request: RequestRow, trajectory: Trajectory) -> Conduct:
        targets = list(self._catalogue.items.many(request.target_item_ids).values())
        listing = " ".join(target.text() for target in targets)
        profile, local = trajectory.profile.text, [hit.text for hit in trajectory.hits]
        weighed = [aspect.text for aspect in trajectory.weighed]
        written = [message.content for message in trajectory.messages if message.role == "assistant"]
        shown = [message.content for message in trajectory.messages if message.role != "assistant"]
        entry_of = {hit.mark: hit.entry_id for hit in trajectory.hits}
        seen, answer = words_of(" ".join(shown)), words_of(profile)
        return Conduct(
            scenario_memory_ids=tuple(aspect.entry_id for aspect in trajectory.weighed),
            aspects=trajectory.aspects,
            memory_ids=tuple(hit.entry_id for hit in trajectory.hits),
            useful_memory_ids=tuple(entry_of[mark] for mark in trajectory.profile.useful_memory_ids),
            profile=profile,
            in_format=not trajectory.repairs and not trajectory.fallbacks,
            repairs=trajectory.repairs,
            fallbacks=tuple(fallback.stage for fallback in trajectory.fallbacks),
            tool_calls=trajectory.tool_calls,
            memory_tokens=trajectory.memory_tokens,
            prompt_tokens=self._tokens(shown),
            written_tokens=self._tokens(written),
            profile_uses_local=contribution(local, request.request, profile),
            profile_uses_global=contribution(weighed, request.request, profile),
            target_uses_local=contribution(local, request.request, listing),
            target_uses_global=contribution(weighed, request.request, listing),
            names_target=any(says_title(answer, t.title) and not says_title(seen, t.title) for t in targets),
        )

    def _tokens(self, texts: Sequence[str]) -> int:
        return sum(self._embedder.count_tokens(text) for text in texts)


def _row(
    setting: str,
    request: RequestRow,
    ranking: Sequence[str],
    *,
    answered: bool = True,
    problem: str = "",
    conduct: Conduct | None = None,
) -> Row:
    return Row(
        setting=setting,
        request_id=request.request_id,
        user_id=request.user_id,
        request=request.request,
        style=request.style,
        category=request.category,
        memory=request.memory,
        target_item_ids=request.target_item_ids,
        answered=answered,
        problem=problem,
        ranks=ranks_of(ranking, request.target_item_ids),
        ranked=len(ranking),
        top=tuple(ranking[:TOP]),
        conduct=conduct,
    )
