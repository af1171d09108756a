"""The run of a config with one slot over the trips of its shape."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from arbitrage.caches.compiled import compiled
from arbitrage.replay.kernels.account import brings_nothing_new, fall_pct, marked, put
from arbitrage.replay.kernels.layout import (
    BLOCK,
    BPS,
    SIZE_ASK,
    SIZE_ENTRY,
    SIZE_EXIT,
    SIZE_FREE,
    SIZE_FREE_TOO,
    SIZE_LEG,
    SIZE_PRICE,
    TRIP_BEST,
    TRIP_CLOSES,
    TRIP_FALL,
    TRIP_GROSS,
    TRIP_NEXT,
    TRIP_OPENS,
    TRIP_PLACE,
    TRIP_WORST,
    Floats,
    Parameters,
    Quotes,
    Rows,
    RunTotals,
    Sizes,
    Tally,
    Trips,
)
from arbitrage.replay.kernels.options.trips import entry_of, is_ab_at

# Columns of the array in which runs stand between two stretches: the next trip to look at, or
# `OVER`; the row from which the slot is free; what has come of the trades; and from which row on
# each quote that was hit is free.
NEXT, AT, CLOSED, WINS, REALIZED, PEAK, DRAWDOWN, BEYOND, FREE = range(9)
RUN_FIELDS = FREE + 4
OVER = -1.0


class Terms(NamedTuple):
    """One config; `cost` is that of both executions, in bps."""

    threshold: float
    cost: float
    most_usd: float
    least_usd: float
    share: float
    balance: float
    stop: float


@compiled
def replay_trips(
    rows: Rows,
    quotes: Quotes,
    trips: Trips,
    stretch: int,
    parameters: Parameters,
    sizes: Sizes,
    tally: Tally,
) -> None:
    """Run every config, each with one slot.

    The configs take turns, each over a stretch of so many trips.
    """
    runs = np.zeros((len(parameters.threshold), RUN_FIELDS))
    runs[:, PEAK] = parameters.balance
    for start in range(0, len(trips.records), stretch):
        end = min(start + stretch, len(trips.records))
        for c in range(len(runs)):
            if runs[c, NEXT] != OVER and runs[c, NEXT] < end:
                terms = _terms(parameters, sizes, c)
                _go_on(rows, quotes, trips, terms, end, runs[c], tally, c)
    for c in range(len(runs)):
        if runs[c, NEXT] != OVER:
            _finish(rows, _terms(parameters, sizes, c), runs[c], tally, c)


@compiled
def _terms(parameters: Parameters, sizes: Sizes, c: int) -> Terms:
    return Terms(
        threshold=parameters.threshold[c],
        cost=2 * parameters.cost[c],
        most_usd=parameters.notional[c],
        least_usd=sizes.least_usd[c],
        share=sizes.share[c],
        balance=parameters.balance[c],
        stop=parameters.stop[c],
    )


@compiled
def _go_on(
    rows: Rows,
    quotes: Quotes,
    trips: Trips,
    terms: Terms,
    end: int,
    run: Floats,
    tally: Tally,
    c: int,
) -> None:
    """Run one config up to a trip."""
    records, sizes, n_rows = trips.records, trips.sizes, len(rows.row)
    spread, highest = trips.spread, trips.highest
    threshold, cost, notional = terms.threshold, terms.cost, terms.most_usd
    respects_size = not np.isnan(terms.share)
    at, realized, peak, drawdown = run[AT], run[REALIZED], run[PEAK], run[DRAWDOWN]
    closed, wins = run[CLOSED], run[WINS]
    base = terms.balance + realized
    k = next_trip(spread, highest, int(run[NEXT]), end, threshold)
    while k < end:
        if respects_size:
            capacity = (terms.share * sizes[k, SIZE_ENTRY]) * sizes[k, SIZE_ASK]
            notional = min(terms.most_usd, capacity)
            leg, place = FREE + int(sizes[k, SIZE_LEG]), records[k, TRIP_PLACE]
            is_hit = (run[leg] > place) | (run[leg + 1] > place)
            if is_hit | (notional <= 0) | (notional < terms.least_usd):
                k = next_trip(spread, highest, k + 1, end, threshold)
                continue
            run[leg], run[leg + 1] = sizes[k, SIZE_FREE], sizes[k, SIZE_FREE_TOO]
        opens, closes = records[k, TRIP_OPENS], records[k, TRIP_CLOSES]
        if opens > at or opens == n_rows:  # rows on which no trade is open are marked in between
            peak, drawdown = marked(base, peak, drawdown)
            if drawdown >= terms.stop or opens == n_rows:
                k = len(records)
                break
        best = base + (records[k, TRIP_BEST] - cost) / BPS * notional
        worst = base + (records[k, TRIP_WORST] - cost) / BPS * notional
        deepest = fall_pct(peak, worst)
        fall = records[k, TRIP_FALL] / BPS * notional
        quiet = brings_nothing_new(best, worst, fall, base, peak, drawdown)
        stopped = -1
        if (best > peak) & (not quiet) or deepest >= terms.stop:
            stopped, peak, drawdown = _walk(
                rows, quotes, trips, k, terms, notional, base, peak, drawdown
            )
        else:
            peak, drawdown = max(peak, best), max(drawdown, deepest)
        if stopped >= 0 or closes == n_rows:
            left = _worth(rows, quotes, trips, k, stopped, cost, notional)
            stopped_row = float(rows.row[stopped]) if stopped >= 0 else -1.0
            beyond = run[BEYOND]
            put(
                RunTotals(closed + 1, closed, wins, realized, left, drawdown, stopped_row, beyond),
                tally,
                c,
            )
            run[NEXT] = OVER
            return
        pnl = (records[k, TRIP_GROSS] - cost) / BPS * notional
        realized += pnl
        wins += pnl > 0
        closed += 1
        if respects_size:
            run[BEYOND] += notional / sizes[k, SIZE_PRICE] > terms.share * sizes[k, SIZE_EXIT]
        base = terms.balance + realized
        at = closes
        k = next_trip(spread, highest, int(records[k, TRIP_NEXT]), end, threshold)
    run[NEXT], run[AT], run[REALIZED], run[PEAK], run[DRAWDOWN] = k, at, realized, peak, drawdown
    run[CLOSED], run[WINS] = closed, wins


@compiled
def _finish(rows: Rows, terms: Terms, run: Floats, tally: Tally, c: int) -> None:
    """Mark the rows behind the last trade, and keep what the run came to."""
    base = terms.balance + run[REALIZED]
    _, drawdown = marked(base, run[PEAK], run[DRAWDOWN])
    stopped_row = float(rows.row[int(run[AT])]) if drawdown >= terms.stop else -1.0
    closed, wins, realized, beyond = run[CLOSED], run[WINS], run[REALIZED], run[BEYOND]
    put(RunTotals(closed, closed, wins, realized, 0.0, drawdown, stopped_row, beyond), tally, c)


@compiled
def next_trip(spread: Floats, highest: Floats, start: int, end: int, threshold: float) -> int:
    """The first trip from `start` on whose spread reaches the threshold; `end` or more for none."""
    k = start
    while k < end:
        if k % BLOCK == 0:
            while k < end and highest[k // BLOCK] < threshold:
                k += BLOCK
            if k >= end:
                break
        if spread[k] >= threshold:
            return k
        k += 1
    return k


@compiled
def _worth(
    rows: Rows, quotes: Quotes, trips: Trips, k: int, stopped: int, cost: float, notional: float
) -> float:
    """What closing a trip's trade would pay on the row where the run stopped, or the last one."""
    at = stopped if stopped >= 0 else len(rows.row) - 1
    place = int(trips.records[k, TRIP_PLACE])
    is_ab = is_ab_at(quotes, place)
    entry, price = entry_of(rows, trips.met_a[place], trips.met_b[place], is_ab)
    out = quotes.exit_ab[at] if is_ab else quotes.exit_ba[at]
    return float((entry - out / price * BPS - cost) / BPS * notional)


@compiled
def _walk(
    rows: Rows,
    quotes: Quotes,
    trips: Trips,
    k: int,
    terms: Terms,
    notional: float,
    base: float,
    peak: float,
    drawdown: float,
) -> tuple[int, float, float]:
    """Mark a trip row by row: where it stopped (or -1), peak, drawdown."""
    place = int(trips.records[k, TRIP_PLACE])
    is_ab = is_ab_at(quotes, place)
    entry, price = entry_of(rows, trips.met_a[place], trips.met_b[place], is_ab)
    exits = quotes.exit_ab if is_ab else quotes.exit_ba
    for at in range(int(trips.records[k, TRIP_OPENS]), int(trips.records[k, TRIP_CLOSES])):
        equity = base + (entry - exits[at] / price * BPS - terms.cost) / BPS * notional
        peak, drawdown = marked(equity, peak, drawdown)
        if drawdown >= terms.stop:
            return at, peak, drawdown
    return -1, peak, drawdown
