"""Turns under way: followed by any number of pages, stopped, and one at a time in a conversation."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from assistant.types import Event, TextGenerated
from assistant.ui.runs import Run, Runs
from tests import doubles

EVENTS = doubles.answer_well("mara", "t1", "Trail shoes")


def test_the_last_snapshot_is_the_whole_turn() -> None:
    run = Run("Trail shoes", lambda: iter(EVENTS))
    run.start()
    shown = list(run.follow())
    assert shown[-1].done
    assert shown[-1].view.answered is not None
    assert not shown[-1].view.running


def test_two_pages_follow_one_turn_and_one_comes_late() -> None:
    gate = threading.Event()

    def reply() -> Iterator[Event]:
        yield from EVENTS[:3]
        gate.wait(10)
        yield from EVENTS[3:]

    run = Run("Trail shoes", reply)
    run.start()
    first = run.follow()
    while next(first).view.scenario is None:
        pass
    late = run.follow()
    assert next(late).view.scenario is not None
    gate.set()
    assert [list(follower)[-1].view.answered is not None for follower in (first, late)] == [True, True]


def test_stop_closes_the_reply() -> None:
    closed = threading.Event()

    def reply() -> Iterator[Event]:
        try:
            while True:
                yield TextGenerated("and on ")
        finally:
            closed.set()

    run = Run("go on", reply)
    run.start()
    next(run.follow())
    run.stop()
    assert list(run.follow())[-1].done
    assert closed.wait(5)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_turn_that_breaks_still_ends() -> None:
    def reply() -> Iterator[Event]:
        yield EVENTS[0]
        raise RuntimeError("a bug")

    run = Run("x", reply)
    run.start()
    last = list(run.follow())[-1]
    run.join()
    assert last.done
    assert last.view.failed is not None
    assert "broke" in last.view.failed.message


def test_one_turn_at_a_time_in_a_conversation() -> None:
    gate = threading.Event()

    def reply() -> Iterator[Event]:
        gate.wait(10)
        yield from EVENTS

    runs = Runs()
    first = runs.start("mara", "s1", "x", reply)
    assert first is not None
    assert runs.start("mara", "s1", "y", reply) is None
    other = runs.start("mara", "s2", "z", reply)
    assert other is not None
    assert runs.of("theo", "s1") is None
    gate.set()
    for run in (first, other):
        list(run.follow())
    again = runs.start("mara", "s1", "y", reply)
    assert again is not None
    list(again.follow())
