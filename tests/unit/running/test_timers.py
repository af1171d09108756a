"""Timers of time limits, as kombu keeps them."""

from __future__ import annotations

from typing import Any

import pytest
from kombu.asynchronous.timer import Timer

from worker.running.process.periodic_work import drop_cancelled


@pytest.fixture
def timer() -> Any:
    return Timer()  # type: ignore[no-untyped-call]


def test_cancelled_timers_are_dropped_and_the_others_keep_their_order(timer: Any) -> None:
    fired: list[int] = []
    entries = [timer.call_at(number, fired.append, (number,)) for number in range(9, -1, -1)]
    for entry in entries[::2]:
        entry.cancel()
    drop_cancelled(timer)
    assert len(timer) == 5
    for _, entry in zip(range(5), due(timer), strict=False):
        entry()
    assert fired == [0, 2, 4, 6, 8]


def test_timers_may_be_dropped_while_the_loop_goes_through_them(timer: Any) -> None:
    fired: list[str] = []
    timer.call_at(0, drop_cancelled, (timer,))
    timer.call_at(1, fired.append, ("cancelled",)).cancel()
    timer.call_at(2, fired.append, ("kept",))
    for _, entry in zip(range(2), due(timer), strict=False):
        entry()
    assert (fired, len(timer)) == (["kept"], 0)


def due(timer: Any) -> Any:
    """What the event loop calls, one after the other: all of it is due."""
    return (entry for _, entry in timer if entry is not None)
