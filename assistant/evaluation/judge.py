"""MPC and MRC by a language model's judgement (PAPER, "The setting"), beside the heuristic of ``contributions``.

The judge is any policy, usually the endpoint's model; its prompt is ``prompts/judge.md``. What it is asked about one
memory set is one share: of the memories shown, those that it says contribute. An answer that cannot be read is
counted apart and never guessed at. Judgements are kept, so that a run that was stopped asks nothing twice.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.catalogue.items import Items
from assistant.errors import PolicyError
from assistant.evaluation.rows import Row
from assistant.policy.base import Message, Policy, write_batch, write_text
from assistant.prompting import fill_prompt
from memory_store.store import MemoryStore

JUDGED = "judged.jsonl"
TEXT = 2_000
BATCH = 32
WHAT = {
    "mpc": "the profile of the ideal item that was written for it",
    "mrc": "the listing of the item that was wanted",
}


@dataclass(frozen=True, slots=True)
class Case:
    """One question to the judge: which of these memories contribute to this text? ``metric``: "mpc_local", ..."""

    setting: str
    request_id: str
    metric: str
    request: str
    memories: tuple[str, ...]
    text: str

    @property
    def key(self) -> str:
        return f"{self.setting}\t{self.request_id}\t{self.metric}"

    def messages(self) -> list[Message]:
        listed = "\n".join(f"{number}. <memory>{_plain(text)}</memory>" for number, text in enumerate(self.memories, 1))
        what = WHAT[self.metric.partition("_")[0]]
        text = _plain(self.text)[:TEXT]
        filled = fill_prompt("judge", request=_plain(self.request), memories=listed, what=what, text=text)
        return [Message("user", filled)]

    def read(self, answer: str) -> float | None:
        """The share of the memories that the judge says contribute; None where its answer cannot be read."""
        try:
            named = json.loads(answer[answer.index("{") : answer.rindex("}") + 1])["contributing"]
            numbers = {int(number) for number in named}
        except (ValueError, KeyError, TypeError):
            return None
        if not numbers <= set(range(1, len(self.memories) + 1)):
            return None
        return len(numbers) / len(self.memories)


def cases_of(rows: Sequence[Row], memory: MemoryStore, items: Items) -> Iterator[Case]:
    """What there is to judge in the rows: local and global memories, against the profile and against the target."""
    for row in rows:
        if row.conduct is None:
            continue
        target = " ".join(item.text() for item in items.many(row.target_item_ids).values())
        shown = {"local": row.conduct.memory_ids, "global": row.conduct.scenario_memory_ids}
        for level, ids in shown.items():
            entries = memory.hierarchy.get(row.user_id or "", ids)
            if entries:
                texts = tuple(entry.text for entry in entries)
                for metric, text in (("mpc", row.conduct.profile), ("mrc", target)):
                    yield Case(row.setting, row.request_id, f"{metric}_{level}", row.request, texts, text)


def judge(
    policy: Policy, cases: Sequence[Case], out: Path, progress: Callable[[str, int, int], None]
) -> dict[str, dict[str, Any]]:
    """Setting to metric to its mean, the number judged and the number unread. Raises PolicyError: no judge."""
    kept = _read(out / JUDGED)
    open_cases = [case for case in cases if case.key not in kept]
    for start in range(0, len(open_cases), BATCH):
        batch = open_cases[start : start + BATCH]
        found = {case.key: case.read(answer) for case, answer in zip(batch, _answers(policy, batch), strict=True)}
        with (out / JUDGED).open("a", encoding="utf-8") as stream:
            stream.writelines(json.dumps([key, share]) + "\n" for key, share in found.items())
        kept |= found
        progress("judge", start + len(batch), len(open_cases))
    return _means([(case.setting, case.metric, kept[case.key]) for case in cases])


def _answers(policy: Policy, cases: Sequence[Case]) -> list[str]:
    """The judge's answers; where a batch fails as a whole each is asked alone, and that failure is raised."""
    asked = [case.messages() for case in cases]
    try:
        return write_batch(policy, asked, tools=[False] * len(asked))
    except PolicyError:
        return [write_text(policy, messages, tools=False) for messages in asked]


def _means(judged: Sequence[tuple[str, str, float | None]]) -> dict[str, dict[str, Any]]:
    found: defaultdict[str, defaultdict[str, list[float | None]]] = defaultdict(lambda: defaultdict(list))
    for setting, metric, share in judged:
        found[setting][metric].append(share)
    return {
        setting: {metric: _mean(shares) for metric, shares in metrics.items()} for setting, metrics in found.items()
    }


def _mean(shares: Sequence[float | None]) -> dict[str, float | int | None]:
    read = [share for share in shares if share is not None]
    value = round(sum(read) / len(read), 6) if read else None
    return {"value": value, "judged": len(read), "unread": len(shares) - len(read)}


def _read(file: Path) -> dict[str, float | None]:
    lines = file.read_text(encoding="utf-8").split("\n")[:-1] if file.exists() else []
    return dict(json.loads(line) for line in lines)


def _plain(text: str) -> str:
    return " ".join(text.replace("<", "‹").replace(">", "›").split())
