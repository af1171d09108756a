"""What a trade comes to that is decided on a row: the index of one way to shape the rows.

Latency, exit spread and holding time decide from a row alone when an order lands, which quotes it
meets and when its trade ends. So for each row on which a trade may be decided, the *trip* from the
decision to the row on which its slot is free again is worked out once; thresholds, costs, notional
and stops then vary at the cost of the trades.
"""

from __future__ import annotations

import numpy as np

from arbitrage.caches.compiled import compiled
from arbitrage.replay.kernels.layout import (
    BLOCK,
    BPS,
    NOISE,
    SIZE_FIELDS,
    TRIP_BEST,
    TRIP_CLOSES,
    TRIP_FALL,
    TRIP_FIELDS,
    TRIP_GROSS,
    TRIP_NEXT,
    TRIP_OPENS,
    TRIP_PLACE,
    TRIP_WORST,
    Floats,
    Integers,
    Quotes,
    Rows,
    Shape,
    Trips,
)
from arbitrage.replay.kernels.options.sizes import fill_sizes

# The highest and the lowest value of a stretch, and the largest rise between two of its values.
EMPTY = (-np.inf, np.inf, 0.0)


@compiled
def trips_of(rows: Rows, quotes: Quotes, changes: Integers, shape: Shape, lowest: float) -> Trips:
    """The trips of all rows whose better spread is at or above `lowest`.

    `changes` is what `changes_of` found, or has no rows where no config respects sizes.
    """
    flight = max(shape.latency_a_ns, shape.latency_b_ns)
    lands = landings(rows.time_ns, flight)
    met_a = places_met(rows.time_ns, shape.latency_a_ns)
    met_b = places_met(rows.time_ns, shape.latency_b_ns)
    count = 0
    for i in range(len(quotes.best)):
        count += quotes.best[i] >= lowest
    trips = Trips(
        records=np.empty((count, TRIP_FIELDS)),
        sizes=np.empty((count if changes.size else 0, SIZE_FIELDS)),
        spread=np.empty(count),
        highest=np.full(count // BLOCK + 1, -np.inf),
        met_a=met_a,
        met_b=met_b,
    )
    place = 0
    for i in range(len(quotes.best)):
        if quotes.best[i] >= lowest:
            trips.records[place, TRIP_PLACE], trips.records[place, TRIP_OPENS] = i, lands[i]
            trips.spread[place] = quotes.best[i]
            highest = trips.highest[place // BLOCK]
            trips.highest[place // BLOCK] = max(highest, quotes.best[i])
            place += 1
    due = np.empty(count, np.int64)
    for is_ab in (True, False):
        _fill_side(rows, quotes, shape, lands, trips, due, is_ab)
    if changes.size:
        fill_sizes(rows, quotes, changes, trips, due)
    return trips


@compiled
def landings(time_ns: Integers, flight: int) -> Integers:
    """Where the decisions of each row take effect; the number of rows where they never do."""
    found = np.empty(len(time_ns), np.int64)
    at = 0
    for i in range(len(time_ns)):
        if flight == 0:
            found[i] = i
            continue
        while at < len(time_ns) and time_ns[at] - time_ns[i] <= flight:
            at += 1
        found[i] = at
    return found


@compiled
def places_met(time_ns: Integers, latency: int) -> Integers:
    """The rows whose quotes the decisions of each row meet at a venue."""
    found = landings(time_ns, latency)
    if latency > 0:
        found -= 1
    return found


@compiled
def entry_of(rows: Rows, met_a: int, met_b: int, is_ab: bool) -> tuple[float, float]:
    """The entry spread and the price of the long leg at the quotes that were met."""
    if is_ab:
        ask, bid = rows.ask_a[met_a], rows.bid_b[met_b]
    else:
        ask, bid = rows.ask_b[met_b], rows.bid_a[met_a]
    return (bid - ask) / ask * BPS, ask


@compiled
def exit_of(rows: Rows, met_a: int, met_b: int, is_ab: bool) -> float:
    """What the short leg's ask stands above the long leg's bid, at the quotes that were met."""
    if is_ab:
        return float(rows.ask_b[met_b] - rows.bid_a[met_a])
    return float(rows.ask_a[met_a] - rows.bid_b[met_b])


@compiled
def is_ab_at(quotes: Quotes, place: int) -> bool:
    """The better side of a row."""
    return bool(quotes.spread_ab[place] >= quotes.spread_ba[place])


@compiled
def _fill_side(
    rows: Rows,
    quotes: Quotes,
    shape: Shape,
    lands: Integers,
    trips: Trips,
    due_rows: Integers,
    is_ab: bool,
) -> None:
    """Fill the records of one side: where they end, and what they come to on the way."""
    spreads = quotes.spread_ab if is_ab else quotes.spread_ba
    exits = quotes.exit_ab if is_ab else quotes.exit_ba
    n_rows, records = len(spreads), trips.records
    below = _next_below(spreads, shape.exit_spread)
    held = follower = 0
    rests = np.empty((n_rows, 3))
    start = middle = end = 0
    newer = EMPTY
    for k in range(len(records)):
        place = int(records[k, TRIP_PLACE])
        if is_ab_at(quotes, place) != is_ab:
            continue
        opens = lands[place]
        if opens == n_rows:
            due_rows[k], records[k, TRIP_CLOSES] = n_rows, n_rows
            records[k, TRIP_NEXT] = len(records)
            continue
        # On the row of its opening a trade is looked at only where it landed before the look.
        first = opens if opens > place else place + 1
        due = below[first] if first < n_rows else n_rows
        if shape.holding_ns >= 0:
            while held < n_rows and rows.time_ns[held] - rows.time_ns[place] < shape.holding_ns:
                held += 1
            due = min(due, max(held, first))
        closes = lands[due] if due < n_rows else n_rows
        due_rows[k], records[k, TRIP_CLOSES] = due, closes
        while follower < len(records) and records[follower, TRIP_PLACE] < closes:
            follower += 1
        records[k, TRIP_NEXT] = follower
        entry, price = entry_of(rows, trips.met_a[place], trips.met_b[place], is_ab)
        # Windows only move on, so an extreme over a window is that over its older and newer part.
        for row in range(end, closes):
            newer = _joined(newer, (exits[row], exits[row], 0.0))
        start, end = opens, max(end, closes)
        if start >= middle:
            _fill_rests(exits, start, end, rests)
            middle, newer = end, EMPTY
        older = (rests[start, 0], rests[start, 1], rests[start, 2])
        highest, lowest, rise = _joined(older, newer)
        records[k, TRIP_GROSS] = np.nan
        if closes < n_rows:
            out = exit_of(rows, trips.met_a[due], trips.met_b[due], is_ab)
            records[k, TRIP_GROSS] = entry - out / price * BPS
        records[k, TRIP_BEST] = entry - lowest / price * BPS
        records[k, TRIP_WORST] = entry - highest / price * BPS
        farthest = max(abs(highest), abs(lowest)) / price * BPS
        records[k, TRIP_FALL] = rise / price * BPS + NOISE * (abs(entry) + farthest)


@compiled
def _joined(
    older: tuple[float, float, float], newer: tuple[float, float, float]
) -> tuple[float, float, float]:
    """The extremes of two stretches, one behind the other."""
    rise = max(older[2], newer[2], newer[0] - older[1])
    return max(older[0], newer[0]), min(older[1], newer[1]), rise


@compiled
def _fill_rests(values: Floats, start: int, end: int, rests: Floats) -> None:
    """The extremes from each place of a stretch to its end."""
    rest = EMPTY
    for row in range(end - 1, start - 1, -1):
        rest = _joined((values[row], values[row], 0.0), rest)
        rests[row, 0], rests[row, 1], rests[row, 2] = rest


@compiled
def _next_below(values: Floats, bound: float) -> Integers:
    """The first place at or after each whose value is below the bound; their number for none."""
    found = np.empty(len(values), np.int64)
    following = len(values)
    for i in range(len(values) - 1, -1, -1):
        if values[i] < bound:
            following = i
        found[i] = following
    return found
