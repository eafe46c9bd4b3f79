"""What the tests share: a small shop built once with the real parts, and a network that is not there."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant.catalogue.search import Catalogue
from assistant.policy.base import Policy
from assistant.turn import Assistant
from memory_store.embedding import Embedder, load_embedder
from memory_store.store import MemoryStore
from tests.small_world import write_folder

os.environ.setdefault("HF_HUB_OFFLINE", "1")
_LOCAL = ("127.", "localhost", "::1", "0.0.0.0")


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to anything but this machine fails the test that tries it."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and not str(address[0]).startswith(_LOCAL):
            raise AssertionError(f"a test tried to reach {address[0]}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    return load_embedder("minilm")


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small shop's dataset folder."""
    return write_folder(tmp_path_factory.mktemp("small") / "shop")


@pytest.fixture(scope="session")
def _built(small_folder: Path, tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Path:
    from assistant.datasets.importer import import_folder
    from memory_store.indexing.extractive import ExtractiveWriter

    store = tmp_path_factory.mktemp("built") / "store"
    import_folder(small_folder, store, embedder, ExtractiveWriter())
    return store


@pytest.fixture
def small_store(_built: Path, tmp_path: Path) -> Path:
    """A store of the small shop that the test may change."""
    return Path(shutil.copytree(_built, tmp_path / "store"))


@pytest.fixture
def open_assistant(small_store: Path, embedder: Embedder) -> Iterator[Any]:
    """A function that opens the assistant over the small shop with a policy; all are closed after the test."""
    opened: list[Assistant] = []

    def open_with(policy: Policy) -> Assistant:
        memory = MemoryStore.open(small_store, embedder)
        catalogue = Catalogue.open(small_store / "catalogue", embedder)
        opened.append(Assistant(memory, catalogue, policy, checkpoints=small_store / "checkpoints.sqlite"))
        return opened[-1]

    yield open_with
    for assistant in opened:
        assistant.close()
