"""Finds the windows of a file and what the replay needs of each."""

from __future__ import annotations

import numpy as np

from arbitrage.caches.compiled import compiled
from arbitrage.replay.kernels.layout import (
    BEST,
    BPS,
    FALL,
    FLIPS,
    GROSS,
    NOISE,
    PLACE,
    SPREAD,
    WINDOW,
    WORST,
    Quotes,
    Windows,
)


@compiled
def count_windows(quotes: Quotes) -> tuple[int, int, int]:
    """How many windows, rows in windows, and records there are."""
    windows = places = records = 0
    side_before = 0
    highest = 0.0
    for i in range(len(quotes.best)):
        side = _side(quotes, i)
        if side != 0:
            if side != side_before:
                windows += 1
                highest = -1.0
            if quotes.best[i] > highest:
                records += 1
                highest = quotes.best[i]
            places += 1
        side_before = side
    return windows, places, records


@compiled
def _side(quotes: Quotes, i: int) -> int:
    """1 where LONG_A_SHORT_B's spread is at or above zero, -1 where the other side's is, else 0."""
    if quotes.spread_ab[i] >= 0:
        return 1
    return -1 if quotes.spread_ba[i] >= 0 else 0


@compiled
def fill_windows(quotes: Quotes, windows: Windows) -> None:
    """Fill arrays that are as long as `count_windows` says, all but the levels."""
    place = record = 0
    window = -1
    side_before = 0
    highest = 0.0
    for i in range(len(quotes.best)):
        side = _side(quotes, i)
        ends = side_before not in (0, side)
        if ends:
            windows.end_row[window] = quotes.row[i]
            exits = quotes.exit_ab if side_before == 1 else quotes.exit_ba
            windows.end_exit[window] = exits[i]
        if side != 0:
            if side != side_before:
                window += 1
                windows.first_place[window] = place
                windows.end_row[window], windows.end_exit[window] = -1, np.nan
                highest = -1.0
            spread = quotes.best[i]
            windows.spread[place], windows.row[place] = spread, quotes.row[i]
            windows.price[place] = quotes.ask_a[i] if side == 1 else quotes.ask_b[i]
            windows.exit[place] = quotes.exit_ab[i] if side == 1 else quotes.exit_ba[i]
            if spread > highest:
                highest = spread
                windows.records[record, SPREAD] = spread
                windows.records[record, PLACE] = place
                windows.records[record, WINDOW] = window
                windows.records[record, FLIPS] = 1.0 if ends else 0.0
                record += 1
            place += 1
        side_before = side
    windows.first_place[window + 1] = place
    _fill_rests(windows)
    _fill_records(windows)


@compiled
def _fill_rests(windows: Windows) -> None:
    """The extremes of `exit` from each row to the end of its window."""
    for window in range(len(windows.end_row)):
        highest, lowest, rise = -np.inf, np.inf, 0.0
        first, end = windows.first_place[window], windows.first_place[window + 1]
        for place in range(end - 1, first - 1, -1):
            here = windows.exit[place]
            rise = max(rise, highest - here)
            highest, lowest = max(highest, here), min(lowest, here)
            windows.exit_max[place], windows.exit_min[place] = highest, lowest
            windows.exit_rise[place] = rise


@compiled
def _fill_records(windows: Windows) -> None:
    """What a trade that opens at a record can come to, before costs, as the engine computes it."""
    for k in range(len(windows.records)):
        place = int(windows.records[k, PLACE])
        end_exit = windows.end_exit[int(windows.records[k, WINDOW])]
        entry, price = windows.spread[place], windows.price[place]
        windows.records[k, GROSS] = entry - end_exit / price * BPS
        windows.records[k, BEST] = entry - windows.exit_min[place] / price * BPS
        windows.records[k, WORST] = entry - windows.exit_max[place] / price * BPS
        highest = max(abs(windows.exit_max[place]), abs(windows.exit_min[place])) / price * BPS
        fall = windows.exit_rise[place] / price * BPS
        windows.records[k, FALL] = fall + NOISE * (entry + highest)
