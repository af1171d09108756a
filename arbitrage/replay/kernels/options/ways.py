"""The rows of a trade's way: where its orders arrive and land, and where it is due to close.

All of these lie ahead, and none before that of an earlier trade of the same side. So each search
goes on where it stood, and rows are gone through once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from arbitrage.caches.compiled import compiled
from arbitrage.replay.kernels.layout import (
    TRIP_CLOSES,
    TRIP_OPENS,
    Floats,
    Integers,
    Rows,
    Shape,
    Trips,
)


class Ways(NamedTuple):
    """Of each row of a stretch: the rows that orders to open and to close meet at the venues.

    Those of orders to close are filled where the trade is due to close before the file ends.
    """

    enters_a: Integers
    enters_b: Integers
    leaves_a: Integers
    leaves_b: Integers


class Search(NamedTuple):
    """How far the searches for one side have come.

    `past_a`, `past_b`: the first rows behind the arrival of the last order to close; `below`: the
    last row found below the exit; `held`: the last one on which the holding time was over.
    """

    past_a: int
    past_b: int
    below: int
    held: int


@compiled
def ways_of(stretch: int) -> Ways:
    """Room for those of a stretch."""
    return Ways(
        np.empty(stretch, np.int64),
        np.empty(stretch, np.int64),
        np.empty(stretch, np.int64),
        np.empty(stretch, np.int64),
    )


@compiled
def past_arrival(time_ns: Integers, row: int, latency: int, past: int) -> int:
    """The first row behind the arrival of an order of this row; `past` is not behind it."""
    past = max(past, row + 1)
    if latency > 0:
        while past < len(time_ns) and time_ns[past] - time_ns[row] <= latency:
            past += 1
    return past


@compiled
def fill_entries(
    time_ns: Integers, latency: int, start: int, end: int, past: int, found: Integers
) -> int:
    """Fill the rows that orders to open meet at a venue; how far the search has come."""
    for row in range(start, end):
        if latency == 0:
            found[row - start] = row
        else:
            past = past_arrival(time_ns, row, latency, past)
            found[row - start] = past - 1
    return past


@compiled
def fill_ways(
    rows: Rows,
    own: Floats,
    shape: Shape,
    members: Integers,
    start: int,
    search: Search,
    ways: Ways,
    trips: Trips,
) -> Search:
    """Fill the ways of one side's trips; `own` are its spreads. How far the searches are then."""
    time_ns, records, n_rows = rows.time_ns, trips.records, len(rows.time_ns)
    past_a, past_b, below, held = search
    takes_time = int(max(shape.latency_a_ns, shape.latency_b_ns) > 0)
    for row in members:
        k = row - start
        opens = max(ways.enters_a[k], ways.enters_b[k]) + takes_time
        records[k, TRIP_OPENS], records[k, TRIP_CLOSES] = opens, n_rows
        # On the row of its opening a trade is looked at only where it landed before the look.
        first = max(opens, row + 1)
        if first >= n_rows:
            continue
        below = max(below, first)
        while below < n_rows and not own[below] < shape.exit_spread:
            below += 1
        due = below
        if shape.holding_ns >= 0:
            while held < n_rows and time_ns[held] - time_ns[row] < shape.holding_ns:
                held += 1
            due = min(due, max(held, first))
        if due < n_rows:
            past_a = past_arrival(time_ns, due, shape.latency_a_ns, past_a)
            past_b = past_arrival(time_ns, due, shape.latency_b_ns, past_b)
            ways.leaves_a[k] = past_a - 1 if shape.latency_a_ns > 0 else due
            ways.leaves_b[k] = past_b - 1 if shape.latency_b_ns > 0 else due
            records[k, TRIP_CLOSES] = max(ways.leaves_a[k], ways.leaves_b[k]) + takes_time
    return Search(past_a, past_b, below, held)
