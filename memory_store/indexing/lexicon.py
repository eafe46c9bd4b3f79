"""The vocabulary of aspects and the word lists, read from ``aspects.toml`` and ``words.toml`` beside this file."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from memory_store.indexing.text import key, stem

MOST_TOKENS = 200_000


@dataclass(frozen=True, slots=True)
class Aspect:
    """One thing that buyers weigh, its ``question`` and its words, as ``aspects.toml`` explains them."""

    name: str
    question: str
    cues: tuple[str, ...]
    values: tuple[str, ...]
    complaints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """What a phrase means: a ``kind`` ("cue", "value" or "complaint") of an aspect.

    ``key`` is the same for every wording of one value, ``text`` the phrase to show where no other is known.
    """

    aspect: str
    kind: str
    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Token:
    """A word as reviews are read by: its stem (slips of the pen mended), what it feels (-1, 0, 1), if it negates."""

    text: str
    stem: str
    feeling: int
    negates: bool


@dataclass(frozen=True, slots=True)
class Lexicon:
    """``terms`` by key of each wording; ``by_first`` holds the first words of terms of several words."""

    aspects: dict[str, Aspect]
    terms: dict[str, Term]
    longest: dict[str, int]
    stop: frozenset[str]
    inner: frozenset[str]
    opens: frozenset[str]
    units: frozenset[str]
    positive: frozenset[str]
    negative: frozenset[str]
    negators: frozenset[str]
    recipients_other: frozenset[str]
    recipients_home: frozenset[str]
    near: dict[str, str]
    _tokens: dict[str, Token]

    def token(self, word: str) -> Token:
        """How a word in lower case is read."""
        found = self._tokens.get(word)
        if found is None:
            root = self.mend(stem(word))
            feeling = (word in self.positive or root in self.positive) - (
                word == "too" or word in self.negative or root in self.negative
            )
            found = Token(word, root, feeling, word in self.negators)
            if len(self._tokens) < MOST_TOKENS:
                self._tokens[word] = found
        return found

    def canonical(self, phrase: str) -> str:
        """The key that all wordings of a value share; another phrase's key is its own."""
        term = self.terms.get(phrase)
        return term.key if term is not None and term.kind == "value" else phrase

    def find(self, stems: Sequence[str]) -> Iterator[tuple[int, int, Term]]:
        """The vocabulary's phrases in a run of stems, the longest at each place, none overlapping another."""
        longest, terms, free = self.longest, self.terms, 0
        for at, word in enumerate(stems):
            if at < free or word not in longest:
                continue
            for size in range(min(longest[word], len(stems) - at), 0, -1):
                term = terms.get(word if size == 1 else " ".join(stems[at : at + size]))
                if term is not None:
                    yield at, at + size, term
                    free = at + size
                    break

    def mend(self, word: str) -> str:
        """A stem that is one slip of the pen away from a word of the vocabulary, as that word; else as it is."""
        if len(word) < 6 or word in self.longest:
            return word
        for shorter in (word, *_one_less(word)):
            if (found := self.near.get(shorter)) is not None and abs(len(found) - len(word)) < 2:
                return found
        return word


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """The vocabulary that ships with the package."""
    folder = resources.files("memory_store.indexing")
    aspects = [
        Aspect(row["name"], row["question"], tuple(row["cues"]), tuple(row["values"]), tuple(row["complaints"]))
        for row in tomllib.loads((folder / "aspects.toml").read_text("utf-8"))["aspect"]
    ]
    lists = {
        name: frozenset(stem(word) for word in text.split()) | frozenset(text.split())
        for name, text in tomllib.loads((folder / "words.toml").read_text("utf-8")).items()
    }
    terms = _terms(aspects)
    longest: dict[str, int] = {}
    for phrase in terms:
        parts = phrase.split()
        longest[parts[0]] = max(longest.get(parts[0], 0), len(parts))
    near = _near({word for phrase in terms for word in phrase.split() if len(word) >= 6})
    return Lexicon({aspect.name: aspect for aspect in aspects}, terms, longest, near=near, _tokens={}, **lists)


def _terms(aspects: Sequence[Aspect]) -> dict[str, Term]:
    terms: dict[str, Term] = {}
    for aspect in aspects:
        for value in aspect.values:
            wordings = value.split("|")
            for wording in wordings:
                terms.setdefault(key(wording), Term(aspect.name, "value", key(wordings[0]), wordings[0]))
        for kind, listed in (("complaint", aspect.complaints), ("cue", aspect.cues)):
            for phrase in listed:
                terms.setdefault(key(phrase), Term(aspect.name, kind, key(phrase), phrase))
    return terms


def _one_less(word: str) -> Iterator[str]:
    return (word[:at] + word[at + 1 :] for at in range(1, len(word)))


def _near(vocabulary: set[str]) -> dict[str, str]:
    """Each long word of the vocabulary by itself less one letter; a form that two words share is left out."""
    near: dict[str, str] = {}
    shared: set[str] = set()
    for word in sorted(vocabulary):
        for form in {word, *_one_less(word)}:
            if near.setdefault(form, word) != word:
                shared.add(form)
    return {form: word for form, word in near.items() if form not in shared}
