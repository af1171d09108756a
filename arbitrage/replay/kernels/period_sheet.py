"""What runs earn in each period, written beside the replay by kernels that are given a sheet.

A run that is given none is a kernel of its own, in which nothing is left of the periods: the
compiler drops the branches. A period costs a run no more than a look at the trade that is open over
its end, if there is one.
"""

from __future__ import annotations

from arbitrage.caches.compiled import compiled
from arbitrage.replay.kernels.account import Positions, Terms, worth
from arbitrage.replay.kernels.layout import (
    BPS,
    GROSS,
    PLACE,
    SPREAD,
    WINDOW,
    Integers,
    PeriodSheet,
    Windows,
)

NEVER = 2**62


@compiled
def end_period(sheet: PeriodSheet, c: int, realized: float, unrealized: float) -> None:
    """Write what a run has earned in the period that it is in, and go on to the next.

    Args:
        sheet: Where to write.
        c: The run.
        realized: Since the period began.
        unrealized: What the open trades are worth at its end.
    """
    period = sheet.period[c]
    sheet.profits[sheet.line[c], period] = realized + (unrealized - sheet.marked[c])
    sheet.period[c], sheet.marked[c] = period + 1, unrealized


@compiled
def end_until(sheet: PeriodSheet, c: int, here: int, realized: float) -> float:
    """End the periods that end here or before, while no trade is open.

    Returns:
        What is realized in the period that the run is in then.
    """
    while sheet.period[c] < len(sheet.ends) and sheet.ends[sheet.period[c]] <= here:
        end_period(sheet, c, realized, 0.0)
        realized = 0.0
    return realized


@compiled
def next_closing(sheet: PeriodSheet, c: int) -> int:
    """The first closing behind the end of the period that a run is in; none is behind the last."""
    period = sheet.period[c]
    return int(sheet.closings[period]) if period < len(sheet.closings) else NEVER


@compiled
def earn_by_one_slot(
    windows: Windows, terms: Terms, openings: Integers, sheet: PeriodSheet, c: int
) -> None:
    """Run one config with one slot on."""
    records = windows.records
    if sheet.period[c] == len(sheet.ends):
        return
    realized, until = sheet.realized[c], float(next_closing(sheet, c))
    for k in openings:
        if records[k, WINDOW] >= until:
            realized = _pass_over(windows, terms, k, sheet, c, realized)
            if sheet.period[c] == len(sheet.ends):
                return
            until = float(next_closing(sheet, c))
        realized += (records[k, GROSS] - terms.cost) / BPS * terms.notional
    sheet.realized[c] = realized


@compiled
def _pass_over(
    windows: Windows, terms: Terms, k: int, sheet: PeriodSheet, c: int, realized: float
) -> float:
    """End the periods before the one in which the trade of a record closes."""
    place, window = int(windows.records[k, PLACE]), int(windows.records[k, WINDOW])
    entry, price = windows.records[k, SPREAD], windows.price[place]
    realized = end_until(sheet, c, place, realized)
    while next_closing(sheet, c) <= window:
        out = windows.exit[sheet.ends[sheet.period[c]] - 1]
        left_bps = entry - out / price * BPS - terms.cost
        end_period(sheet, c, realized, left_bps / BPS * terms.notional)
        realized = 0.0
    return realized


@compiled
def earn_by_many_slots(
    windows: Windows,
    terms: Terms,
    openings: Integers,
    positions: Positions,
    sheet: PeriodSheet,
    c: int,
) -> None:
    """Run one config with several slots on; `positions` as of `replay_many_slots`."""
    realized = sheet.realized[c]
    for k in openings:
        if sheet.period[c] == len(sheet.ends):
            return
        place, window = int(windows.records[k, PLACE]), int(windows.records[k, WINDOW])
        end, n_open = windows.first_place[window + 1], 0
        realized = end_until(sheet, c, place, realized)
        edge = sheet.ends[sheet.period[c]]
        while place < end and n_open < terms.slots:
            if place == edge:
                realized = _mark(windows, terms, positions, n_open, sheet, c, realized)
                edge = sheet.ends[sheet.period[c]]
                continue
            if windows.spread[place] >= terms.threshold:
                positions.entry[n_open] = windows.spread[place]
                positions.price[n_open] = windows.price[place]
                n_open += 1
            place += 1
        while next_closing(sheet, c) <= window:
            realized = _mark(windows, terms, positions, n_open, sheet, c, realized)
        for i in range(n_open):
            pnl_bps = positions.entry[i] - windows.end_exit[window] / positions.price[i] * BPS
            realized += (pnl_bps - terms.cost) / BPS * terms.notional
    sheet.realized[c] = realized


@compiled
def _mark(
    windows: Windows,
    terms: Terms,
    positions: Positions,
    n_open: int,
    sheet: PeriodSheet,
    c: int,
    realized: float,
) -> float:
    """End a period with trades open; what is realized in the next."""
    last = sheet.ends[sheet.period[c]] - 1
    end_period(sheet, c, realized, worth(windows.exit[last], positions, n_open, terms))
    return 0.0
