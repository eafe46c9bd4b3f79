"""Events as plain dictionaries, for the session store, and back."""

from __future__ import annotations

from functools import lru_cache
from typing import get_args

from pydantic import TypeAdapter

from assistant.types import Event

_KINDS = {kind.__name__: kind for kind in get_args(Event)}


@lru_cache
def _adapter(name: str) -> TypeAdapter[Event]:
    return TypeAdapter(_KINDS[name])


def to_dict(event: Event) -> dict[str, object]:
    """The event as JSON-ready values, with its class name under ``event``."""
    name = type(event).__name__
    return {"event": name, **_adapter(name).dump_python(event, mode="json")}


def from_dict(values: dict[str, object]) -> Event:
    """The inverse of ``to_dict``. Raises pydantic.ValidationError or KeyError for what it did not write."""
    rest = dict(values)
    return _adapter(str(rest.pop("event"))).validate_python(rest)
