"""What each showcase persona gets for their openers, and what several get for the very same words.

    python -m tests.bench.personas STORE [--openers] [--policy rules]

STORE holds the demo world (``make run`` builds one). For every answer: the first item, and the memories it rests on.
``--openers`` prints all openers of all personas as well. Exit code 1 where two personas get the same first item for
the same words.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.opening import open_assistant
from assistant.settings import Settings
from assistant.turn import Assistant
from assistant.types import Answered, MemoryRecalled
from memory_store.types import UserRecord

SHARED = {
    "running shoes": ("persona-mara", "persona-bea", "persona-emeka", "persona-noor", "persona-walter"),
    "a coffee maker": ("persona-gus", "persona-priya", "persona-tom", "persona-noor"),
    "shampoo": ("persona-mara", "persona-priya"),
    "headphones": ("persona-tom", "persona-emeka"),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer as the table shows it: the best item's title, and the memories it cites (texts)."""

    title: str
    because: tuple[str, ...]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("--openers", action="store_true")
    parser.add_argument("--policy", default=Settings().policy, help="who answers (default: what is served)")
    options = parser.parse_args()
    assistant = open_assistant(Settings(store=options.store, policy=options.policy))
    people = {user.user_id: user for user in assistant.memory.users.personas()}
    alike = 0
    for words, user_ids in SHARED.items():
        shown = [(people[user_id], best_answer(assistant, user_id, words)) for user_id in user_ids]
        _table(f'"{words}"', [(user.name, answer) for user, answer in shown])
        alike += len(shown) - len({answer.title for _, answer in shown})
    if options.openers:
        for user in people.values():
            _table(user.name, _openers(assistant, user))
    print(f"{alike} answers are the same as another persona's for the same words")
    assistant.memory.close()
    return 1 if alike else 0


def best_answer(assistant: Assistant, user_id: str, words: str) -> Shown:
    """The first recommendation that ``user_id`` gets for ``words`` in a conversation of its own, which is forgotten
    afterwards; the answer's first line where it recommends nothing."""
    session = assistant.memory.sessions.create(user_id)
    try:
        events = list(assistant.reply(user_id, session.session_id, words))
    finally:
        assistant.forget_conversation(user_id, session.session_id)
    texts = {hit.mark: hit.text for event in events if isinstance(event, MemoryRecalled) for hit in event.hits}
    answer = next(event for event in events if isinstance(event, Answered))
    if not answer.recommendations:
        return Shown(answer.text.splitlines()[0], ())
    best = answer.recommendations[0]
    return Shown(best.item.title, tuple(dict.fromkeys(texts[mark] for mark in best.cites)))


def _openers(assistant: Assistant, user: UserRecord) -> list[tuple[str, Shown]]:
    return [(words, best_answer(assistant, user.user_id, words)) for words in user.openers]


def _table(heading: str, rows: Sequence[tuple[str, Shown]]) -> None:
    print(heading)
    for name, shown in rows:
        print(f"  {name:24} {shown.title}")
        for text in shown.because:
            print(f"  {'':24}   because: {text}")
    print()


if __name__ == "__main__":
    sys.exit(main())
