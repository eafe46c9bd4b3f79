"""Small tools for words: choices, joining, capitals and slips of the keyboard. All chance comes from the caller."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

_CHOICE = re.compile(r"\[([^\[\]]*\|[^\[\]]*)\]")
_SENTENCE_END = (".", "!", "?", "…")


def spin(text: str, rng: Random) -> str:
    """``text`` with every choice ``[a|b]`` decided."""
    if "[" not in text:
        return text
    return _CHOICE.sub(lambda found: rng.choice(found.group(1).split("|")), text)


def pick(texts: Sequence[str], rng: Random) -> str:
    """One of ``texts``, its choices decided."""
    return spin(rng.choice(texts), rng)


def capital(text: str) -> str:
    """``text`` with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """``text`` as a sentence: capital, and a stop where it has none."""
    text = capital(text.strip())
    return text if not text or text.endswith(_SENTENCE_END) else f"{text}."


def listing(parts: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def says(text: str, name: str) -> bool:
    """Whether ``text`` says ``name`` (letters of either case)."""
    return name.lower() in text.lower()


def slip(text: str, rng: Random) -> str:
    """``text`` with one slip of the keyboard in a longer word: two letters swapped, one left out or one doubled."""
    words = text.split(" ")
    long = [index for index, word in enumerate(words) if len(word) > 4 and word.isalpha()]
    if not long:
        return text
    index = rng.choice(long)
    word = words[index]
    at = rng.randrange(1, len(word) - 2)
    words[index] = rng.choice(
        (
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + word[at + 1 :],
            word[: at + 1] + word[at:],
        )
    )
    return " ".join(words)
