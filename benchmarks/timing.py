"""Contestants measured by turns, so that what else the machine does falls on all of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

Clock = Callable[[], float]
Contestants = Mapping[str, Callable[[], Any]]


def medians(
    contestants: Contestants,
    rounds: int,
    clock: Clock = time.perf_counter,
    *,
    turn: int = 1,
    settle: int = 0,
) -> dict[str, float]:
    """The median seconds of each over some rounds; in every round each of them has its turn.

    Args:
        contestants: What to run, by name.
        rounds: How often.
        clock: `time.thread_time` for work of one thread that waits for nothing: the time that
            others hold the core does not count, then.
        turn: Runs of a turn that are counted.
        settle: Runs before them that are not: they find the caches full of the others' data.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, run in contestants.items():
            for _ in range(settle):
                run()
            seconds[name] += [_timed(run, clock) for _ in range(turn)]
    return {name: statistics.median(values) for name, values in seconds.items()}


def _timed(run: Callable[[], Any], clock: Clock) -> float:
    started = clock()
    run()
    return clock() - started
