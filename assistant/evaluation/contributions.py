"""How much the memories shown contribute: MPC to the profile, MRC to the target item (PAPER, "The setting").

The paper gives neither thresholds nor word lists, so this is our definition, and its figures equal nobody else's:

* The keywords of a text are its content words (``assistant.words``), singular, less those of the request and less the
  words that every memory is written with ("prefers", "bought", "buyers", "stars", ...). Of a memory that is a
  statement only the value counts, not the category it is filed under.
* A memory contributes to a text when it shares at least one keyword with it.
* MPC of a request is the share of the memories shown that contribute to the ideal item profile, MRC the share that
  contribute to a target item's metadata; local and global memories apart. A request that was shown none is left out.
"""

from __future__ import annotations

from collections.abc import Sequence

from assistant.words import content_words
from memory_store.indexing.statements import read_statement

DEFINITION = (
    "MPC (MRC): the share of the memories shown that share at least one keyword with the ideal item profile (with the "
    "target's metadata). Keywords are content words, singular, that neither stand in the request nor belong to the "
    "form in which memories are written; of a statement only its value counts. Ours; the paper publishes none."
)
_FORM = """
across avoid bought buy buyer care category complained disliked item lately liked longer often pay praised prefer
products review shop star usually weigh whether
"""
FORM_WORDS = frozenset(_FORM.split())


def keywords(text: str) -> frozenset[str]:
    """The content words of a text, singular, without the words of the memories' form."""
    statement = read_statement(text)
    words = content_words(statement.value if statement else text)
    return frozenset(_singular(word) for word in words) - FORM_WORDS


def contribution(memories: Sequence[str], request: str, text: str) -> float | None:
    """The share of the memories that contribute to ``text``, None where there are none."""
    if not memories:
        return None
    said = frozenset(_singular(word) for word in content_words(request))
    wanted = frozenset(_singular(word) for word in content_words(text)) - said
    return sum(bool(keywords(memory) & wanted) for memory in memories) / len(memories)


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
