"""What comes for requests that a stranger would type: the first three items of each with what their pages say, for a
newcomer.

    python -m tests.bench.thirty_requests STORE [--list FILE] [--user persona-noor] [--policy rules]

STORE holds the demo world (``make run`` builds one). The lists beside this file were written before anybody looked at
what the shop knows: ``thirty_requests.txt`` first, then ``fresh`` and ``third`` to ``fourteenth``, each made after the
shop had learnt from the one before. A person judges what came.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from assistant.opening import open_assistant
from assistant.settings import Settings
from assistant.turn import TurnOptions

LIST = Path(__file__).with_name("thirty_requests.txt")
SHOWN = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("--list", type=Path, default=LIST, help="requests, one a line")
    parser.add_argument("--user", default="persona-noor", help="who asks (default: the newcomer)")
    parser.add_argument("--policy", default=Settings().policy, help="who answers (default: what is served)")
    options = parser.parse_args()
    assistant = open_assistant(Settings(store=options.store, policy=options.policy))
    for number, line in enumerate(options.list.read_text(encoding="utf-8").splitlines(), start=1):
        request = assistant.dialogue.new_request(line)
        trajectory = assistant.trajectory(options.user, request, TurnOptions())
        found = assistant.catalogue.items.many(trajectory.ranking[:SHOWN]).values()
        print(f"{number:2}. {line}" + (f"   [for {request.recipient}]" if request.recipient else ""))
        for item in found:
            print(f"      {item.title}  ({item.categories[-1]}, {_price(item.price)})")
            print(f"          {' · '.join(item.features)}")
    assistant.memory.close()


def _price(price: float | None) -> str:
    return "no price" if price is None else f"${price:.2f}"


if __name__ == "__main__":
    main()
