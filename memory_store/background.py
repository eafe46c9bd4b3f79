"""Indexes what waits to be indexed while people are served: a little at a time, in a thread that gives way to them."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

from memory_store.errors import StoreBusy
from memory_store.mirror import Mirror

SLICE = 32
"""Entries embedded at once: about a tenth of a second, which is the longest that a recall may wait for it."""
QUIET_SECONDS = 1.0
"""How long nobody must have recalled anything before another slice is begun."""


class BackgroundIndexer:
    """Brings the index in step with SQLite in a daemon thread, which ends when nothing waits any more.

    It works at most half of the time, and not while somebody recalls. Stopped or killed at any moment it loses
    nothing: the next start goes on. Where another process owns the index it leaves the work to that one.
    """

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="memory-indexer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread after the slice under way."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        with suppress(StoreBusy):
            self._mirror.settle()
            pause = 0.0
            while not self._stopping.wait(pause):
                pause = QUIET_SECONDS - self._mirror.seconds_since_recall()
                if pause <= 0:
                    began = time.perf_counter()
                    if not self._mirror.index_some(SLICE):
                        return
                    pause = time.perf_counter() - began
