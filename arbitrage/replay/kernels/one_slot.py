"""The run of a config with one slot: a window is one trade, a trade one record."""

from __future__ import annotations

import numpy as np

from arbitrage.caches.compiled import compiled
from arbitrage.replay.kernels.account import (
    Positions,
    Run,
    Terms,
    fall_pct,
    has_to_be_walked,
    is_marked_between,
    stopped_between,
    walk,
    worth,
)
from arbitrage.replay.kernels.layout import (
    BEST,
    BPS,
    FALL,
    GROSS,
    PLACE,
    SPREAD,
    WINDOW,
    WORST,
    Integers,
    Windows,
)
from arbitrage.replay.kernels.places import row_of


@compiled
def replay_one_slot(
    windows: Windows, terms: Terms, openings: Integers, positions: Positions, run: Run
) -> Run:
    """Run one config on; `positions` is room for one trade.

    Nearly every trade is judged by its extremes. The branches are those that hardly ever vary
    from trade to trade, since one that is mispredicted costs more than all the arithmetic.
    """
    records = windows.records
    _, before, won, realized, _, base, peak, drawdown, window, _, _ = run
    usd_per_bps = terms.notional / BPS
    wins = 0
    for i in range(len(openings)):
        k = openings[i]
        between = base if is_marked_between(records, window, k) else peak
        peak = max(peak, between)
        best = base + (records[k, BEST] - terms.cost) / BPS * terms.notional
        worst = base + (records[k, WORST] - terms.cost) / BPS * terms.notional
        fall = records[k, FALL] * usd_per_bps
        deepest = fall_pct(peak, worst)
        if has_to_be_walked(best, worst, fall, deepest, base, peak, drawdown, terms.stop):
            drawdown = max(drawdown, fall_pct(peak, between))
            if drawdown >= terms.stop:
                return stopped_between(
                    windows, _at(before + i, won + wins, realized, base, peak, drawdown, window)
                )
            window = int(records[k, WINDOW])
            _take(windows, k, positions)
            first, end = int(records[k, PLACE]), windows.first_place[window + 1]
            account = (base, peak, drawdown)
            stopped, peak, drawdown = walk(
                windows, first, end, positions, 1, terms, account, (best, worst)
            )
            if stopped >= 0:
                left = worth(windows.exit[stopped], positions, 1, terms)
                return Run(
                    before + i + 1, before + i, won + wins, realized, left, base, peak, drawdown,
                    window, row_of(windows, window, stopped), True,
                )  # fmt: skip
        else:
            # That of `between` is no deeper; and where the peak does not stand, none is news.
            peak, drawdown = max(peak, best), max(drawdown, deepest)
            window = int(records[k, WINDOW])
        if np.isnan(records[k, GROSS]):  # the file ends before its last window does
            _take(windows, k, positions)
            left = worth(windows.exit[-1], positions, 1, terms)
            return Run(
                before + i + 1, before + i, won + wins, realized, left, base, peak, drawdown,
                window, -1.0, True,
            )  # fmt: skip
        pnl = (records[k, GROSS] - terms.cost) / BPS * terms.notional
        realized += pnl
        wins += pnl > 0
        base = terms.balance + realized
    closed = before + len(openings)
    return _at(closed, won + wins, realized, base, peak, drawdown, window)


@compiled
def _at(
    closed: float,
    wins: float,
    realized: float,
    base: float,
    peak: float,
    drawdown: float,
    window: int,
) -> Run:
    """A run between two trades."""
    return Run(closed, closed, wins, realized, 0.0, base, peak, drawdown, window, -1.0, False)


@compiled
def _take(windows: Windows, k: int, positions: Positions) -> None:
    """Make the trade that opens at a record the only position."""
    positions.entry[0] = windows.records[k, SPREAD]
    positions.price[0] = windows.price[int(windows.records[k, PLACE])]
