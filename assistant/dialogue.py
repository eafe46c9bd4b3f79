"""What a message means in its conversation: a new request, a change to the standing one, or talk.

Read by rules, so that any policy gets the same standing request. The cues are short and literal; what is not clearly
a follow-up or talk is a request.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pydantic import TypeAdapter

from assistant import cues
from assistant.catalogue.constraints import merge
from assistant.catalogue.reading import read_constraints
from assistant.catalogue.search import Catalogue
from assistant.errors import AssistantError
from assistant.presents import about_what
from assistant.types import Act, Constraints, Item, MemoryHit, Recommendation, Request

MAX_REQUEST = 2_000
MAX_STANDING = 600
KIND_SAMPLE = 10
KIND_MAJORITY = 6


class UnreadableMessage(AssistantError):
    """The message is empty, or longer than a request can be; the person is told which."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """What stands between two turns: the request so far, and what the last answer recommended and recalled."""

    standing: Request | None = None
    recommendations: tuple[Recommendation, ...] = ()
    hits: tuple[MemoryHit, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Plain JSON values, for the checkpoint."""
        return _CONVERSATION.dump_python(self, mode="json")

    @classmethod
    def from_dict(cls, values: dict[str, object] | None) -> Conversation:
        """The inverse of ``to_dict``; a new conversation where there was none."""
        return _CONVERSATION.validate_python(values) if values else cls()


_CONVERSATION = TypeAdapter(Conversation)


_POSITIONS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "1st": 1, "2nd": 2, "3rd": 3, "last": -1}


def clean_message(message: str) -> str:
    """The message without control characters, white space folded. Raises UnreadableMessage."""
    kept = (
        " " if char in "\n\r\t" else char
        for char in message
        if char in "\n\r\t" or unicodedata.category(char)[0] != "C"
    )
    text = " ".join("".join(kept).split())
    if not text:
        raise UnreadableMessage("That message is empty. Tell me what you are looking for, in a few words.")
    if len(text) > MAX_REQUEST:
        raise UnreadableMessage(
            f"That message has {len(text):,} characters, and I read up to {MAX_REQUEST:,}. "
            "Tell me what you are looking for in a sentence or two."
        )
    return text


class Dialogue:
    """Reads messages against the standing request. ``catalogue`` tells brands, categories, and kinds of product."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._brands = catalogue.brands
        self._categories = tuple(catalogue.items.categories())

    def read(self, message: str, conversation: Conversation) -> tuple[Act, Request]:
        """The message's act, and the standing request after it (unchanged for talk). Raises UnreadableMessage."""
        text = clean_message(message)
        standing = conversation.standing
        if act := self._talk(text, conversation):
            return act, standing or Request(text)
        if standing is None:
            return Act.REQUEST, self.new_request(text)
        return self._follow_up(text, standing, conversation.recommendations)

    def new_request(self, text: str) -> Request:
        """A request that stands alone, its constraints read from its words; of a present, what it is about."""
        constraints, rest = read_constraints(text, brands=self._brands, categories=self._categories)
        other = recipient(text)
        return Request(about_what(rest or text) if other else rest or text, constraints, other)

    def _talk(self, text: str, conversation: Conversation) -> Act | None:
        if cues.SMALL_TALK.match(text):
            return Act.SMALL_TALK
        if cues.ABOUT_ME.search(text):
            return Act.ABOUT_ME
        if cues.OFF_TOPIC.search(text):
            return Act.OFF_TOPIC
        if conversation.recommendations:
            if cues.WHY.match(text):
                return Act.WHY
            if cues.COMPARE.search(text) and (cues.TWO_NUMBERS.search(text) or len(text.split()) <= 5):
                return Act.COMPARE
        return None

    def _follow_up(
        self, text: str, standing: Request, recommendations: Sequence[Recommendation]
    ) -> tuple[Act, Request]:
        items = [recommendation.item for recommendation in recommendations]
        if cues.MORE.match(text) and items:
            seen = (*standing.excluded_item_ids, *(item.item_id for item in items))
            return Act.MORE, replace(standing, excluded_item_ids=tuple(dict.fromkeys(seen)))
        if whom := cues.FOR_WHOM.match(text):
            other = None if cues.FOR_ME.match(whom[1].strip()) else whom[1].strip()
            return Act.FOR_OTHER, replace(standing, recipient=other, excluded_item_ids=())
        if (like := cues.MORE_LIKE.search(text)) and items:
            item = chosen(like[1], items)
            return Act.REFINE, replace(standing, text=_shorten(item.title), excluded_item_ids=(item.item_id,))
        constraints = self._relative(text, items)
        if constraints or self._refines(text, standing):
            return Act.REFINE, self._refine(text, standing, constraints)
        return Act.REQUEST, self.new_request(text)

    def _relative(self, text: str, items: Sequence[Item]) -> Constraints:
        """Constraints that a follow-up states against what was shown: cheaper, dearer, another brand."""
        prices = sorted(item.price for item in items[:3] if item.price is not None)
        constraints = Constraints()
        if prices and cues.CHEAPER.search(text):
            constraints = replace(constraints, price_max=_just_under(prices[len(prices) // 2]))
        if prices and cues.DEARER.search(text):
            constraints = replace(constraints, price_min=prices[len(prices) // 2])
        if cues.OTHER_BRAND.search(text) and items and items[0].brand:
            constraints = replace(constraints, excluded_brands=(items[0].brand,))
        return constraints

    def _refines(self, text: str, standing: Request) -> bool:
        if (
            cues.CHEAPER.search(text)
            or cues.DEARER.search(text)
            or cues.OTHER_BRAND.search(text)
            or cues.REFINING.match(text)
        ):
            return True
        constraints, rest = read_constraints(text, brands=self._brands, categories=self._categories)
        if constraints and len(rest.split()) <= 2 and self._kind(rest) in (None, self._kind(standing.text)):
            return True
        return len(text.split()) <= 3 and self._kind(text) in (None, self._kind(standing.text))

    def _kind(self, text: str) -> str | None:
        """The kind of product that a text names on its own: what most of its nearest items are; None when unclear."""
        found = self._catalogue.search(text, k=KIND_SAMPLE)
        kinds = Counter(item.kind() for item in self._catalogue.items.many(found.item_ids).values())
        kind, count = kinds.most_common(1)[0] if kinds else ("", 0)
        return kind if count >= KIND_MAJORITY else None

    def _refine(self, text: str, standing: Request, relative: Constraints) -> Request:
        stated, rest = read_constraints(text, brands=self._brands, categories=self._categories)
        for cue in (cues.CHEAPER, cues.DEARER, cues.OTHER_BRAND):
            rest = cue.sub("", rest)
        wish = cues.POLITE_TAIL.sub("", cues.REFINING_LEAD.sub("", rest)).strip(" ,.?!")
        base = cues.COLOUR.sub("", standing.text) if cues.COLOUR.search(wish) else standing.text
        combined = ", ".join(part for part in (" ".join(base.split()).strip(" ,"), wish) if part)
        constraints = merge(merge(standing.constraints, stated), relative)
        other = recipient(text) or standing.recipient
        return Request(combined[:MAX_STANDING], constraints, other)


def recipient(text: str) -> str | None:
    """Who the request is for when it is plainly not the shopper ("sister", "somebody" for a gift without a name)."""
    if match := cues.FOR_ADULT.search(text) or cues.OCCASION.search(text):
        return match[1].lower()
    if cues.GIFT.search(text):
        whom = cues.GIFT_FOR.search(text)
        return whom[1].lower() if whom else "somebody"
    return None


def chosen(number: str | None, items: Sequence[Item]) -> Item:
    """The item that "2", "third" or "last" names among those shown; the first when nothing is named."""
    if number is None:
        return items[0]
    position = _POSITIONS.get(number.lower()) or int(number)
    return items[-1] if position == -1 else items[min(max(position, 1), len(items)) - 1]


def named_numbers(text: str) -> list[str]:
    """Every number word of a message that can name a recommendation, in order."""
    return [match[1] for match in cues.NUMBER_WORD.finditer(text)]


def _just_under(price: float) -> float:
    return max(0.01, round(price - 0.01, 2))


def _shorten(title: str) -> str:
    return " ".join(title.split()[:14])
