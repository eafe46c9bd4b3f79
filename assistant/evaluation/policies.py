"""The policies of a run, as the command line names them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import SettingsError
from assistant.evaluation.run import Arm
from assistant.evaluation.settings import Setting
from assistant.policy.base import Policy
from assistant.policy.choose import load_policy
from assistant.settings import Settings
from memory_store.embedding import Embedder

KINDS = ("rules", "mini", "endpoint", "checkpoint", "free")
FORMS = (
    '"rules", "mini", "endpoint", "checkpoint:FOLDER", "free:FOLDER" (that without structured decoding), '
    'each with a label of its own where wanted ("untrained=checkpoint:…")'
)
_PIECE = 1 << 22


@dataclass(frozen=True, slots=True)
class PolicySpec:
    """A policy as it is asked for. ``label`` is what the report calls it, ``where`` a checkpoint's folder or name."""

    label: str
    kind: str
    where: str = ""

    @classmethod
    def read(cls, text: str) -> PolicySpec:
        """``[LABEL=]KIND[:WHERE]``. Raises SettingsError that lists the forms."""
        label, given, spec = text.strip().rpartition("=")
        kind, _, where = spec.partition(":")
        if kind not in KINDS or (kind in ("checkpoint", "free")) != bool(where):
            raise SettingsError(f"--policy {text!r}: choose from {FORMS}")
        return cls(label.strip() if given else Path(where).name if where else kind, kind, where)

    def load(self, settings: Settings, embedder: Embedder) -> Policy:
        """The policy. Raises PolicyError or SettingsError."""
        chosen = {"policy": self.kind, "checkpoint": self.where or settings.checkpoint}
        if self.kind == "free":
            chosen |= {"policy": "checkpoint", "structured": "off"}
        return load_policy(settings.model_copy(update=chosen), embedder=embedder)

    def identity(self, settings: Settings) -> dict[str, str]:
        """What tells this policy from another one: for a folder a hash of its files."""
        identity = {"label": self.label, "kind": self.kind}
        if self.kind == "endpoint":
            identity["model"] = settings.endpoint_model
        if self.kind in ("checkpoint", "free"):
            folder = Path(self.where)
            identity["checkpoint"] = _hash(folder) if folder.is_dir() else self.where
        return identity


def read_specs(text: str) -> list[PolicySpec]:
    """The comma-separated policies of ``--policy``. Raises SettingsError for none, or for two of one label."""
    specs = [PolicySpec.read(part) for part in text.split(",") if part.strip()]
    labels = [spec.label for spec in specs]
    if not specs:
        raise SettingsError(f"--policy names none: choose from {FORMS}")
    if len(set(labels)) < len(labels):
        raise SettingsError(f"--policy names {', '.join(labels)}: give each a label of its own (LABEL=checkpoint:…)")
    return specs


def arms_of(
    settings: Sequence[Setting], ablations: Sequence[Setting], policies: Sequence[tuple[str, Policy]]
) -> list[Arm]:
    """Every setting under every policy, the ablations under the first one. The first policy's arms have the settings'
    plain names, another's are called ``SETTING@LABEL``."""
    arms = [
        Arm(setting.name if number == 0 else f"{setting.name}@{label}", setting, policy)
        for number, (label, policy) in enumerate(policies)
        for setting in settings
    ]
    taken = {arm.name for arm in arms}
    return arms + [Arm(setting.name, setting, policies[0][1]) for setting in ablations if setting.name not in taken]


def _hash(folder: Path) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for file in sorted(path for path in folder.iterdir() if path.is_file()):
        digest.update(f"\0{file.name}\0".encode())
        with file.open("rb") as stream:
            while piece := stream.read(_PIECE):
                digest.update(piece)
    return digest.hexdigest()
