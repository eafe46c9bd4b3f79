"""Reviews in the shoppers' own voices, worded by the knowledge: what they liked, missed, regretted or gave away."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random

from assistant.datasets.demo.knowledge import Value
from assistant.datasets.demo.people import Shopper
from assistant.datasets.demo.phrases import load_phrases
from assistant.datasets.demo.shop import Product
from assistant.datasets.demo.wording import capital, pick, sentence, slip

_OWN = re.compile(r"\b(I|my|me|I'\w+|our|we)\b")
LENGTHS = {"terse": (1, 2), "plain": (2, 3), "chatty": (3, 5), "keen": (2, 4), "grumpy": (2, 3), "wry": (2, 4)}


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a shopper makes of a product, before it is put into words.

    ``liked`` and ``missed`` are the attributes that are and are not as wanted; ``wanted`` says how, by attribute.
    ``former`` is an attribute's value that is no longer wanted. ``loyal`` is the brand wanted, None where any will do.
    """

    rating: int
    liked: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()
    wanted: dict[str, str] | None = None
    loyal: str | None = None
    former: tuple[str, str] | None = None
    present: bool = False
    telling: bool = False


@dataclass(frozen=True, slots=True)
class Review:
    rating: int
    title: str
    text: str


def write_review(shopper: Shopper, product: Product, opinion: Opinion, rng: Random) -> Review:
    """The review of ``product`` that ``shopper`` leaves. A ``telling`` opinion is never left unsaid."""
    if opinion.present:
        return _write_present(product, opinion, rng)
    phrases = load_phrases()
    mood = "great" if opinion.rating >= 4 else "fine" if opinion.rating == 3 else "poor"
    if not opinion.telling and rng.random() < shopper.silent:
        return Review(opinion.rating, rng.choice(("", "", pick(phrases["title"][mood], rng))),
                      rng.choice(phrases["filler"][mood]))  # fmt: skip
    clauses = _clauses(shopper, product, opinion, mood, rng)
    title = _title(shopper, product, opinion, mood, rng)
    text = _compose(shopper, product, clauses, mood, rng)
    if rng.random() < shopper.slips:
        text = slip(text, rng)
    return Review(opinion.rating, title, text)


def _write_present(product: Product, opinion: Opinion, rng: Random) -> Review:
    phrases = load_phrases()["gift"]
    value = rng.choice(list(product.values.values()))
    clause = pick([text for text in (*value.good, *product.kind.praise) if not _OWN.search(text)] or ["it fits"], rng)
    text = pick(phrases["texts"], rng).format(who=rng.choice(phrases["who"]), clause="\0")
    starts = text.startswith("\0") or ". \0" in text
    return Review(opinion.rating, rng.choice(phrases["titles"]),
                  text.replace("\0", capital(clause) if starts else clause))  # fmt: skip


def _clauses(shopper: Shopper, product: Product, opinion: Opinion, mood: str, rng: Random) -> list[str]:
    """What is said, the most telling first; cut to the shopper's usual length, but for what is telling."""
    phrases = load_phrases()["middle"]
    kind, wanted = product.kind, opinion.wanted or {}
    said: list[str] = []
    liked = [product.values[name] for name in opinion.liked]
    missed = [name for name in opinion.missed if name in product.values]
    rng.shuffle(liked)
    rng.shuffle(missed)
    if mood == "poor":
        for name in missed[:2]:
            said.append(pick(product.values[name].bad, rng))
        if missed and rng.random() < 0.6:
            said.append(pick(phrases["want"], rng).format(value=wanted[missed[0]]))
        if not missed:
            said += [pick(text, rng) for text in rng.sample([list(kind.complaint)] * 2, 1)]
        if opinion.loyal and opinion.loyal != product.brand.name and rng.random() < 0.4:
            said.append(pick(phrases["brand_bad"], rng).format(brand=product.brand.name, liked=opinion.loyal))
    else:
        said += [pick(_sayable(value, rng), rng) for value in liked[: 3 if mood == "great" else 1]]
        if mood == "fine" and missed:
            said.append(pick(product.values[missed[0]].bad, rng))
        if missed and rng.random() < 0.55:
            said.append(pick(phrases["wish"], rng).format(value=wanted[missed[0]]))
        if opinion.loyal == product.brand.name and rng.random() < 0.6:
            said.append(pick(phrases["again"], rng).format(noun=product.noun.lower(), brand=product.brand.name))
    if opinion.former:
        attribute, old = opinion.former
        said.insert(0, pick(phrases["changed"], rng).format(value=old, liked=wanted[attribute]))
    fewest, most = LENGTHS[shopper.voice]
    length = max(rng.randint(fewest, most), 2 if opinion.telling else 1)
    return said[:length] + _small_talk(shopper, product, mood, length - len(said), rng)


def _sayable(value: Value, rng: Random) -> tuple[str, ...]:
    """The praise of ``value``: mostly the sentences that say it by name."""
    named = tuple(text for text in value.good if value.name.lower() in text.lower())
    return named if named and rng.random() < 0.7 else value.good


def _small_talk(shopper: Shopper, product: Product, mood: str, wanted: int, rng: Random) -> list[str]:
    """Up to ``wanted`` clauses about nothing that was chosen: use, quality, price, and what the shopper lets slip."""
    phrases, kind = load_phrases()["middle"], product.kind
    suited = {trait for value in product.values.values() for trait in value.suits}
    near = {trait for one in kind.attributes.values() for value in one.values.values() for trait in value.suits}
    talk = [pick(kind.complaint if mood == "poor" else kind.praise, rng)]
    talk.append(pick(phrases["used"], rng).format(used=pick(kind.used, rng)))
    for trait in shopper.traits:
        if trait.name in suited or (trait.name in near and rng.random() < 0.2):
            talk.append(pick(trait.says, rng))
    if mood == "great" and rng.random() < 0.25:
        dear = product.price > kind.price[0] * 1.4
        cheap = product.price < kind.price[0] * 0.75
        if dear or cheap:
            talk.append(pick(phrases["dear" if dear else "cheap"], rng))
    rng.shuffle(talk)
    return talk[: max(0, wanted)]


def _title(shopper: Shopper, product: Product, opinion: Opinion, mood: str, rng: Random) -> str:
    if rng.random() < 0.12:
        return ""
    names = opinion.liked if mood == "great" else ()
    if names and rng.random() < 0.3:
        value = product.values[rng.choice(names)].name
        return rng.choice((capital(value), f"{capital(value)}, at last", f"Good if you want {value}"))
    title = pick(load_phrases()["title"][mood], rng)
    return title.lower() if shopper.voice == "terse" and rng.random() < 0.5 else title


def _compose(shopper: Shopper, product: Product, clauses: list[str], mood: str, rng: Random) -> str:
    phrases = load_phrases()
    parts = [sentence(text) for text in _joined(clauses, rng)]
    noun = product.noun.lower()
    if mood == "poor" and shopper.voice in ("wry", "grumpy") and rng.random() < 0.6:
        parts.insert(0, pick(phrases["middle"]["sarcasm"], rng).format(noun=noun))
    elif rng.random() < 0.6 and (mood == "great" or shopper.voice != "keen"):
        parts.insert(0, pick(phrases["opening"][shopper.voice], rng).format(noun=noun))
    if rng.random() < 0.45 and shopper.voice != "terse":
        parts.append(pick(phrases["closing"][mood], rng))
    text = " ".join(part for part in parts if part)
    if shopper.voice == "terse" and rng.random() < 0.6:
        text = text.lower().rstrip(".")
    if shopper.voice == "keen" and mood == "great":
        text = text.replace(". ", "! ", 1)
    return text


def _joined(clauses: list[str], rng: Random) -> list[str]:
    """Some neighbours joined into one sentence."""
    parts: list[str] = []
    for clause in clauses:
        short = parts and len(parts[-1]) + len(clause) < 90 and not parts[-1].endswith((".", "!", "?"))
        if short and rng.random() < 0.4:
            parts[-1] += rng.choice((", ", ", ", " and ", " - ")) + clause
        else:
            parts.append(clause)
    return parts
