"""The Chroma index: what is put comes back, one owner at a time, erasure, sudden death."""

from __future__ import annotations

import signal
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from memory_store import vectors as module
from memory_store.errors import StoreBusy
from memory_store.vectors import BATCH, Vectors


def unit(count: int, seed: int = 0) -> np.ndarray:
    """float32 [count, 8], unit rows."""
    rows = np.random.default_rng(seed).standard_normal((count, 8), dtype=np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def vectors(tmp_path: Path):
    opened = Vectors(tmp_path / "chroma")
    yield opened
    opened.close()


def test_what_is_put_comes_back_also_beyond_a_batch(vectors: Vectors) -> None:
    rows = unit(2 * BATCH + 7)
    ids = [f"e{number}" for number in range(len(rows))]
    vectors.put(ids, rows)
    assert vectors.count() == len(rows)
    assert vectors.ids() == set(ids)
    found = vectors.get([*ids, "unknown"])
    np.testing.assert_allclose(np.stack([found[id_] for id_ in ids]), rows, atol=1e-6)
    assert "unknown" not in found


def test_putting_again_replaces(vectors: Vectors) -> None:
    rows = unit(2)
    vectors.put(["a"], rows[:1])
    vectors.put(["a"], rows[1:])
    assert vectors.count() == 1
    np.testing.assert_allclose(vectors.get(["a"])["a"], rows[1], atol=1e-6)


def test_nothing_is_nothing(vectors: Vectors) -> None:
    vectors.put([], unit(0))
    vectors.delete([])
    assert vectors.get([]) == {} and vectors.get(["a"]) == {} and vectors.ids() == set()
    vectors.rewrite([])
    assert vectors.count() == 0


def test_it_is_still_there_after_opening_again(tmp_path: Path) -> None:
    first = Vectors(tmp_path)
    first.put(["a", "b"], unit(2))
    first.rewrite(["a", "b"])
    first.delete(["b"])
    first.close()
    second = Vectors(tmp_path)
    assert second.ids() == {"a"}
    second.close()


def test_one_owner_at_a_time(tmp_path: Path, vectors: Vectors) -> None:
    with pytest.raises(StoreBusy, match="another process"):
        Vectors(tmp_path / "chroma")
    vectors.close()
    Vectors(tmp_path / "chroma").close()


_CRASHING = """
import os, sys
from pathlib import Path
import numpy as np
from memory_store.vectors import Vectors
vectors = Vectors(Path(sys.argv[1]))
for number in range(100_000):
    vectors.put([f"e{number}"], np.eye(8, dtype=np.float32)[[number % 8]])
    print(number, flush=True)
"""


def test_sudden_death_frees_the_lock_and_loses_nothing_acknowledged(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _CRASHING, str(tmp_path)]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[1], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with pytest.raises(StoreBusy):
        next(process.stdout)
        Vectors(tmp_path)
    for _ in range(50):
        next(process.stdout)
    process.send_signal(signal.SIGKILL)
    acknowledged = 50 + len(process.stdout.readlines())
    process.wait()
    vectors = Vectors(tmp_path)
    assert vectors.ids() >= {f"e{number}" for number in range(acknowledged)}
    vectors.close()


def test_deleted_vectors_leave_the_files_with_the_rewrite(tmp_path: Path, vectors: Vectors) -> None:
    rows = np.array([[0.5 if place in four else 0 for place in range(8)] for four in combinations(range(8), 4)], "f4")
    ids = [f"canary-{number:03d}" for number in range(len(rows))]
    vectors.put(ids, rows)
    vectors.delete(ids[:35])

    def on_disk() -> list[bool]:
        files = b"".join(path.read_bytes() for path in (tmp_path / "chroma").rglob("*") if path.is_file())
        return [id_.encode() in files or row.tobytes() in files for id_, row in zip(ids, rows, strict=True)]

    assert any(on_disk()[:35])
    vectors.rewrite(ids)
    assert vectors.ids() == set(ids[35:])
    np.testing.assert_array_equal(vectors.get(ids[35:36])[ids[35]], rows[35])
    vectors.close()
    assert on_disk() == [False] * 35 + [True] * 35


def test_a_rewrite_that_dies_leaves_the_old_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = Vectors(tmp_path)
    vectors.put(["a", "b"], unit(2))

    def dies(self: Vectors, generation: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module.Vectors, "_write_generation", dies)
    with pytest.raises(KeyboardInterrupt):
        vectors.rewrite(["a"])
    vectors.close()
    monkeypatch.undo()
    again = Vectors(tmp_path)
    assert again.ids() == {"a", "b"}
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) == 1
    again.rewrite(["a"])
    assert again.ids() == {"a"}
    again.close()
