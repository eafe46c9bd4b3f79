"""Which drawing a product gets when its data names none: by the words of its title, else by its department."""

from __future__ import annotations

import re
import tomllib
import zlib
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from assistant.pictures.recipes import recipes

_WORDS = Path(__file__).parent / "words.toml"
_TITLE_LIMIT = 160
_TOKEN = re.compile(r"[a-z0-9]+")
_HEAD_END = re.compile(r"[,|(\[:;–—]| - | for | with | compatible ")


@dataclass(frozen=True, slots=True)
class _Knowledge:
    shapes: dict[str, str]
    departments: dict[str, tuple[str, ...]]
    only: dict[str, frozenset[str]]


@cache
def _knowledge() -> _Knowledge:
    data = tomllib.loads(_WORDS.read_text(encoding="utf-8"))
    shapes: dict[str, str] = {}
    for shape, words in data["words"].items():
        shapes |= dict.fromkeys(words.split(), shape)
    shapes |= {name: name for name in recipes()}
    return _Knowledge(
        shapes=shapes,
        departments={name: tuple(choice) for name, choice in data["departments"].items()},
        only={name: frozenset(words) for name, words in data["only"].items()},
    )


def known_shape(name: object) -> str | None:
    """The drawing that ``name`` means: its own name, its plural or one of its words; None when there is none."""
    if not isinstance(name, str) or len(name) > 60:
        return None
    return _look_up("-".join(_TOKEN.findall(name.lower())))


@lru_cache(maxsize=4096)
def choose_shape(title: str, category: str, *, hint: str = "") -> str:
    """A drawing by the hint's words, the title's (its head first), else one usual in the department."""
    department = _department(category)
    knowledge = _knowledge()
    allowed = knowledge.only.get(department)
    title = title[:_TITLE_LIMIT].lower()
    head = _HEAD_END.split(title, maxsplit=1)[0]
    for text, words in ((hint[:_TITLE_LIMIT].lower(), None), (head, allowed), (title, allowed)):
        if found := _last_named(text, words):
            return found
    if department not in knowledge.departments and (found := _last_named(category[:_TITLE_LIMIT].lower(), None)):
        return found
    choices = knowledge.departments.get(department, knowledge.departments["*"])
    return choices[zlib.crc32(title.encode("utf-8", "replace")) % len(choices)]


def _department(category: str) -> str:
    return " ".join(word for word in _TOKEN.findall(category[:_TITLE_LIMIT].lower().replace("&", " and ")))


def _last_named(text: str, allowed: frozenset[str] | None) -> str | None:
    """The drawing named last in ``text``, where English puts the thing itself; two words count before one."""
    tokens = _TOKEN.findall(text)
    for end in range(len(tokens), 0, -1):
        for start in (end - 2, end - 1):
            name = "-".join(tokens[max(start, 0) : end])
            if (allowed is None or name.rstrip("s") in allowed or name in allowed) and (found := _look_up(name)):
                return found
    return None


def _look_up(name: str) -> str | None:
    shapes = _knowledge().shapes
    for form in (name, name.removesuffix("s"), name.removesuffix("es")):
        if form in shapes:
            return shapes[form]
    return None
