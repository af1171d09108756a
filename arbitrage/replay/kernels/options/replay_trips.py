"""The run of a config with one slot over the trips of its shape."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from arbitrage.caches.compiled import compiled
from arbitrage.replay.kernels.account import fall_pct, has_to_be_walked, marked, put
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
    Integers,
    Parameters,
    PeriodSheet,
    Prices,
    Rows,
    RunTotals,
    Shape,
    Sizes,
    Spreads,
    Tally,
    Trips,
)
from arbitrage.replay.kernels.options.sizes import fill_sizes, fitting
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


class Stretch(NamedTuple):
    """The rows from `start` to `end`, of which the trips are filled, among all of the file."""

    prices: Prices
    numbers: Integers
    spreads: Spreads
    trips: Trips
    start: int
    end: int


@compiled
def replay_trips(
    rows: Rows,
    spreads: Spreads,
    shape: Shape,
    width: int,
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
    trips, ways = room_for_trips(width, with_sizes)
    prices = Prices(rows.bid_a, rows.ask_a, rows.bid_b, rows.ask_b)
    progress, changed = nothing_filled(), np.zeros(4, np.int64)
    for start in range(0, len(rows.row), width):
        end = min(start + width, len(rows.row))
        progress = fill_trips(rows, spreads, shape, lowest, start, end, progress, ways, trips)
        if with_sizes:
            fill_sizes(rows, spreads, start, end, changed, trips)
        part = Stretch(prices, rows.row, spreads, trips, start, end)
        for c in range(len(runs)):
            if 0 <= runs[c, NEXT] < end:
                _go_on(part, _terms(parameters, sizes, c), runs[c], tally, sheet, c)
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
    stretch: Stretch, terms: Terms, run: Floats, tally: Tally, sheet: PeriodSheet | None, c: int
) -> None:
    """Run one config over a stretch of rows, as far as it starts trades there.

    A call for every trade takes numbers alone: one that hands on tuples of arrays counts their
    references, which takes as long as ten trades. Branches are those that hardly ever vary.
    """
    records, sizes, n_rows = stretch.trips.records, stretch.trips.sizes, len(stretch.numbers)
    best_spread, highest, end = stretch.spreads.best, stretch.spreads.highest, stretch.end
    notional, respects_size, stopped = terms.most_usd, not np.isnan(terms.share), -1
    at, realized, peak, drawdown = run[AT], run[REALIZED], run[PEAK], run[DRAWDOWN]
    closed, wins, row, is_left_open = run[CLOSED], run[WINS], int(run[NEXT]), False
    until = n_rows if sheet is None else next_closing(sheet, c)
    while True:
        row = next_row(best_spread, highest, row, end, terms.threshold)
        if row >= end:
            break
        k = row - stretch.start
        if respects_size:
            size, ask = sizes[k, SIZE_ENTRY], sizes[k, SIZE_ASK]
            notional = fitting(size, ask, terms.share, terms.most_usd, terms.least_usd)
            leg = FREE + int(sizes[k, SIZE_LEG])
            if (notional <= 0) | (run[leg] > row) | (run[leg + 1] > row):
                row += 1
                continue
            run[leg], run[leg + 1] = sizes[k, SIZE_FREE], sizes[k, SIZE_FREE_TOO]
        opens, closes = records[k, TRIP_OPENS], int(records[k, TRIP_CLOSES])
        base = terms.balance + realized
        if opens > at:  # rows on which no trade is open are marked in between
            peak, drawdown = marked(base, peak, drawdown)
        if drawdown >= terms.stop or opens == n_rows:
            row = n_rows
            break
        if sheet is None:
            best = base + _earned(records[k, TRIP_BEST], terms, notional)
            worst = base + _earned(records[k, TRIP_WORST], terms, notional)
            fall, deepest = records[k, TRIP_FALL] / BPS * notional, fall_pct(peak, worst)
            if has_to_be_walked(best, worst, fall, deepest, base, peak, drawdown, terms.stop):
                account = base, peak, drawdown
                stopped, peak, drawdown = _walk(stretch, row, terms, notional, account)
            else:
                peak, drawdown = max(peak, best), max(drawdown, deepest)
        elif closes >= until:
            realized = _pass_over(stretch, row, terms, notional, sheet, c, realized)
            until = next_closing(sheet, c)
        if stopped >= 0 or closes == n_rows:
            is_left_open = True
            break
        pnl = _earned(records[k, TRIP_GROSS], terms, notional)
        realized += pnl
        wins += pnl > 0
        closed += 1
        if respects_size:
            run[BEYOND] += notional / records[k, TRIP_PRICE] > terms.share * sizes[k, SIZE_EXIT]
        row, at = closes, closes
    run[NEXT], run[AT], run[REALIZED], run[PEAK], run[DRAWDOWN] = row, at, realized, peak, drawdown
    run[CLOSED], run[WINS] = closed, wins
    if is_left_open:
        _leave_open(stretch, row, terms, notional, stopped, run, tally, c)


@compiled
def _earned(gross_bps: float, terms: Terms, notional: float) -> float:
    return (gross_bps - terms.cost) / BPS * notional


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
    stretch: Stretch,
    row: int,
    terms: Terms,
    notional: float,
    stopped: int,
    run: Floats,
    tally: Tally,
    c: int,
) -> None:
    """Keep what a run came to that ends with a trade open: where it stopped, or the file ends."""
    prices, is_ab = stretch.prices, stretch.spreads.ab[row] >= stretch.spreads.ba[row]
    asks, bids = (prices.ask_b, prices.bid_a) if is_ab else (prices.ask_a, prices.bid_b)
    last = stopped if stopped >= 0 else len(asks) - 1
    record = stretch.trips.records[row - stretch.start]
    entry, price = record[TRIP_ENTRY], record[TRIP_PRICE]
    totals = RunTotals(
        opened=run[CLOSED] + 1,
        closed=run[CLOSED],
        wins=run[WINS],
        realized=run[REALIZED],
        unrealized=_worth(asks[last], bids[last], entry, price, terms, notional),
        drawdown=run[DRAWDOWN],
        stopped_row=float(stretch.numbers[stopped]) if stopped >= 0 else -1.0,
        beyond_size=run[BEYOND],
    )
    put(totals, tally, c)
    run[NEXT] = OVER


@compiled
def _worth(ask: float, bid: float, entry: float, price: float, terms: Terms, usd: float) -> float:
    """What closing a trade of so many dollars at these quotes would pay."""
    return _earned(entry - (ask - bid) / price * BPS, terms, usd)


@compiled
def _pass_over(
    stretch: Stretch,
    row: int,
    terms: Terms,
    notional: float,
    sheet: PeriodSheet,
    c: int,
    realized: float,
) -> float:
    """End the periods before the one in which a trip closes."""
    prices, is_ab = stretch.prices, stretch.spreads.ab[row] >= stretch.spreads.ba[row]
    record = stretch.trips.records[row - stretch.start]
    entry, price = record[TRIP_ENTRY], record[TRIP_PRICE]
    realized = end_until(sheet, c, int(record[TRIP_OPENS]), realized)
    while next_closing(sheet, c) <= record[TRIP_CLOSES]:
        last = sheet.ends[sheet.period[c]] - 1
        ask = prices.ask_b[last] if is_ab else prices.ask_a[last]
        bid = prices.bid_a[last] if is_ab else prices.bid_b[last]
        left = _worth(ask, bid, entry, price, terms, notional)
        end_period(sheet, c, realized, left)
        realized = 0.0
    return realized


@compiled
def _walk(
    stretch: Stretch,
    row: int,
    terms: Terms,
    notional: float,
    account: tuple[float, float, float],
) -> tuple[int, float, float]:
    """Mark a trip row by row: where it stopped (or -1), peak, drawdown."""
    base, peak, drawdown = account
    prices, is_ab = stretch.prices, stretch.spreads.ab[row] >= stretch.spreads.ba[row]
    asks, bids = (prices.ask_b, prices.bid_a) if is_ab else (prices.ask_a, prices.bid_b)
    record = stretch.trips.records[row - stretch.start]
    entry, price = record[TRIP_ENTRY], record[TRIP_PRICE]
    for at in range(int(record[TRIP_OPENS]), int(record[TRIP_CLOSES])):
        left = _worth(asks[at], bids[at], entry, price, terms, notional)
        peak, drawdown = marked(base + left, peak, drawdown)
        if drawdown >= terms.stop:
            return at, peak, drawdown
    return -1, peak, drawdown
