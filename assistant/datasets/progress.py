"""Progress of an import in the terminal: a line a part, with what is done and the time left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from assistant.datasets.importer import Progress as Tell

WORDS = {
    "items": "Reading the items",
    "vectors": "Embedding the items",
    "words": "Indexing their words",
    "people": "Reading what people bought",
    "users": "Writing memories",
    "scenarios": "Writing what buyers weigh",
    "index": "Indexing the memories",
}


@contextmanager
def terminal_progress(console: Console) -> Iterator[Tell]:
    """A progress listener that draws on ``console``, with nothing but finished lines where that is no terminal."""
    if not console.is_terminal:
        yield _lines(console)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("[dim]left"),
        TimeRemainingColumn(),
        TextColumn("[dim]spent"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as drawn:
        tasks = {}

        def tell(part: str, done: int, total: int) -> None:
            if part not in tasks:
                tasks[part] = drawn.add_task(WORDS.get(part, part), total=None)
            drawn.update(tasks[part], completed=done, total=total or None)

        yield tell


def _lines(console: Console) -> Tell:
    finished: set[str] = set()

    def tell(part: str, done: int, total: int) -> None:
        if total and done >= total and part not in finished:
            finished.add(part)
            console.print(f"{WORDS.get(part, part)}: {total:,}", highlight=False)

    return tell
