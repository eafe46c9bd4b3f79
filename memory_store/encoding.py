"""Text that every encoding takes."""

from __future__ import annotations


def encodable(text: str) -> str:
    """The text with lone surrogates, which UTF-8 does not take, as question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")
