"""Turns under way. Each runs in a thread of its own, so that a page can leave, reload and find it again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from assistant.types import Event, TextGenerated, TurnFailed
from assistant.ui.answer import TurnView, fold

TEXT_EVERY = 0.15
TICK = 1.0
BROKEN = "Something in me broke; the terminal that started me tells what. Ask again, or in other words."


@dataclass(frozen=True)
class Snapshot:
    """A turn as it stands: its view, and whether anything more will come."""

    view: TurnView
    done: bool


class Run:
    """One turn under way. ``follow`` may be called by any number of pages at once, each from its own thread."""

    def __init__(self, asked: str, reply: Callable[[], Iterator[Event]]) -> None:
        self._asked = asked
        self._reply = reply
        self._events: list[Event] = []
        self._changed = threading.Condition()
        self._stopped = False
        self._done = False
        self._began = time.monotonic()
        self._thread = threading.Thread(target=self._work, name="turn", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Asks the turn to end; it does so at its next event."""
        self._stopped = True
        with self._changed:
            self._changed.notify_all()

    def join(self) -> None:
        """Waits until the turn's thread has ended."""
        self._thread.join()

    @property
    def done(self) -> bool:
        return self._done

    def snapshot(self) -> Snapshot:
        with self._changed:
            events, done = tuple(self._events), self._done
        view = fold(self._asked, events, running=not done, waited=time.monotonic() - self._began)
        return Snapshot(replace(view, stopping=self._stopped and not done), done)

    def follow(self) -> Iterator[Snapshot]:
        """Snapshots as the turn goes on, the last one when it is done. Text alone is shown a few times a second."""
        seen = -1
        while True:
            with self._changed:
                self._changed.wait_for(partial(self._news, seen), timeout=TICK)
                seen = len(self._events)
            now = self.snapshot()
            yield now
            if now.done:
                return
            time.sleep(0 if self._news(seen) else TEXT_EVERY / 3)

    def _news(self, seen: int) -> bool:
        if self._done or seen < 0:
            return True
        return any(not isinstance(event, TextGenerated) for event in self._events[seen:])

    def _work(self) -> None:
        events, whole = self._reply(), False
        try:
            for event in events:
                with self._changed:
                    self._events.append(event)
                    self._changed.notify_all()
                if self._stopped:
                    break
            whole = True
        finally:
            close = getattr(events, "close", None)
            if close:
                close()
            with self._changed:
                if not whole:
                    self._events.append(TurnFailed("broken", BROKEN))
                self._done = True
                self._changed.notify_all()


class Runs:
    """The turns under way, by user and conversation. A conversation has one at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: dict[tuple[str, str], Run] = {}

    def start(self, user_id: str, session_id: str, asked: str, reply: Callable[[], Iterator[Event]]) -> Run | None:
        """Starts a turn; None when the conversation already has one under way."""
        with self._lock:
            before = self._runs.get((user_id, session_id))
            if before and not before.done:
                return None
            run = self._runs[(user_id, session_id)] = Run(asked, reply)
            self._runs = {key: run for key, run in self._runs.items() if not run.done or key == (user_id, session_id)}
        run.start()
        return run

    def of(self, user_id: str, session_id: str) -> Run | None:
        with self._lock:
            return self._runs.get((user_id, session_id))
