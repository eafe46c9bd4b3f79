"""The rows of a dataset folder, checked field by field: until then what a file holds is untrusted."""

from __future__ import annotations

import hashlib
import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from assistant.types import Item
from memory_store.types import UserRecord

ID_LENGTH, NAME_LENGTH, TITLE_LENGTH, TEXT_LENGTH = 200, 120, 1_000, 20_000
LIST_LENGTH = 64
EARLIEST = 631_152_000_000  # 1990-01-01 in milliseconds: no shop took orders online before
DAY = 86_400_000
SPLITS = ("train", "dev", "test")
MEMORY_USES = ("helps", "alone")

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_DRAWING_VALUE = re.compile(r"[\w #.,%+-]{0,60}")

T = TypeVar("T")


class RowError(ValueError):
    """The row cannot be used; the message is the reason it is counted under."""


@dataclass(frozen=True, slots=True)
class InteractionRow:
    """One checked interaction. ``timestamp`` is in milliseconds (UTC), None where unknown; ``line`` counts from 1."""

    user_id: str
    item_id: str
    rating: float | None
    title: str
    text: str
    timestamp: int | None
    line: int

    @property
    def behaviour_id(self) -> str:
        """An id drawn from the content: the same row has the same id in every import."""
        parts = (self.user_id, self.item_id, str(self.timestamp), str(self.rating), self.title, self.text)
        return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=12).hexdigest()


@dataclass(frozen=True, slots=True)
class RequestRow:
    """One checked request. ``memory`` says whether memory "helps" or is to be left "alone", None where not known."""

    request_id: str
    user_id: str | None
    request: str
    style: str
    target_item_ids: tuple[str, ...]
    timestamp: int | None
    category: str
    split: str
    memory: str | None = None
    oracle_profile: str | None = None
    line: int = 0


@dataclass(slots=True)
class Fields:
    """A row's fields with the checks. ``mended`` collects what was dropped or cut: (reason, outcome)."""

    row: Mapping[str, object]
    mended: list[tuple[str, str]] = field(default_factory=list)

    def text(self, name: str, limit: int, *, required: bool = False) -> str:
        """Field ``name`` as a clean text of at most ``limit`` characters; "" where absent and not required."""
        value = self.row.get(name)
        if value is None and not required:
            return ""
        if not isinstance(value, str):
            raise RowError(f"{name}: missing" if value is None else f"{name}: not a text")
        cleaned = self._clean(name, value, limit)
        if required and not cleaned:
            raise RowError(f"{name}: empty")
        return cleaned

    def identifier(self, name: str) -> str:
        """Field ``name`` as an id: kept as it is or refused, since a changed id would join with nothing."""
        value = self.row.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if value is None:
            raise RowError(f"{name}: missing")
        return check_identifier(name, value)

    def number(self, name: str, low: float, high: float) -> float | None:
        """Field ``name`` as a finite number between ``low`` and ``high``, None where absent."""
        value = self.row.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise RowError(f"{name}: not a number")
        if not math.isfinite(value):
            raise RowError(f"{name}: not a finite number")
        if not low <= value <= high:
            raise RowError(f"{name}: not between {low:g} and {high:g}")
        return float(value)

    def timestamp(self) -> int | None:
        """``timestamp`` in milliseconds, between 1990 and tomorrow, None where absent."""
        value = self.row.get("timestamp")
        if value is None:
            return None
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise RowError("timestamp: not a whole number of milliseconds")
        if not EARLIEST <= value <= time.time() * 1000 + DAY:
            raise RowError("timestamp: not between 1990 and tomorrow (milliseconds)")
        return value

    def texts(self, name: str, limit: int) -> tuple[str, ...]:
        """Field ``name`` as a list of clean, non-empty texts, () where absent."""
        value = self.row.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
            raise RowError(f"{name}: not a list of texts")
        if len(value) > LIST_LENGTH:
            self.mended.append((f"{name}: more than {LIST_LENGTH} entries", "text cut"))
        cleaned = (self._clean(name, part, limit) for part in value[:LIST_LENGTH])
        return tuple(part for part in cleaned if part)

    def drawing(self, name: str) -> dict[str, str] | None:
        """Field ``name`` as a small object of plain words (how to draw something), None where absent."""
        value = self.row.get(name)
        if value is None:
            return None
        if not isinstance(value, dict) or len(value) > LIST_LENGTH:
            raise RowError(f"{name}: not a small object")
        pairs = {key: str(part) for key, part in value.items() if isinstance(part, str | int | float)}
        if len(pairs) != len(value) or not all(_DRAWING_VALUE.fullmatch(part) for part in (*pairs, *pairs.values())):
            raise RowError(f"{name}: not plain words")
        return pairs

    def optional(self, read: Callable[[], T], instead: T) -> T:
        """What ``read`` gives; where the value is wrong, ``instead``, and the reason is noted."""
        try:
            return read()
        except RowError as error:
            self.mended.append((str(error), "value dropped"))
            return instead

    def _clean(self, name: str, text: str, limit: int) -> str:
        if _CONTROL.search(text):
            self.mended.append((f"{name}: control characters", "text cut"))
            text = _CONTROL.sub("", text)
        text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
        if len(text) > limit:
            self.mended.append((f"{name}: longer than {limit:,} characters", "text cut"))
        return text[:limit]


def check_identifier(name: str, value: object) -> str:
    """``value`` as an id of at most 200 visible characters.

    Raises:
        RowError: it is anything else.
    """
    if not isinstance(value, str):
        raise RowError(f"{name}: not a text")
    if not value.strip() or len(value) > ID_LENGTH or value != value.strip() or not value.isprintable():
        raise RowError(f"{name}: not 1 to {ID_LENGTH} visible characters")
    return value


ITEM_FIELDS = frozenset(Item.__slots__)
INTERACTION_FIELDS = frozenset(InteractionRow.__slots__) - {"line"}
USER_FIELDS = frozenset(UserRecord.__slots__)
REQUEST_FIELDS = frozenset(RequestRow.__slots__) - {"line"}


def read_item(fields: Fields) -> Item:
    """An ``items`` row: an id and a title are needed, anything else that is wrong is dropped and noted.

    Raises:
        RowError: without a usable id or title.
    """
    count = fields.optional(lambda: fields.number("rating_number", 0, 1e9), None)
    return Item(
        item_id=fields.identifier("item_id"),
        title=fields.text("title", TITLE_LENGTH, required=True),
        brand=fields.optional(lambda: fields.text("brand", NAME_LENGTH), "") or None,
        category=fields.optional(lambda: fields.text("category", NAME_LENGTH), ""),
        categories=fields.optional(lambda: fields.texts("categories", NAME_LENGTH), ()),
        price=fields.optional(lambda: fields.number("price", 0, 1e9), None),
        average_rating=fields.optional(lambda: fields.number("average_rating", 1, 5), None),
        rating_number=None if count is None else int(count),
        features=fields.optional(lambda: fields.texts("features", TEXT_LENGTH), ()),
        description=fields.optional(lambda: fields.text("description", TEXT_LENGTH), ""),
        picture=fields.optional(lambda: fields.drawing("picture"), None),
    )


def read_interaction(fields: Fields, line: int) -> InteractionRow:
    """An ``interactions`` row: user and item are needed; a wrong rating, text or time makes the whole row doubtful.

    Raises:
        RowError: a field is missing, of another type or out of its range.
    """
    return InteractionRow(
        user_id=fields.identifier("user_id"),
        item_id=fields.identifier("item_id"),
        rating=fields.number("rating", 1, 5),
        title=fields.text("title", TITLE_LENGTH),
        text=fields.text("text", TEXT_LENGTH),
        timestamp=fields.timestamp(),
        line=line,
    )


def read_user(fields: Fields) -> UserRecord:
    """A ``users`` row: an id and a name are needed.

    Raises:
        RowError: without a usable id or name, or with a ``persona`` that is not true or false.
    """
    persona = fields.row.get("persona") or False
    if not isinstance(persona, bool):
        raise RowError("persona: not true or false")
    return UserRecord(
        user_id=fields.identifier("user_id"),
        name=fields.text("name", NAME_LENGTH, required=True),
        bio=fields.optional(lambda: fields.text("bio", TITLE_LENGTH), ""),
        persona=persona,
        openers=fields.optional(lambda: fields.texts("openers", TITLE_LENGTH), ()),
        avatar=fields.optional(lambda: fields.drawing("avatar"), None),
    )


def read_request(fields: Fields, line: int) -> RequestRow:
    """A ``requests`` row: the evaluation's input, so that any wrong field refuses the row.

    Raises:
        RowError: a field is missing, of another type or not among its values.
    """
    targets = fields.row.get("target_item_ids")
    if not isinstance(targets, list) or not 1 <= len(targets) <= 10_000:
        raise RowError("target_item_ids: not a list of one id or more")
    return RequestRow(
        request_id=fields.identifier("request_id"),
        user_id=None if fields.row.get("user_id") is None else fields.identifier("user_id"),
        request=fields.text("request", TEXT_LENGTH, required=True),
        style=fields.text("style", NAME_LENGTH) or "sentence",
        target_item_ids=tuple(dict.fromkeys(check_identifier("target_item_ids", target) for target in targets)),
        timestamp=fields.timestamp(),
        category=fields.text("category", NAME_LENGTH),
        split=_one_of("split", fields.text("split", NAME_LENGTH), SPLITS) or "train",
        memory=_one_of("memory", fields.text("memory", NAME_LENGTH), MEMORY_USES) or None,
        oracle_profile=fields.text("oracle_profile", TEXT_LENGTH) or None,
        line=line,
    )


def _one_of(name: str, value: str, choices: tuple[str, ...]) -> str:
    if value and value not in choices:
        raise RowError(f"{name}: not one of {', '.join(choices)}")
    return value
