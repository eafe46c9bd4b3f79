"""Dense vectors of the items: one memory-mapped fp16 matrix, a row an item, written so that it can be resumed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from memory_store.embedding import Embedder


CHUNK = 1024
_BLOCK = 2048


class Vectors:
    """Unit rows, fp16 [n, dimension], mapped from a file. Cosines are exact: fp16 rows, fp32 arithmetic."""

    def __init__(self, path: Path) -> None:
        self.matrix: np.ndarray = np.load(path, mmap_mode="c")

    def cosines(self, queries: np.ndarray, rows: slice = slice(None)) -> np.ndarray:
        """Cosines of unit queries, float32 [m, dimension], with the rows asked for: float32 [m, rows]."""
        import torch

        matrix = torch.from_numpy(self.matrix[rows])
        wanted = torch.from_numpy(np.ascontiguousarray(queries, dtype=np.float32)).T
        found = torch.empty((wanted.shape[1], len(matrix)))
        for start in range(0, len(matrix), _BLOCK):
            stop = start + _BLOCK
            found[:, start:stop] = (matrix[start:stop].float() @ wanted).T
        return found.numpy()


def write_vectors(
    path: Path,
    texts: Iterable[str],
    count: int,
    embedder: Embedder,
    *,
    fingerprint: str,
    progress: Callable[[int], None],
) -> None:
    """Embeds ``count`` texts into ``path``; killed at any moment, the next call goes on after the last whole chunk.

    Chunks always start at the same rows, so an interrupted run ends in the same bytes as an undisturbed one. What an
    earlier run left is used only if its ``fingerprint`` (of texts and embedder) is the same.
    """
    partial, journal = path.with_suffix(".partial.npy"), path.with_suffix(".progress.json")
    done = _rows_done(partial, journal, fingerprint)
    shape = (count, embedder.dimension)
    matrix = np.lib.format.open_memmap(partial, mode="r+" if done else "w+", dtype=np.float16, shape=shape)
    remaining = islice(texts, done, None)
    while chunk := list(islice(remaining, CHUNK)):
        matrix[done : done + len(chunk)] = embedder.embed(chunk)
        matrix.flush()
        done += len(chunk)
        replace_text(journal, json.dumps({"fingerprint": fingerprint, "rows": done}))
        progress(done)
    del matrix
    os.replace(partial, path)
    journal.unlink(missing_ok=True)


def replace_text(path: Path, text: str) -> None:
    """Writes a small file whole or not at all."""
    draft = path.with_name(path.name + ".draft")
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)


def _rows_done(partial: Path, journal: Path, fingerprint: str) -> int:
    if not (partial.exists() and journal.exists()):
        return 0
    noted = json.loads(journal.read_text(encoding="utf-8"))
    return int(noted["rows"]) if noted["fingerprint"] == fingerprint else 0
