"""The extremes of a side's exit while a trade is open, over windows of rows that only move on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from arbitrage.caches.compiled import compiled
from arbitrage.replay.kernels.layout import (
    BPS,
    NOISE,
    TRIP_BEST,
    TRIP_CLOSES,
    TRIP_ENTRY,
    TRIP_FALL,
    TRIP_OPENS,
    TRIP_PRICE,
    TRIP_WORST,
    Floats,
    Integers,
)

# The highest and the lowest value of some rows, and the largest rise between two of its values.
EMPTY = (-np.inf, np.inf, 0.0)


class Window(NamedTuple):
    """The last window, in two parts, whose extremes together are its own.

    `rests` has the extremes from each row between `first` and `middle` to the latter, `newer` is
    those from `middle` to `end`.
    """

    first: int
    middle: int
    end: int
    newer: tuple[float, float, float]
    rests: Floats


@compiled
def fill_extremes(
    asks: Floats, bids: Floats, members: Integers, start: int, window: Window, records: Floats
) -> Window:
    """Fill what one side's trips come to on the way; the last window.

    Args:
        asks: Those of the short leg's venue.
        bids: Those of the long leg's venue.
        members: The rows of the trips.
        start: The first row of the stretch.
        window: That of the trip before.
        records: Those of the stretch, of which the entries are filled.
    """
    first, middle, end, newer, rests = window
    for row in members:
        record = records[row - start]
        opens, closes = int(record[TRIP_OPENS]), int(record[TRIP_CLOSES])
        if opens == len(asks):
            continue
        for here in range(end, closes):
            exit_ = asks[here] - bids[here]
            newer = joined(newer, (exit_, exit_, 0.0))
        end = max(end, closes)
        if opens >= middle:
            if end - opens > len(rests):
                rests = np.empty((2 * (end - opens), 3))
            _fill_rests(asks, bids, opens, end, rests)
            first, middle, newer = opens, end, EMPTY
        at = opens - first
        highest, lowest, rise = joined((rests[at, 0], rests[at, 1], rests[at, 2]), newer)
        entry, price = record[TRIP_ENTRY], record[TRIP_PRICE]
        record[TRIP_BEST] = entry - lowest / price * BPS
        record[TRIP_WORST] = entry - highest / price * BPS
        farthest = max(abs(highest), abs(lowest)) / price * BPS
        record[TRIP_FALL] = rise / price * BPS + NOISE * (abs(entry) + farthest)
    return Window(first, middle, end, newer, rests)


@compiled
def joined(
    older: tuple[float, float, float], newer: tuple[float, float, float]
) -> tuple[float, float, float]:
    """The extremes of two stretches, one behind the other."""
    rise = max(older[2], newer[2], newer[0] - older[1])
    return max(older[0], newer[0]), min(older[1], newer[1]), rise


@compiled
def _fill_rests(asks: Floats, bids: Floats, start: int, end: int, rests: Floats) -> None:
    """The extremes from each row of a stretch to its end."""
    rest = EMPTY
    for row in range(end - 1, start - 1, -1):
        exit_ = asks[row] - bids[row]
        rest = joined((exit_, exit_, 0.0), rest)
        rests[row - start, 0], rests[row - start, 1], rests[row - start, 2] = rest
