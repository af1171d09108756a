"""The times of the rows: their span, the steps between them, gaps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from arbitrage.data.check.batch import Batch, Integers
from arbitrage.data.check.numbers.round_figures import RoundCounts, round_figures

NS = 10**9
STEPS_NS = np.array([int(figure) for figure in round_figures(0, 18)], np.int64)


@dataclass(frozen=True, slots=True)
class Times:
    """When the rows are. Of a file whose times 64 bits do not hold, only the timestamps are known.

    Attributes:
        first: The timestamp of the first row, as the file has it.
        last: That of the last one.
        span_seconds: The time between them.
        repeated_stamps: How many rows are at the time of the row before.
        usual_step_seconds: The least round figure that 95 % of the steps above 0 do not exceed.
        gap_bound_seconds: Ten times that.
        gaps: How many steps exceed it.
        largest_step_seconds: The longest time from one row to the next.
        largest_step_after: The timestamp of the row before it.
    """

    first: str
    last: str
    span_seconds: float | None = None
    repeated_stamps: int | None = None
    usual_step_seconds: float | None = None
    gap_bound_seconds: float | None = None
    gaps: int | None = None
    largest_step_seconds: float | None = None
    largest_step_after: str | None = None


class TimeCounter:
    """Measures the steps from row to row."""

    def __init__(self) -> None:
        self._stamps: list[str] = []
        self._moments: list[int] | None = []
        self._steps = RoundCounts(STEPS_NS)
        self._repeated = 0
        self._largest: tuple[int, str] | None = None

    def add(self, batch: Batch) -> None:
        self._stamps = [*self._stamps[:1], *(batch.timestamp(place) for place in (0, -1))]
        if batch.times_ns is None:
            self._moments = None
        elif self._moments is not None:
            self._moments = [*self._moments[:1], *batch.times_ns[[0, -1]].tolist()]
            self._add_steps(np.diff(batch.times_ns), batch)

    def _add_steps(self, steps: Integers, batch: Batch) -> None:
        if not len(steps):
            return
        self._steps.add(steps[steps > 0])
        self._repeated += int((steps == 0).sum())
        place = int(steps.argmax())
        if self._largest is None or steps[place] > self._largest[0]:
            self._largest = int(steps[place]), batch.timestamp(place)

    def times(self) -> Times:
        """What has been seen."""
        first, last = self._stamps[0], self._stamps[-1]
        if self._moments is None:
            return Times(first, last)
        usual, bound, gaps = self._steps.unusual()
        largest, after = self._largest or (None, None)
        return Times(
            first=first,
            last=last,
            span_seconds=_seconds(self._moments[-1] - self._moments[0]),
            repeated_stamps=self._repeated,
            usual_step_seconds=_seconds(usual),
            gap_bound_seconds=_seconds(bound),
            gaps=gaps,
            largest_step_seconds=_seconds(largest),
            largest_step_after=after,
        )


def _seconds(nanoseconds: float | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / NS
