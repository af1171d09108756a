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
    TRIP_BEST,
    TRIP_CLOSES,
    TRIP_ENTRY,
    TRIP_FALL,
    TRIP_GROSS,
    TRIP_OPENS,
    TRIP_PRICE,
    TRIP_WORST,
    Floats,
    Parameters,
    PeriodSheet,
    Rows,
    RunTotals,
    Shape,
    Sizes,
    Spreads,
    Tally,
    Trips,
)
from arbitrage.replay.kernels.options.sizes import fill_sizes
from arbitrage.replay.kernels.options.trips import fill_trips, nothing_filled, room_for_trips
from arbitrage.replay.kernels.period_sheet import end_period, end_until, next_closing

# Columns of the array in which runs stand between two stretches: the next row to look at, or
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
    spreads: Spreads,
    shape: Shape,
    stretch: int,
    parameters: Parameters,
    sizes: Sizes,
    tally: Tally,
    sheet: PeriodSheet | None,
) -> None:
    """Run every config, each with one slot; all are of one shape.

    The configs take turns, each over a stretch of so many rows.

    With a sheet it is filled, profits are counted anew in each period, and the totals say nothing.
    """
    runs = np.zeros((len(parameters.threshold), RUN_FIELDS))
    runs[:, PEAK] = parameters.balance
    lowest, with_sizes = parameters.threshold.min(), not np.isnan(sizes.share).all()
    trips, ways = room_for_trips(stretch, with_sizes)
    progress, changed = nothing_filled(), np.zeros(4, np.int64)
    for start in range(0, len(rows.row), stretch):
        end = min(start + stretch, len(rows.row))
        progress = fill_trips(rows, spreads, shape, lowest, start, end, progress, ways, trips)
        if with_sizes:
            fill_sizes(rows, spreads, start, end, changed, trips)
        for c in range(len(runs)):
            if 0 <= runs[c, NEXT] < end:
                terms = _terms(parameters, sizes, c)
                _go_on(rows, spreads, trips, terms, start, end, runs[c], tally, c, sheet)
    for c in range(len(runs)):
        if runs[c, NEXT] != OVER:
            _finish(rows, _terms(parameters, sizes, c), runs[c], tally, c)
            if sheet is not None:
                end_until(sheet, c, len(rows.row), runs[c, REALIZED])


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
    spreads: Spreads,
    trips: Trips,
    terms: Terms,
    start: int,
    end: int,
    run: Floats,
    tally: Tally,
    c: int,
    sheet: PeriodSheet | None,
) -> None:
    """Run one config over a stretch of rows, as far as it starts trades there.

    What is done for every trade stands here: a call that hands on arrays counts their references,
    which takes as long as ten trades. Branches are those that hardly ever vary.
    """
    records, sizes, n_rows = trips.records, trips.sizes, len(rows.row)
    best_spread, highest = spreads.best, spreads.highest
    threshold, cost, notional = terms.threshold, terms.cost, terms.most_usd
    respects_size = not np.isnan(terms.share)
    at, realized, peak, drawdown = run[AT], run[REALIZED], run[PEAK], run[DRAWDOWN]
    closed, wins = run[CLOSED], run[WINS]
    base = terms.balance + realized
    until = n_rows if sheet is None else next_closing(sheet, c)
    row = next_row(best_spread, highest, int(run[NEXT]), end, threshold)
    while row < end:
        k = row - start
        if respects_size:
            capacity = (terms.share * sizes[k, SIZE_ENTRY]) * sizes[k, SIZE_ASK]
            notional = min(terms.most_usd, capacity)
            leg = FREE + int(sizes[k, SIZE_LEG])
            is_hit = (run[leg] > row) | (run[leg + 1] > row)
            if is_hit | (notional <= 0) | (notional < terms.least_usd):
                row = next_row(best_spread, highest, row + 1, end, threshold)
                continue
            run[leg], run[leg + 1] = sizes[k, SIZE_FREE], sizes[k, SIZE_FREE_TOO]
        opens, closes = records[k, TRIP_OPENS], int(records[k, TRIP_CLOSES])
        if opens > at or opens == n_rows:  # rows on which no trade is open are marked in between
            peak, drawdown = marked(base, peak, drawdown)
            if drawdown >= terms.stop or opens == n_rows:
                row = n_rows
                break
        stopped = -1
        if sheet is None:
            best = base + (records[k, TRIP_BEST] - cost) / BPS * notional
            worst = base + (records[k, TRIP_WORST] - cost) / BPS * notional
            deepest = fall_pct(peak, worst)
            fall = records[k, TRIP_FALL] / BPS * notional
            quiet = brings_nothing_new(best, worst, fall, base, peak, drawdown)
            if (best > peak) & (not quiet) or deepest >= terms.stop:
                account = base, peak, drawdown
                stopped, peak, drawdown = _walk(
                    rows, spreads, row, records[k], terms, notional, account
                )
            else:
                peak, drawdown = max(peak, best), max(drawdown, deepest)
        elif closes >= until:
            realized = _pass_over(
                rows, spreads, row, records[k], terms, notional, sheet, c, realized
            )
            until = next_closing(sheet, c)
        if stopped >= 0 or closes == n_rows:
            run[CLOSED], run[WINS], run[REALIZED], run[DRAWDOWN] = closed, wins, realized, drawdown
            _leave_open(rows, spreads, row, records[k], terms, notional, stopped, run, tally, c)
            run[NEXT] = OVER
            return
        pnl = (records[k, TRIP_GROSS] - cost) / BPS * notional
        realized += pnl
        wins += pnl > 0
        closed += 1
        if respects_size:
            quantity = notional / records[k, TRIP_PRICE]
            run[BEYOND] += quantity > terms.share * sizes[k, SIZE_EXIT]
        base = terms.balance + realized
        at = closes
        row = next_row(best_spread, highest, closes, end, threshold)
    run[NEXT], run[AT], run[REALIZED], run[PEAK], run[DRAWDOWN] = row, at, realized, peak, drawdown
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
def next_row(best: Floats, highest: Floats, start: int, end: int, threshold: float) -> int:
    """The first row from `start` on whose spread reaches the threshold; `end` or more for none."""
    row = start
    while row < end:
        if row % BLOCK == 0:
            while row < end and highest[row // BLOCK] < threshold:
                row += BLOCK
            if row >= end:
                break
        if best[row] >= threshold:
            return row
        row += 1
    return row


@compiled
def _exit_at(rows: Rows, spreads: Spreads, row: int, at: int) -> float:
    """What the short leg's ask stands above the long leg's bid, for a trade decided on a row."""
    if spreads.ab[row] >= spreads.ba[row]:
        return float(rows.ask_b[at] - rows.bid_a[at])
    return float(rows.ask_a[at] - rows.bid_b[at])


@compiled
def _leave_open(
    rows: Rows,
    spreads: Spreads,
    row: int,
    record: Floats,
    terms: Terms,
    notional: float,
    stopped: int,
    run: Floats,
    tally: Tally,
    c: int,
) -> None:
    """Keep what a run came to that ends with a trade open: where it stopped, or the file ends."""
    last = stopped if stopped >= 0 else len(rows.row) - 1
    out = _exit_at(rows, spreads, row, last)
    left_bps = record[TRIP_ENTRY] - out / record[TRIP_PRICE] * BPS - terms.cost
    totals = RunTotals(
        opened=run[CLOSED] + 1,
        closed=run[CLOSED],
        wins=run[WINS],
        realized=run[REALIZED],
        unrealized=left_bps / BPS * notional,
        drawdown=run[DRAWDOWN],
        stopped_row=float(rows.row[stopped]) if stopped >= 0 else -1.0,
        beyond_size=run[BEYOND],
    )
    put(totals, tally, c)


@compiled
def _pass_over(
    rows: Rows,
    spreads: Spreads,
    row: int,
    record: Floats,
    terms: Terms,
    notional: float,
    sheet: PeriodSheet,
    c: int,
    realized: float,
) -> float:
    """End the periods before the one in which a trip closes."""
    realized = end_until(sheet, c, int(record[TRIP_OPENS]), realized)
    while next_closing(sheet, c) <= record[TRIP_CLOSES]:
        out = _exit_at(rows, spreads, row, sheet.ends[sheet.period[c]] - 1)
        left_bps = record[TRIP_ENTRY] - out / record[TRIP_PRICE] * BPS - terms.cost
        end_period(sheet, c, realized, left_bps / BPS * notional)
        realized = 0.0
    return realized


@compiled
def _walk(
    rows: Rows,
    spreads: Spreads,
    row: int,
    record: Floats,
    terms: Terms,
    notional: float,
    account: tuple[float, float, float],
) -> tuple[int, float, float]:
    """Mark a trip row by row: where it stopped (or -1), peak, drawdown."""
    base, peak, drawdown = account
    entry, price = record[TRIP_ENTRY], record[TRIP_PRICE]
    is_ab = spreads.ab[row] >= spreads.ba[row]
    asks, bids = (rows.ask_b, rows.bid_a) if is_ab else (rows.ask_a, rows.bid_b)
    for at in range(int(record[TRIP_OPENS]), int(record[TRIP_CLOSES])):
        equity = base + (entry - (asks[at] - bids[at]) / price * BPS - terms.cost) / BPS * notional
        peak, drawdown = marked(equity, peak, drawdown)
        if drawdown >= terms.stop:
            return at, peak, drawdown
    return -1, peak, drawdown
