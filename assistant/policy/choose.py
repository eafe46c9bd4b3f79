"""Which policy the settings ask for. Each is imported only when it is chosen."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files

from assistant.errors import SettingsError
from assistant.policy.base import Policy
from assistant.settings import Settings
from memory_store.embedding import Embedder


def load_policy(settings: Settings, *, embedder: Embedder) -> Policy:
    """The policy that ``MRREC_POLICY`` names, ready to write.

    Raises SettingsError when a setting that it needs is missing or the name is none; PolicyError when a checkpoint
    cannot serve. A server is first asked when the first message is written.
    """
    if settings.policy not in POLICIES:
        raise SettingsError(f"MRREC_POLICY={settings.policy!r} is no policy: choose {', '.join(POLICIES)}")
    return POLICIES[settings.policy](settings, embedder)


def _rules(settings: Settings, embedder: Embedder) -> Policy:
    from assistant.policy.rules import RulesPolicy

    return RulesPolicy(embedder)


def _mini(settings: Settings, embedder: Embedder) -> Policy:
    from assistant.policy.checkpoint import CheckpointPolicy

    folder = str(files("assistant.policy") / "mini")
    return CheckpointPolicy.load(folder, device=settings.device, structured=settings.structured)


def _checkpoint(settings: Settings, embedder: Embedder) -> Policy:
    if not settings.checkpoint:
        raise SettingsError(
            "MRREC_POLICY=checkpoint needs MRREC_CHECKPOINT: a checkpoint folder, or the name of a model of the "
            "Hugging Face hub such as Qwen/Qwen2.5-3B-Instruct"
        )
    from assistant.policy.checkpoint import CheckpointPolicy

    return CheckpointPolicy.load(settings.checkpoint, device=settings.device, structured=settings.structured)


def _endpoint(settings: Settings, embedder: Embedder) -> Policy:
    from assistant.policy.endpoint import EndpointPolicy

    return EndpointPolicy(
        settings.endpoint_url,
        settings.endpoint_model,
        key=settings.endpoint_key.get_secret_value(),
        timeout=settings.endpoint_timeout,
    )


POLICIES: dict[str, Callable[[Settings, Embedder], Policy]] = {
    "rules": _rules,
    "mini": _mini,
    "checkpoint": _checkpoint,
    "endpoint": _endpoint,
}
