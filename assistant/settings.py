"""One frozen ``Settings``, read from ``MRREC_*`` by entry points only."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

PolicyName = Literal["rules", "mini", "checkpoint", "endpoint"]
WriterName = Literal["extractive", "llm"]


class Settings(BaseSettings):
    """Every setting has a default that works offline; ``MRREC_STORE=…`` in the environment overrides ``store``."""

    model_config = SettingsConfigDict(env_prefix="MRREC_", frozen=True, extra="forbid")

    store: Path = Path(".mrrec/store")
    dataset: Path | None = None
    embedder: str = "minilm"
    writer: WriterName = "extractive"
    policy: PolicyName = "rules"
    checkpoint: str = ""
    device: str = "auto"
    structured: Literal["auto", "on", "off"] = "auto"
    endpoint_url: str = "http://127.0.0.1:11434/v1"
    endpoint_model: str = "qwen2.5:3b-instruct"
    endpoint_key: SecretStr = SecretStr("")
    endpoint_timeout: float = 60.0
    host: str = "127.0.0.1"
    port: int = 7860

    @property
    def checkpoints(self) -> Path:
        """The SQLite file of the store that conversations are kept in between turns."""
        return self.store / "checkpoints.sqlite"
