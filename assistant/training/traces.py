"""Expert traces: searched for request by request, side by side, appended as they are found, the same in every run."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

from assistant.datasets.manifest import write_json
from assistant.datasets.rows import RequestRow
from assistant.policy.base import Message
from assistant.training.config import RunConfig
from assistant.training.errors import TrainingError
from assistant.training.expert import Expert, Ranker
from assistant.training.rewards import reward_of
from assistant.training.shops import Shop, copied, open_shops
from assistant.turn import TurnOptions
from memory_store.indexing.base import digest

TRACES = "traces.jsonl"
MADE_FROM = "traces.json"
CHUNK = 4

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Task:
    """One trace to find: a request of a shop."""

    key: str
    shop: int
    row: RequestRow


@dataclass(frozen=True, slots=True)
class Trace:
    """A trajectory to learn from. ``reward`` is None for practice; ``tools``: whether the memory tool was offered.

    ``alone`` is the reward of the bare request as the profile, ``useful`` how many memories the profile rests on.
    """

    key: str
    user_id: str
    messages: tuple[Message, ...]
    tools: bool
    reward: float | None
    alone: float | None
    useful: int

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        messages = [[message.role, message.content] for message in self.messages]
        values = {name: getattr(self, name) for name in ("key", "user_id", "tools", "reward", "alone", "useful")}
        return {**values, "messages": messages}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Trace:
        """The inverse of ``to_dict``."""
        messages = tuple(Message(role, content) for role, content in values["messages"])
        return cls(**{**values, "messages": messages})


def find_traces(config: RunConfig, shops: Sequence[Shop], progress: Progress) -> list[Trace]:
    """The traces of a run, found or read from its work folder where they were found before.

    Stopped at any point, it goes on after the last whole line. Raises TrainingError where the folder holds the traces
    of other data or settings.
    """
    tasks = list(_tasks(config, shops))
    made_from = {"shops": [shop.identity() for shop in shops], "settings": _settings(config), "tasks": len(tasks)}
    _claim(config.work, made_from)
    file = config.work / TRACES
    found = read_traces(file)
    left = tasks[len(found) :]
    if [trace.key for trace in found] != [task.key for task in tasks[: len(found)]]:
        raise TrainingError(f"{file} is not in the order of the requests: it was changed; remove it to begin anew.")
    progress("traces", len(found), len(tasks))
    with file.open("a", encoding="utf-8") as stream:
        for trace in _search(config, shops, left):
            stream.write(json.dumps(trace.to_dict(), ensure_ascii=False) + "\n")
            stream.flush()
            found.append(trace)
            progress("traces", len(found), len(tasks))
    return found


def read_traces(file: Path) -> list[Trace]:
    """The traces of a file; a last line that was cut off by a kill is taken out. Raises TrainingError for others."""
    if not file.exists():
        return []
    whole = file.read_bytes()
    kept = whole[: whole.rfind(b"\n") + 1]
    if len(kept) < len(whole):
        os.truncate(file, len(kept))
    try:
        return [Trace.from_dict(json.loads(line)) for line in kept.splitlines()]
    except (ValueError, KeyError, TypeError) as error:
        raise TrainingError(f"{file} is damaged ({error!r}): remove it, the traces are found again.") from error


def find_trace(config: RunConfig, shops: Sequence[Shop], task: Task) -> Trace:
    """The trace of one task, found through the very nodes of serving."""
    shop = shops[task.shop]
    user_id = task.row.user_id or ""
    assistant = shop.assistant
    asked = assistant.dialogue.new_request(task.row.request)
    ranker = Ranker(assistant, asked, task.row.target_item_ids, config.reward)
    wanted = shop.world.catalogue.items.many(task.row.target_item_ids[:1])
    kind = next((item.kind() for item in wanted.values()), "")
    expert = Expert(ranker, kind, config.traces.calls, alone=task.row.memory == "alone")
    done = assistant.trajectory(user_id, asked, TurnOptions(), expert)
    reward = reward_of(config.reward, done, task.row.target_item_ids).total
    alone = config.reward.format + ranker.worth(asked.text)
    if done.fallbacks or done.repairs:
        raise TrainingError(f"request {task.key}: the expert's own message could not be read ({done.fallbacks})")
    tools = any(message.role == "tool" for message in done.messages)
    useful = len(done.profile.useful_memory_ids)
    return Trace(task.key, user_id, done.messages, tools, reward, alone, useful)


def _tasks(config: RunConfig, shops: Sequence[Shop]) -> Iterator[Task]:
    for number, shop in enumerate(shops):
        for row in shop.train:
            yield Task(f"{number}/{row.request_id}", number, row)


def _search(config: RunConfig, shops: Sequence[Shop], tasks: Sequence[Task]) -> Iterator[Trace]:
    """The traces of the tasks, in their order."""
    processes = min(config.traces.processes, -(-len(tasks) // CHUNK))
    if processes <= 1:
        yield from (find_trace(config, shops, task) for task in tasks)
        return
    copies = config.work / "copies"
    shutil.rmtree(copies, ignore_errors=True)
    try:
        with ProcessPoolExecutor(
            processes, get_context("spawn"), initializer=_open_copies, initargs=(config, copies, processes)
        ) as pool:
            yield from pool.map(_find_here, tasks, chunksize=CHUNK)
    finally:
        shutil.rmtree(copies, ignore_errors=True)


_here: tuple[RunConfig, list[Shop], ExitStack]


def _open_copies(config: RunConfig, copies: Path, processes: int) -> None:
    """Opens copies of the stores in a worker: a store's index has one owning process."""
    global _here
    import torch

    end_with_parent()
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // processes))
    own = copied(config, copies / str(os.getpid()))
    stack = ExitStack()
    Finalize(stack, stack.close, exitpriority=1)
    _here = own, stack.enter_context(open_shops(own, lambda *_: None)), stack


def end_with_parent() -> None:
    """Has this process end when the one that started it is gone: killed, it cannot tell its workers to stop."""
    parent = parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _find_here(task: Task) -> Trace:
    config, shops, _ = _here
    return find_trace(config, shops, task)


def _settings(config: RunConfig) -> str:
    settings = config.traces.model_dump_json(exclude={"processes"})
    return digest(settings, config.reward.model_dump_json(), str(config.seed), config.embedder)


def _claim(work: Path, made_from: dict[str, Any]) -> None:
    """Makes the work folder's traces those of these data and settings."""
    work.mkdir(parents=True, exist_ok=True)
    note = work / MADE_FROM
    before = json.loads(note.read_text(encoding="utf-8")) if note.exists() else made_from
    if before != made_from:
        changed = sorted(name for name in made_from if made_from[name] != before.get(name))
        raise TrainingError(
            f"{work} holds traces of another run (its {', '.join(changed)} differ): choose another work folder, or "
            f"remove {TRACES} and {MADE_FROM} there to begin anew."
        )
    write_json(note, made_from)
