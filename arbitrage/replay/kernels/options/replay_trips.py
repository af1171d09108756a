"""The run of a config with one slot over the trips of its shape."""

from __future__ import annotations

import numpy as np

from arbitrage.caches.compiled import compiled
from arbitrage.replay.kernels.account import brings_nothing_new, fall_pct, marked, put
from arbitrage.replay.kernels.layout import (
    BPS,
    TRIP_BEST,
    TRIP_CLOSES,
    TRIP_FALL,
    TRIP_GROSS,
    TRIP_NEXT,
    TRIP_OPENS,
    TRIP_PLACE,
    TRIP_WORST,
    Floats,
    Integers,
    Parameters,
    Quotes,
    Rows,
    RunTotals,
    Sizes,
    Tally,
    Trips,
)
from arbitrage.replay.kernels.options.trips import entry_of, is_ab_at, next_trip


@compiled
def replay_trips(
    rows: Rows,
    quotes: Quotes,
    trips: Trips,
    changes: Integers,
    parameters: Parameters,
    sizes: Sizes,
    tally: Tally,
) -> None:
    """Run every config, each with one slot."""
    for c in range(len(parameters.threshold)):
        put(_replay(rows, quotes, trips, changes, parameters, sizes, c), tally, c)


@compiled
def _replay(
    rows: Rows,
    quotes: Quotes,
    trips: Trips,
    changes: Integers,
    parameters: Parameters,
    sizes: Sizes,
    c: int,
) -> RunTotals[float]:
    threshold, records, n_rows = parameters.threshold[c], trips.records, len(rows.row)
    cost, notional = 2 * parameters.cost[c], parameters.notional[c]
    balance, stop = parameters.balance[c], parameters.stop[c]
    share, least = sizes.share[c], sizes.least_usd[c]
    respects_size = not np.isnan(share)
    free = np.zeros(4, np.int64)  # where each quote that was hit has changed
    closed = wins = realized = drawdown = beyond = 0.0
    base = peak = balance
    at = 0
    k = next_trip(trips, 0, threshold)
    while k < len(records):
        place = int(records[k, TRIP_PLACE])
        if respects_size:
            notional = _notional(rows, quotes, place, share, parameters.notional[c], least)
            first = 0 if is_ab_at(quotes, place) else 2
            if notional <= 0 or free[first] > place or free[first + 1] > place:
                k = next_trip(trips, k + 1, threshold)
                continue
            free[first], free[first + 1] = changes[first, place], changes[first + 1, place]
        opens, closes = int(records[k, TRIP_OPENS]), int(records[k, TRIP_CLOSES])
        if opens > at or opens == n_rows:  # rows on which no trade is open are marked in between
            peak, drawdown = marked(base, peak, drawdown)
            if drawdown >= stop:
                stopped_row = float(rows.row[at])
                return RunTotals(closed, closed, wins, realized, 0.0, drawdown, stopped_row, beyond)
        if opens == n_rows:
            return RunTotals(closed, closed, wins, realized, 0.0, drawdown, -1.0, beyond)
        stopped, peak, drawdown = _hold(
            rows, quotes, trips, k, cost, notional, stop, base, peak, drawdown
        )
        if stopped >= 0 or closes == n_rows:
            last = stopped if stopped >= 0 else n_rows - 1
            left = _worth(rows, quotes, trips, k, last, cost, notional)
            stopped_row = float(rows.row[stopped]) if stopped >= 0 else -1.0
            return RunTotals(
                closed + 1, closed, wins, realized, left, drawdown, stopped_row, beyond
            )
        pnl = (records[k, TRIP_GROSS] - cost) / BPS * notional
        realized += pnl
        wins += pnl > 0
        closed += 1
        if respects_size:
            beyond += _is_beyond(rows, quotes, trips, k, share, notional)
        base = balance + realized
        at = closes
        k = next_trip(trips, int(records[k, TRIP_NEXT]), threshold)
    peak, drawdown = marked(base, peak, drawdown)
    stopped_row = float(rows.row[at]) if drawdown >= stop else -1.0
    return RunTotals(closed, closed, wins, realized, 0.0, drawdown, stopped_row, beyond)


@compiled
def _worth(
    rows: Rows, quotes: Quotes, trips: Trips, k: int, at: int, cost: float, notional: float
) -> float:
    """What closing a trip's trade on a row would pay."""
    place = int(trips.records[k, TRIP_PLACE])
    is_ab = is_ab_at(quotes, place)
    entry, price = entry_of(rows, trips.met_a[place], trips.met_b[place], is_ab)
    out = quotes.exit_ab[at] if is_ab else quotes.exit_ba[at]
    return float((entry - out / price * BPS - cost) / BPS * notional)


@compiled
def _hold(
    rows: Rows,
    quotes: Quotes,
    trips: Trips,
    k: int,
    cost: float,
    notional: float,
    stop: float,
    base: float,
    peak: float,
    drawdown: float,
) -> tuple[int, float, float]:
    """What `_walk` finds, from the extremes of the trip where they suffice."""
    best = base + (trips.records[k, TRIP_BEST] - cost) / BPS * notional
    worst = base + (trips.records[k, TRIP_WORST] - cost) / BPS * notional
    deepest = fall_pct(peak, worst)
    fall = trips.records[k, TRIP_FALL] / BPS * notional
    quiet = brings_nothing_new(best, worst, fall, base, peak, drawdown)
    if (best > peak) & (not quiet) or deepest >= stop:
        return _walk(rows, quotes, trips, k, cost, notional, stop, base, peak, drawdown)
    return -1, max(peak, best), max(drawdown, deepest)


@compiled
def _walk(
    rows: Rows,
    quotes: Quotes,
    trips: Trips,
    k: int,
    cost: float,
    notional: float,
    stop: float,
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
        equity = base + (entry - exits[at] / price * BPS - cost) / BPS * notional
        peak, drawdown = marked(equity, peak, drawdown)
        if drawdown >= stop:
            return at, peak, drawdown
    return -1, peak, drawdown


@compiled
def _notional(rows: Rows, quotes: Quotes, i: int, share: float, most: float, least: float) -> float:
    if is_ab_at(quotes, i):
        size, ask = min(rows.ask_size_a[i], rows.bid_size_b[i]), rows.ask_a[i]
    else:
        size, ask = min(rows.ask_size_b[i], rows.bid_size_a[i]), rows.ask_b[i]
    notional = min(most, (share * size) * ask)
    return notional if notional >= least else 0.0


@compiled
def _is_beyond(
    rows: Rows, quotes: Quotes, trips: Trips, k: int, share: float, notional: float
) -> bool:
    """Whether closing took more than the share of a size that it met."""
    place, due = int(trips.records[k, TRIP_PLACE]), trips.due[k]
    is_ab = is_ab_at(quotes, place)
    _, price = entry_of(rows, trips.met_a[place], trips.met_b[place], is_ab)
    met_a, met_b = trips.met_a[due], trips.met_b[due]
    if is_ab:
        bid_size, ask_size = rows.bid_size_a[met_a], rows.ask_size_b[met_b]
    else:
        bid_size, ask_size = rows.bid_size_b[met_b], rows.ask_size_a[met_a]
    quantity = notional / price
    return bool(quantity > share * bid_size or quantity > share * ask_size)


@compiled
def changes_of(rows: Rows) -> Integers:
    """Where each row's quotes have changed, price or size: of ask_a, bid_b, ask_b and bid_a."""
    found = np.empty((4, len(rows.row)), np.int64)
    _fill_changes(rows.ask_a, rows.ask_size_a, found[0])
    _fill_changes(rows.bid_b, rows.bid_size_b, found[1])
    _fill_changes(rows.ask_b, rows.ask_size_b, found[2])
    _fill_changes(rows.bid_a, rows.bid_size_a, found[3])
    return found


@compiled
def _fill_changes(prices: Floats, sizes: Floats, found: Integers) -> None:
    following = len(prices)
    for i in range(len(prices) - 1, -1, -1):
        if i + 1 < len(prices) and (prices[i] != prices[i + 1] or sizes[i] != sizes[i + 1]):
            following = i + 1
        found[i] = following
