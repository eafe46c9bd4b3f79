"""The page's door: closed while the store is being built, with the progress written on it."""

from __future__ import annotations

import time

from assistant.ui.desk import Desk, Screen
from assistant.ui.format import line, number, seconds

STEPS = {
    "items": "Reading the products",
    "vectors": "Learning what the products are like",
    "words": "Indexing their words",
    "people": "Reading what people bought",
    "users": "Writing down what I remember of them",
    "scenarios": "Writing down what buyers weigh",
    "index": "Indexing the memories",
}


class Door:
    """What the page finds when it loads: the desk, or how far the store has been built."""

    def __init__(self, desk: Desk | None = None) -> None:
        self.desk = desk
        self._steps: dict[str, tuple[int, int, float]] = {}

    def tell(self, part: str, done: int, total: int) -> None:
        """Progress of the building, as an importer tells it: a part's name, how many are done, of how many."""
        began = self._steps[part][2] if part in self._steps else time.monotonic()
        self._steps[part] = (done, total, began)

    def screen(self) -> Screen:
        """The page while the store is being built."""
        rows = "".join(
            _row(STEPS.get(part, part), *state, current=place == len(self._steps))
            for place, (part, state) in enumerate(self._steps.items(), start=1)
        )
        head, words = "Opening up…", "The page opens by itself in a moment."
        if rows:
            head = "Setting up, this once"
            words = "I am reading the shop and what people bought in it. The page opens by itself when I am done."
        return {
            "live": f'<div class="welcome building" id="building"><h1>{head}</h1><p>{words}</p>'
            f'<ol class="progress">{rows}</ol></div>',
            "place": '<i data-user="" data-session="" data-running="building"></i>',
        }


def _row(words: str, done: int, total: int, began: float, *, current: bool) -> str:
    if not current:
        return f"<li>{line(words)}<span>done</span></li>"
    told = f"{number(done)} of {number(total)}" if total else (number(done) if done else "")
    spent = time.monotonic() - began
    if total and 0 < done < total and spent > 2:
        told += f" · about {seconds(spent / done * (total - done))} left"
    bar = f'<progress max="{total}" value="{done}"></progress>' if total else "<progress></progress>"
    return f'<li class="current">{line(words)}<span>{told}</span>{bar}</li>'
