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
    """Periods of one length, one behind the other, from that of the first row to that of the last.

    Row t lies in period floor(t / length) of the clock, so the first and the last are parts of a
    period as a rule; some may have no row at all.

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
    """The widest periods of which there are at least `ENOUGH`, or else at least `FEWEST`.

    None where even the shortest are fewer: the file is too short to tell anything from.
    """
    rows = data.row_numbers
    if not rows:
        return None
    first_ns, last_ns = data.moment_ns(rows[0]), data.moment_ns(rows[-1])
    for fewest in (ENOUGH, FEWEST):
        for seconds in reversed(WIDTHS_SECONDS):
            begin, end = (moment_ns // (seconds * _NS) for moment_ns in (first_ns, last_ns))
            if end - begin + 1 >= fewest:
                return Periods(seconds, _ends(data, seconds * _NS, begin, end))
    return None


def _ends(data: OpenedFile, width_ns: int, begin: int, end: int) -> Integers:
    """Found by bisection, so that of most rows the time is not looked at.

    Args:
        data: Any rows.
        width_ns: The length of a period.
        begin: The number of the first period since 1970.
        end: That of the last one.
    """
    rows = data.row_numbers
    ends = np.full(end - begin + 1, rows.start)
    place = 0
    while place < len(rows):
        period = data.moment_ns(rows[place]) // width_ns
        place = bisect_left(rows, (period + 1) * width_ns, lo=place + 1, key=data.moment_ns)
        ends[period - begin] = rows.start + place
    return np.maximum.accumulate(ends)
