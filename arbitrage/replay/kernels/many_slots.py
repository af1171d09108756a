"""The run of a config with several slots: the rows of a window are walked until all are taken."""

from __future__ import annotations

from arbitrage.caches.compiled import compiled
from arbitrage.replay.kernels.account import (
    Positions,
    Run,
    Terms,
    brings_nothing_new,
    fall_pct,
    is_marked_between,
    marked,
    stopped_between,
    walk,
    worth,
)
from arbitrage.replay.kernels.layout import BPS, NOISE, PLACE, WINDOW, Integers, Windows
from arbitrage.replay.kernels.places import rest_of, row_of


@compiled
def replay_many_slots(
    windows: Windows, terms: Terms, openings: Integers, positions: Positions, run: Run
) -> Run:
    """Run one config on; `positions` has room for its slots or for the longest window."""
    records = windows.records
    opened, closed, wins, realized, _, base, peak, drawdown, window, _, _ = run
    for i in range(len(openings)):
        if is_marked_between(records, window, openings[i]):
            peak, drawdown = marked(base, peak, drawdown)
            if drawdown >= terms.stop:
                return stopped_between(
                    windows,
                    Run(
                        opened, closed, wins, realized, 0.0, base, peak, drawdown, window, -1.0,
                        False,
                    ),
                )  # fmt: skip
        window = int(records[openings[i], WINDOW])
        place, end = int(records[openings[i], PLACE]), windows.first_place[window + 1]
        n_open, stopped = 0, -1
        while place < end and n_open < terms.slots and stopped < 0:
            if windows.spread[place] >= terms.threshold:
                positions.entry[n_open] = windows.spread[place]
                positions.price[n_open] = windows.price[place]
                n_open += 1
                if n_open == terms.slots:
                    break  # the same trades are open from here to the end
            equity = base + worth(windows.exit[place], positions, n_open, terms)
            peak, drawdown = marked(equity, peak, drawdown)
            if drawdown >= terms.stop:
                stopped = place
            place += 1
        if place < end and stopped < 0:
            account = (base, peak, drawdown)
            stopped, peak, drawdown = _hold(windows, place, end, positions, n_open, terms, account)
        opened += n_open
        if stopped >= 0 or windows.end_row[window] < 0:
            last = end - 1 if stopped < 0 else stopped
            left = worth(windows.exit[last], positions, n_open, terms)
            stopped_row = -1.0 if stopped < 0 else row_of(windows, window, stopped)
            return Run(
                opened, closed, wins, realized, left, base, peak, drawdown, window, stopped_row,
                True,
            )  # fmt: skip
        end_exit = windows.end_exit[window]
        for k in range(n_open):
            pnl_bps = positions.entry[k] - end_exit / positions.price[k] * BPS - terms.cost
            pnl = pnl_bps / BPS * terms.notional
            realized += pnl
            wins += pnl > 0
        closed += n_open
        base = terms.balance + realized
    return Run(opened, closed, wins, realized, 0.0, base, peak, drawdown, window, -1.0, False)


@compiled
def _hold(
    windows: Windows,
    place: int,
    end: int,
    positions: Positions,
    n_open: int,
    terms: Terms,
    account: tuple[float, float, float],
) -> tuple[int, float, float]:
    """What `walk` finds, from the extremes of the stretch's exits where they suffice.

    The stretch ends with its window.
    """
    base, peak, drawdown = account
    highest, lowest, rise = rest_of(windows, place, end)
    best = base + worth(lowest, positions, n_open, terms)
    worst = base + worth(highest, positions, n_open, terms)
    if best <= peak:  # which stands for the whole stretch, then
        deepest = fall_pct(peak, worst)
        if deepest < terms.stop:
            return -1, peak, max(drawdown, deepest)
    else:
        farthest = max(abs(highest), abs(lowest))
        fall = noise = 0.0
        for k in range(n_open):
            fall += rise / positions.price[k] * terms.notional
            noise += (positions.entry[k] / BPS + farthest / positions.price[k]) * terms.notional
        if brings_nothing_new(best, worst, fall + NOISE * noise, base, peak, drawdown):
            return -1, best, drawdown
    return walk(windows, place, end, positions, n_open, terms, account, (best, worst))
