"""Imports a dataset folder again and again, each time killed at a given moment, until the last run may finish.

    python tests/import_runner.py DATA STORE PART:N ...

A moment is the N-th time that the importer tells of a part of its work; the run then kills itself with SIGKILL. Every
run is a process of its own, forked before anything was opened or embedded. Prints the moments that came.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections import Counter
from pathlib import Path

from assistant.datasets.importer import import_folder
from memory_store.embedding import load_embedder
from memory_store.indexing.extractive import ExtractiveWriter

SLOW_TO_IMPORT = ("assistant.catalogue.build", "assistant.catalogue.search", "memory_store.minilm", "chromadb")


def run(data: Path, store: Path, moment: str | None) -> None:
    """One import, killed at ``moment``."""
    told: Counter[str] = Counter()

    def tell(part: str, done: int, total: int) -> None:
        told[part] += 1
        if f"{part}:{told[part]}" == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    import_folder(data, store, load_embedder(), ExtractiveWriter(), progress=tell)


def main(data: str, store: str, *moments: str) -> None:
    for module in SLOW_TO_IMPORT:
        importlib.import_module(module)
    for moment in (*moments, None):
        child = os.fork()
        if child == 0:
            run(Path(data), Path(store), moment)
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        if status and not killed:
            sys.exit(f"the run until {moment} failed: status {status}")
        print(moment, "killed" if killed else "finished", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
