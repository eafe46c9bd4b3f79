"""Opens the assistant over a finished store, as the settings say: for the page, the terminal and experiments."""

from __future__ import annotations

from assistant.catalogue.search import Catalogue
from assistant.policy.choose import load_policy
from assistant.settings import Settings
from assistant.turn import Assistant
from memory_store.embedding import load_embedder
from memory_store.store import MemoryStore


def open_assistant(settings: Settings) -> Assistant:
    """The assistant over ``settings.store``; memories that are not indexed yet are indexed in the background.

    Raises StoreError or memory_store.errors.StoreMismatch when the store does not fit, PolicyError or SettingsError
    when the policy cannot be loaded.
    """
    embedder = load_embedder(settings.embedder)
    memory = MemoryStore.open(settings.store, embedder)
    catalogue = Catalogue.open(settings.store / "catalogue", embedder)
    policy = load_policy(settings, embedder=embedder)
    memory.index_in_background()
    return Assistant(memory, catalogue, policy, checkpoints=settings.checkpoints)
