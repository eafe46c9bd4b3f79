"""Opens the assistant over a finished store, as the settings say: for the page, the terminal and experiments."""

from __future__ import annotations

from contextlib import suppress

from assistant.catalogue.search import Catalogue
from assistant.policy.choose import load_policy
from assistant.settings import Settings
from assistant.turn import Assistant
from memory_store.embedding import load_embedder
from memory_store.errors import StoreBusy
from memory_store.store import MemoryStore


def open_assistant(settings: Settings) -> Assistant:
    """The assistant over ``settings.store``; whatever an interrupted start left out of the index is mended first.

    Raises StoreError or memory_store.errors.StoreMismatch when the store does not fit, PolicyError or SettingsError
    when the policy cannot be loaded.
    """
    embedder = load_embedder(settings.embedder)
    memory = MemoryStore.open(settings.store, embedder)
    with suppress(StoreBusy):  # another process has the index: it mends it, and this one reads
        memory.hierarchy.index_pending()
    catalogue = Catalogue.open(settings.store / "catalogue", embedder)
    policy = load_policy(settings, embedder=embedder)
    return Assistant(memory, catalogue, policy, checkpoints=settings.store / "checkpoints.sqlite")
