"""The requests: what shoppers ask, in which words, and which product they mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from assistant.datasets.demo.history import DAY, END, Purchase
from assistant.datasets.demo.knowledge import Kind, Knowledge
from assistant.datasets.demo.people import NEAR_ALTERNATIVES, Shopper, Taste
from assistant.datasets.demo.phrases import load_phrases
from assistant.datasets.demo.shop import Product
from assistant.datasets.demo.wording import capital, listing, pick, spin
from assistant.datasets.rows import RequestRow

STYLES, STYLE_WEIGHTS = ("terse", "sentence", "chatty"), (4, 4, 3)
SAID = 0.12
ALONE = ("specified", "never", "contrary", "present")
PRONOUNS = {"brother": "He", "dad": "He", "nephew": "He"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with its truth. ``unsaid`` tells that it names nothing of the taste; ``manner`` how memory counts."""

    user_id: str
    text: str
    style: str
    target: Product
    memory: str
    oracle_profile: str
    timestamp: int
    manner: str
    unsaid: bool

    def row(self, number: int, split: str) -> RequestRow:
        """The request as the folder holds it."""
        return RequestRow(
            request_id=f"{self.user_id}-r{number}",
            user_id=self.user_id,
            request=self.text,
            style=self.style,
            target_item_ids=(self.target.item_id,),
            timestamp=self.timestamp,
            category=self.target.kind.department,
            split=split,
            memory=self.memory,
            oracle_profile=self.oracle_profile,
        )


def ask(
    shopper: Shopper,
    bought: Sequence[Purchase],
    knowledge: Knowledge,
    shelves: dict[str, list[Product]],
    rng: Random,
) -> list[Asked]:
    """Two to four requests of ``shopper``, after all that they bought: most for memory, about a quarter without."""
    known = {purchase.product.kind.name for purchase in bought}
    tastes = [taste for taste in shopper.tastes.values() if taste.kind.name in known]
    count = rng.choice((2, 3, 3, 4))
    chosen = rng.sample(tastes, min(len(tastes), count))
    asked: list[Asked] = []
    for number, taste in enumerate(chosen):
        timestamp = END + int((number + rng.random()) * 20 * DAY)
        if rng.random() < 0.25:
            asked.append(_ask_alone(shopper, taste, known, bought, knowledge, shelves, timestamp, rng))
        else:
            asked.append(_ask_for_taste(shopper, taste, timestamp, rng))
    return asked


def profile(kind: Kind, values: dict[str, str], brand: str | None) -> str:
    """What is wanted, worded as the shop words it: the kind, the values, the brand."""
    wanted = [kind.attributes[name].values[value] for name, value in values.items()]
    head = ", ".join([" ".join(part for part in (brand, kind.nouns[0]) if part), *(v.title[0] for v in wanted)])
    facts = ". ".join(capital(spin(value.bullet[0], Random(0))) for value in wanted)
    return f"{head}. {kind.department}, {kind.name}. {facts}."


def _ask_for_taste(shopper: Shopper, taste: Taste, timestamp: int, rng: Random) -> Asked:
    """A request that memory helps with; a few name one thing of the taste."""
    phrases, kind = load_phrases()["request"], taste.kind
    style = rng.choices(STYLES, STYLE_WEIGHTS)[0]
    said = rng.random() < SAID
    value = rng.choice(list(taste.values.values())) if said else ""
    text = _fill(pick(phrases["said" if said else style], rng), kind, [value], taste.brand or "", rng)
    return Asked(shopper.user_id, text, style, taste.target, "helps",
                 profile(kind, taste.values, taste.brand), timestamp, "taste", not said)  # fmt: skip


def _ask_alone(
    shopper: Shopper,
    taste: Taste,
    known: set[str],
    bought: Sequence[Purchase],
    knowledge: Knowledge,
    shelves: dict[str, list[Product]],
    timestamp: int,
    rng: Random,
) -> Asked:
    """A request that says itself what is wanted, against the shopper's habits or apart from them."""
    manner = rng.choice(ALONE)
    kind = taste.kind
    if manner == "never":
        new = [k for k in knowledge.kinds.values() if k.name not in known and not shopper.forced(k)]
        manner, kind = ("never", rng.choice(new)) if new else ("specified", kind)
    taken = {purchase.product.item_id for purchase in bought} | {t.target.item_id for t in shopper.tastes.values()}
    target, values = _other_product(taste, kind, shelves[kind.name], taken, rng)
    wanted = {name: target.values[name].name for name in values}
    usual = rng.choice(list(taste.values.values()))
    pattern = pick(load_phrases()["request"][manner], rng)
    if "{brand}" not in pattern and not _singled_out(wanted, None, shelves[kind.name]):
        wanted = {name: value.name for name, value in target.values.items()}
    text = _fill(pattern, kind, list(wanted.values()), target.brand.name, rng, usual)
    if "{brand}" not in pattern and not _singled_out(wanted, None, shelves[kind.name]):
        text = f"{text.rstrip('.')}, {target.brand.name}"
    style = "terse" if len(text) < 45 else "sentence" if len(text) < 90 else "chatty"
    brand = target.brand.name if target.brand.name in text else None
    return Asked(shopper.user_id, text, style, target, "alone", profile(kind, wanted, brand), timestamp, manner, False)


def _other_product(
    taste: Taste, kind: Kind, products: Sequence[Product], taken: set[str], rng: Random
) -> tuple[Product, list[str]]:
    """A product far from the taste (where it is of its kind), and the attributes that tell it from most others."""
    left = [product for product in products if product.item_id not in taken]
    target = min(left, key=lambda p: (len(taste.met(p)) if kind is taste.kind else 0) + rng.random())
    names = list(kind.attributes)
    return target, names[: rng.choice((2, 3))] if len(products) > NEAR_ALTERNATIVES else names


def _singled_out(values: dict[str, str], brand: str | None, products: Sequence[Product]) -> bool:
    return sum(
        brand in (None, product.brand.name) and all(product.has(name, value) for name, value in values.items())
        for product in products
    ) == 1  # fmt: skip


def _fill(pattern: str, kind: Kind, values: Sequence[str], brand: str, rng: Random, usual: str = "") -> str:
    phrases = load_phrases()
    who = rng.choice(phrases["gift"]["who"])
    used = pick(kind.used, rng)
    text = pattern.format(
        asked=rng.choice(kind.asked),
        need=capital(pick(kind.needs, rng)),
        used=used,
        used_line=f"It's for use {used}.",
        context=pick(phrases["request"]["context"], rng),
        value=values[0],
        value_cap=capital(values[0]),
        values=listing(values),
        values_cap=capital(listing(values)),
        brand=brand,
        usual=usual,
        who=who,
        Pronoun=PRONOUNS.get(who.removeprefix("my "), "They" if who in ("a friend", "my boss") else "She"),
    )
    return text if rng.random() < 0.25 else capital(text)
