"""How long it takes from nothing to a page that answers: a table by step, wall and CPU seconds.

    python -m tests.bench.build_demo [--data FOLDER] [--everything] [--seed N]

Without ``--data`` the demo world is generated first. As on a page's first start, only the personas' memories are
embedded before the first answer, and the others' afterwards; with ``--everything`` all are, as ``mrrec import`` does.
On a machine that does other things as well the CPU seconds tell more: the bar is 90 s of wall time on 2 idle cores.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from assistant.datasets.demo import SEED


class Stopwatch:
    """Laps of wall and CPU time (of this process, all threads); laps of one name are added up."""

    def __init__(self) -> None:
        self.laps: dict[str, tuple[float, float]] = {}
        self._name, self._wall, self._cpu = "", 0.0, 0.0
        self.start("libraries")

    def start(self, name: str) -> None:
        """Ends the lap that runs and starts another; going on with the same one changes nothing."""
        if name == self._name:
            return
        wall, cpu = time.perf_counter(), time.process_time()
        if self._name:
            before = self.laps.get(self._name, (0.0, 0.0))
            self.laps[self._name] = (before[0] + wall - self._wall, before[1] + cpu - self._cpu)
        self._name, self._wall, self._cpu = name, wall, cpu

    def table(self) -> str:
        """One line a lap, and their sum."""
        rows = [*self.laps.items(), ("total", tuple(map(sum, zip(*self.laps.values(), strict=True))))]
        return "\n".join(f"{name:24}{wall:8.1f} s wall{cpu:8.1f} s CPU" for name, (wall, cpu) in rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="a dataset folder instead of the generated demo world")
    parser.add_argument("--everything", action="store_true", help="embed everyone's memories before the first answer")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        _build(options.data, Path(scratch), options.seed, everything=options.everything)


def _build(data: Path | None, scratch: Path, seed: int, *, everything: bool) -> None:
    watch = Stopwatch()
    from assistant.datasets.ensure import load_writer
    from assistant.datasets.importer import import_folder
    from assistant.opening import open_assistant
    from assistant.settings import Settings
    from memory_store.embedding import load_embedder

    watch.start("embedder")
    embedder = load_embedder()
    settings = Settings(store=scratch / "store")
    if data is None:
        from assistant.datasets.demo import build_demo_world

        watch.start("generate")
        data = scratch / "demo"
        build_demo_world(data, seed=seed)
    watch.start("check data")
    report = import_folder(
        data,
        settings.store,
        embedder,
        load_writer(settings),
        index_all=everything,
        progress=lambda part, done, total: watch.start(part),
    )
    watch.start("open the assistant")
    assistant = open_assistant(settings)
    watch.start("first answer")
    persona = assistant.memory.users.personas()[0]
    session = assistant.memory.sessions.create(persona.user_id)
    for _ in assistant.reply(persona.user_id, session.session_id, persona.openers[0] if persona.openers else "shoes"):
        pass
    watch.start("closing")
    hierarchy = assistant.memory.hierarchy
    print(f"{report.items:,} items, {report.users:,} users, {report.behaviours:,} interactions, ", end="")
    print(f"{report.entries:,} memory entries, {hierarchy.pending():,} of them not indexed yet")
    assistant.close()
    watch.start("")
    print(watch.table())


if __name__ == "__main__":
    main()
