"""Loads ``prompts/*.md`` and fills them; a variable that is missing or superfluous is an error, both ways."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib.resources import files
from string import Template


@lru_cache
def load_prompt(name: str) -> str:
    """The text of ``prompts/NAME.md``. Raises FileNotFoundError where there is none."""
    return (files("prompts") / f"{name}.md").read_text(encoding="utf-8").strip()


def fill_prompt(name: str, **variables: str) -> str:
    """The prompt with its ``$variables`` replaced.

    Raises ValueError naming every variable that the prompt has and the call lacks, or the other way round.
    """
    template = Template(load_prompt(name))
    wanted, given = set(template.get_identifiers()), set(variables)
    if wanted != given:
        missing, unknown = sorted(wanted - given), sorted(given - wanted)
        raise ValueError(f"prompts/{name}.md: missing variables {missing}, unknown variables {unknown}")
    return template.substitute(variables)


def prompts_hash(*names: str) -> str:
    """A short hash of the named prompts: a checkpoint remembers the prompts that it was trained with."""
    digest = hashlib.sha256()
    for name in names:
        digest.update(load_prompt(name).encode() + b"\0")
    return digest.hexdigest()[:16]
