"""How shoppers talk: the phrases of ``phrases.toml``."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path

PHRASES_FILE = Path(__file__).parent / "phrases.toml"


@lru_cache(maxsize=1)
def load_phrases() -> dict[str, dict[str, list[str]]]:
    """The phrases by section and name."""
    return tomllib.loads(PHRASES_FILE.read_text(encoding="utf-8"))
