"""The periods of a file: how long they are, and where its rows are divided."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np

from arbitrage.replay.files.opened_file import OpenedFile
from arbitrage.replay.kernels.layout import Integers

WIDTHS_SECONDS = (1, 10, 60, 300, 900, 3_600, 14_400, 86_400)
ENOUGH, FEWEST = 100, 30

_NS = 10**9


@dataclass(frozen=True, slots=True, eq=False)
class Periods:
    """Periods of one length in which a file has rows, in their order.

    Row t lies in period floor(t / length) of the clock, so the first and the last are parts of a
    period as a rule.

    Attributes:
        seconds: The length.
        ends: For each period the number of rows of the whole file before its end, int64; the last
            one is the number of rows, or of a range of a file the number of its last row and 1.
    """

    seconds: int
    ends: Integers

    def __len__(self) -> int:
        return len(self.ends)


def periods_of(data: OpenedFile) -> Periods | None:
    """The widest periods of which at least `ENOUGH` have rows, or else at least `FEWEST`.

    Those without rows do not count: in a gap nothing can be earned, and a stamp that is wrong by
    years would make a long file of a short one. None where even the shortest are fewer: the file is
    too short to tell anything from.
    """
    shorter: list[Periods] = []
    for seconds in reversed(WIDTHS_SECONDS):
        found = Periods(seconds, _ends(data, seconds * _NS))
        if len(found) >= ENOUGH:
            return found
        shorter.append(found)
    return next((found for found in shorter if len(found) >= FEWEST), None)


def _ends(data: OpenedFile, width_ns: int) -> Integers:
    """Found by bisection, so that of most rows the time is not looked at."""
    rows = data.row_numbers
    ends: list[int] = []
    place = 0
    while place < len(rows):
        period = data.moment_ns(rows[place]) // width_ns
        place = bisect_left(rows, (period + 1) * width_ns, lo=place + 1, key=data.moment_ns)
        ends.append(rows.start + place)
    return np.array(ends, np.int64)
