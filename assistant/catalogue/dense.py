"""Dense vectors of the items: one memory-mapped fp16 matrix, a row an item, written so that it can be resumed."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from numba import njit, prange

from assistant.types import Item

CHUNK = 1024
_ONE_AT_A_TIME = threading.Lock()


class Vectors:
    """Unit rows, fp16 [n, dimension], mapped from a file. Cosines are exact: fp16 rows, fp32 arithmetic.

    The kernel is compiled on opening, so that no query waits for it.
    """

    def __init__(self, path: Path) -> None:
        self.matrix: np.ndarray = np.load(path, mmap_mode="r")
        self.cosines(np.zeros((1, self.matrix.shape[1]), dtype=np.float32), slice(0, 1))

    def cosines(self, queries: np.ndarray, rows: slice = slice(None)) -> np.ndarray:
        """Cosines of unit queries, float32 [m, dimension], with the rows asked for: float32 [m, rows].

        A query's numbers do not depend on the others beside it.
        """
        bits = self.matrix[rows].view(np.uint16)
        found = np.empty((len(queries), len(bits)), dtype=np.float32)
        with _ONE_AT_A_TIME:  # numba's plainest threading layer may not be entered twice at once
            _dot(bits, np.ascontiguousarray(queries, dtype=np.float32), found)
        return found


@njit(parallel=True, fastmath=True, nogil=True)
def _dot(bits, queries, found):  # type: ignore[no-untyped-def]
    """Rows given as the bits of fp16 numbers, dotted with fp32 queries; twice as fast as converting the rows first.

    The bits of an fp16 number, moved to where fp32 has sign, exponent and mantissa, are that number divided by 2^112.
    """
    for row in prange(bits.shape[0]):
        values = np.empty(bits.shape[1], dtype=np.float32)
        for column in range(bits.shape[1]):
            half = np.uint32(bits[row, column])
            whole = ((half & np.uint32(0x7FFF)) << np.uint32(13)) | ((half & np.uint32(0x8000)) << np.uint32(16))
            values[column] = np.uint32(whole).view(np.float32) * np.float32(2.0**112)
        for query in range(queries.shape[0]):
            total = np.float32(0)
            for column in range(bits.shape[1]):
                total += values[column] * queries[query, column]
            found[query, row] = total


def write_vectors(
    path: Path,
    items: Iterable[Item],
    count: int,
    dimension: int,
    embed: Callable[[Sequence[Item]], np.ndarray],
    *,
    fingerprint: str,
    progress: Callable[[int], None],
) -> None:
    """Embeds ``count`` items into ``path``; killed at any moment, the next call goes on after the last whole chunk.

    Chunks always start at the same rows, so an interrupted run ends in the same bytes as an undisturbed one. What an
    earlier run left is used only if its ``fingerprint`` (of items and embedder) is the same.
    """
    partial, journal = path.with_suffix(".partial.npy"), progress_file(path)
    done = _rows_done(journal, fingerprint)
    if done == count and path.exists() and not partial.exists():
        return
    done = done if partial.exists() else 0
    shape = (count, dimension)
    matrix = np.lib.format.open_memmap(partial, mode="r+" if done else "w+", dtype=np.float16, shape=shape)
    remaining = islice(items, done, None)
    while chunk := list(islice(remaining, CHUNK)):
        matrix[done : done + len(chunk)] = embed(chunk)
        matrix.flush()
        done += len(chunk)
        replace_text(journal, json.dumps({"fingerprint": fingerprint, "rows": done}))
        progress(done)
    del matrix
    os.replace(partial, path)


def progress_file(path: Path) -> Path:
    """Where ``write_vectors`` notes how far it came; of no use once the catalogue is built."""
    return path.with_suffix(".progress.json")


def replace_text(path: Path, text: str) -> None:
    """Writes a small file whole or not at all."""
    draft = path.with_name(path.name + ".draft")
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)


def _rows_done(journal: Path, fingerprint: str) -> int:
    if not journal.exists():
        return 0
    noted = json.loads(journal.read_text(encoding="utf-8"))
    return int(noted["rows"]) if noted["fingerprint"] == fingerprint else 0
