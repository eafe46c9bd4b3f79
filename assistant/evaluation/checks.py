"""The checks that make figures trustworthy: before a run, that no answer stands in the memory; after it, that nobody
was told one, and that every setting answered every request. Each failure stops the experiment and says where."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from assistant.catalogue.items import Items
from assistant.datasets.rows import RequestRow
from assistant.evaluation.errors import EvaluationError, LeakError
from assistant.evaluation.rows import Row
from memory_store.store import MemoryStore
from memory_store.types import Behaviour, MemoryEntry

TELLING_TITLE = 4
"""Titles of fewer words are written by chance."""
IMPLAUSIBLE_SHARE = 0.05
SHOWN = 5
MOST_ENTRIES = 1_000_000

_WORD = re.compile(r"[^\W_]+")


def words_of(text: str) -> str:
    """The words of a text in lower case, a space before, between and after them: contained is then said."""
    return f" {' '.join(_WORD.findall(text.lower()))} "


def says_title(text: str, title: str) -> bool:
    """Whether ``text`` (as ``words_of`` gives it) holds a title whole; titles of under four words never count."""
    words = words_of(title)
    return words.count(" ") > TELLING_TITLE and words in text


def check_before(requests: Sequence[RequestRow], items: Items, memory: MemoryStore) -> dict[str, int]:
    """What was checked, by name and count.

    Raises EvaluationError for a request without a target in the catalogue, LeakError for a user whose memory holds
    a target of theirs, or anything from the time of one of their requests or later (so also the review that a
    request was written from).
    """
    titles = check_targets(requests, items)
    asked: dict[str, list[RequestRow]] = {}
    for request in requests:
        if request.user_id is not None:
            asked.setdefault(request.user_id, []).append(request)
    checked, leaks = Counter(requests=len(requests), users=len(asked)), []
    for user_id, theirs in asked.items():
        behaviours = memory.behaviours.of_user(user_id)
        entries = memory.hierarchy.entries(user_id, limit=MOST_ENTRIES)
        checked.update(behaviours=len(behaviours), entries=len(entries))
        for request in theirs:
            leaks += [f"request {request.request_id}: {leak}" for leak in _leaks(request, behaviours, entries, titles)]
    entries = memory.hierarchy.entries(None, limit=MOST_ENTRIES)
    checked.update(global_entries=len(entries))
    leaks += [f"the global memory tells the title of {item_id}" for item_id in _told_to_all(entries, titles)]
    if leaks:
        more = f"; and {len(leaks) - SHOWN} more" if len(leaks) > SHOWN else ""
        raise LeakError(
            f"The memory holds what is to be found out, in {len(leaks)} places: {'; '.join(leaks[:SHOWN])}{more}. "
            "Take these interactions out of the dataset folder and import it into a new store."
        )
    return dict(checked)


def check_targets(requests: Iterable[RequestRow], items: Items) -> dict[str, str]:
    """The titles of all targets by item id. Raises EvaluationError where a request's are all missing."""
    requests = list(requests)
    wanted = list(dict.fromkeys(target for request in requests for target in request.target_item_ids))
    titles = {item_id: item.title for item_id, item in items.many(wanted).items()}
    lost = [request.request_id for request in requests if not titles.keys() & set(request.target_item_ids)]
    if lost:
        raise EvaluationError(
            f"{len(lost)} requests have no target in the catalogue, so nothing can meet them: "
            f"{', '.join(lost[:SHOWN])}. Add the items, or take the requests out of the dataset folder."
        )
    return titles


def check_after(rows: Sequence[Row], requests: Sequence[RequestRow], settings: Sequence[str]) -> None:
    """That each setting has each request once and no other; that no policy is told its targets.

    Raises EvaluationError or LeakError.
    """
    asked = Counter(request.request_id for request in requests)
    for setting in settings:
        theirs = Counter(row.request_id for row in rows if row.setting == setting)
        if theirs != asked:
            missing, extra = sorted((asked - theirs).elements()), sorted((theirs - asked).elements())
            raise EvaluationError(
                f"setting {setting} does not have every request once: {len(missing)} missing "
                f"({', '.join(missing[:SHOWN])}), {len(extra)} too many ({', '.join(extra[:SHOWN])})"
            )
        _check_titles(setting, [row for row in rows if row.setting == setting])


def _check_titles(setting: str, rows: Sequence[Row]) -> None:
    """A title that neither request nor memory holds cannot be guessed word by word: at most now and then."""
    naming = [row.request_id for row in rows if row.conduct is not None and row.conduct.names_target]
    if len(naming) > 1 and len(naming) > IMPLAUSIBLE_SHARE * len(rows):
        raise LeakError(
            f"setting {setting}: in {len(naming)} of {len(rows)} requests the profile is the target's title word by "
            f"word, though nothing that the policy was shown holds it ({', '.join(naming[:SHOWN])}). The policy knows "
            "the answers: was it trained on these requests?"
        )


def _leaks(
    request: RequestRow, behaviours: Sequence[Behaviour], entries: Sequence[MemoryEntry], titles: dict[str, str]
) -> Iterator[str]:
    for behaviour in behaviours:
        if behaviour.item_id in request.target_item_ids:
            yield f"the target {behaviour.item_id} is among the user's purchases"
        elif _too_late(behaviour.timestamp, request):
            yield f"the purchase of {behaviour.item_id} is not older than the request"
    bought = {behaviour.behaviour_id: words_of(behaviour.title) for behaviour in behaviours}
    wanted = [titles[target] for target in request.target_item_ids if target in titles]
    for entry in entries:
        if _too_late(entry.timestamp, request):
            yield f"the memory {entry.text[:60]!r} is not older than the request"
        grounds = [bought[behaviour_id] for behaviour_id in entry.behaviour_ids if behaviour_id in bought]
        for title in wanted:
            if says_title(words_of(entry.text), title) and not any(says_title(ground, title) for ground in grounds):
                yield f"the memory {entry.text[:60]!r} tells the target's title"


def _told_to_all(entries: Sequence[MemoryEntry], titles: dict[str, str]) -> list[str]:
    told = "".join(words_of(entry.text) + "\n" for entry in entries)
    return [item_id for item_id, title in titles.items() if says_title(told, title)]


def _too_late(timestamp: int | None, request: RequestRow) -> bool:
    return timestamp is not None and request.timestamp is not None and timestamp >= request.timestamp
