"""What comes for requests that a stranger would type: the first three items of each with what their pages say, for a
newcomer, by the rules.

    python -m tests.bench.thirty_requests STORE [--list FILE] [--user persona-noor]

STORE holds the demo world (``make run`` builds one). The lists beside this file were written before anybody looked at
what the shop knows: ``thirty_requests.txt`` first, then ``fresh`` and ``third`` to ``ninth``, each made after the
shop had learnt from the one before. A person judges what came.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from assistant.catalogue.search import Catalogue
from assistant.policy.rules import RulesPolicy
from assistant.turn import Assistant, TurnOptions
from memory_store.embedding import load_embedder
from memory_store.store import MemoryStore

LIST = Path(__file__).with_name("thirty_requests.txt")
SHOWN = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("--list", type=Path, default=LIST, help="requests, one a line")
    parser.add_argument("--user", default="persona-noor", help="who asks (default: the newcomer)")
    options = parser.parse_args()
    assistant = open_rules(options.store)
    for number, line in enumerate(options.list.read_text(encoding="utf-8").splitlines(), start=1):
        request = assistant.dialogue.new_request(line)
        trajectory = assistant.trajectory(options.user, request, TurnOptions())
        found = assistant.catalogue.items.many(trajectory.ranking[:SHOWN]).values()
        print(f"{number:2}. {line}" + (f"   [for {request.recipient}]" if request.recipient else ""))
        for item in found:
            print(f"      {item.title}  ({item.categories[-1]}, {_price(item.price)})")
            print(f"          {' · '.join(item.features)}")
    assistant.memory.close()


def open_rules(store: Path) -> Assistant:
    """The assistant over ``store`` under the rules policy, keeping no conversations."""
    embedder = load_embedder()
    return Assistant(
        MemoryStore.open(store, embedder), Catalogue.open(store / "catalogue", embedder), RulesPolicy(embedder)
    )


def _price(price: float | None) -> str:
    return "no price" if price is None else f"${price:.2f}"


if __name__ == "__main__":
    main()
