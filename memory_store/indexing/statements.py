"""The fixed vocabulary of written tastes, both ways: one statement as a sentence, and the sentence read again.

Shampoo: prefers fragrance-free; praised in 3 reviews.
Across categories: avoids wool (Hats, Sweaters).
Tents: usually buys NORDVIK (4 of 6).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

ACROSS = "Across categories"
"""What stands in the place of the category in a profile statement."""


class Lead(StrEnum):
    """What a statement says of its value; the words a reader looks for."""

    PREFERS = "prefers"
    AVOIDS = "avoids"
    BUYS = "usually buys"
    PAYS = "usually pays"
    LATELY = "lately prefers"
    SHOPS_FOR = "often shops for"
    CARES = "cares about"


LIKES = (Lead.PREFERS, Lead.LATELY, Lead.BUYS)
"""What says that a value is liked."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One taste. ``category`` is "" across categories, then ``places`` names where it showed.

    ``value`` is a phrase as items or reviews use it (a brand, "$12 to $20", "wide fit"); ``formerly`` is what
    ``LATELY`` has replaced; ``evidence`` is the reason in words.
    """

    lead: Lead
    value: str
    category: str = ""
    formerly: str = ""
    evidence: str = ""
    places: tuple[str, ...] = ()

    def text(self) -> str:
        """The statement as one sentence."""
        value = f"{self.value}, no longer {self.formerly}" if self.formerly else self.value
        if self.lead is Lead.BUYS and self.evidence:
            return f"{self.category or ACROSS}: {self.lead} {value} ({self.evidence})."
        if self.places:
            value += f" ({', '.join(self.places)})"
        tail = f"; {self.evidence}" if self.evidence else ""
        return f"{self.category or ACROSS}: {self.lead} {value}{tail}."


_LEADS = "|".join(sorted((lead.value for lead in Lead), key=len, reverse=True))
_FORM = re.compile(rf"^(?P<category>.+?): (?P<lead>{_LEADS}) (?P<body>.+)\.$", re.DOTALL)
_BRACKETED = re.compile(r"^(?P<value>.+) \((?P<inside>[^()]+)\)$", re.DOTALL)
_MARKS = re.compile(r"\s*[;,()\n\r]+\s*")


def read_statement(text: str) -> Statement | None:
    """The statement that a memory text makes; None where it is not one (a behaviour, a model's free words)."""
    form = _FORM.match(text.strip())
    if form is None:
        return None
    value, _, evidence = form["body"].partition("; ")
    category = "" if form["category"] == ACROSS else form["category"]
    lead, formerly = Lead(form["lead"]), ""
    places: tuple[str, ...] = ()
    if bracketed := _BRACKETED.match(value):
        value = bracketed["value"]
        if lead is Lead.BUYS:
            evidence = bracketed["inside"]
        else:
            places = tuple(bracketed["inside"].split(", "))
    if lead is Lead.LATELY:
        value, _, formerly = value.partition(", no longer ")
    return Statement(lead, value, category, formerly, evidence, places)


def plain(text: str) -> str:
    """A name (a category, a brand) without the marks that the sentence's form is made of."""
    return _MARKS.sub(" ", text).strip()
