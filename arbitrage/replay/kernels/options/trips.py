"""What a trade comes to that is decided on a row.

Latency, exit spread and holding time decide from a row alone when an order lands, which quotes it
meets and when its trade ends. So the *trip* from the decision to the row on which its slot is free
again is worked out once a row; thresholds, costs, notional and stops then vary at the cost of the
trades. A stretch of rows is filled at a time, and nothing is kept of those before but how far each
search has come.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from arbitrage.caches.compiled import compiled
from arbitrage.replay.kernels.layout import (
    BLOCK,
    BPS,
    LINE_FIELDS,
    SIZE_EXIT,
    TRIP_CLOSES,
    TRIP_ENTRY,
    TRIP_GROSS,
    TRIP_OPENS,
    TRIP_PRICE,
    Integers,
    Rows,
    Shape,
    Spreads,
    Trips,
)
from arbitrage.replay.kernels.options.extremes import EMPTY, Window, fill_extremes
from arbitrage.replay.kernels.options.ways import Search, Ways, fill_entries, fill_ways, ways_of


class Progress(NamedTuple):
    """How far a file's trips are filled: the rows past the last entries, and each side's state."""

    past_a: int
    past_b: int
    search_ab: Search
    search_ba: Search
    window_ab: Window
    window_ba: Window


@compiled
def spreads_of(rows: Rows) -> Spreads:
    """The entry spreads of rows."""
    n_rows = len(rows.row)
    best, ab, ba = np.empty(n_rows), np.empty(n_rows), np.empty(n_rows)
    highest = np.full(n_rows // BLOCK + 1, -np.inf)
    for i in range(n_rows):
        ab[i] = (rows.bid_b[i] - rows.ask_a[i]) / rows.ask_a[i] * BPS
        ba[i] = (rows.bid_a[i] - rows.ask_b[i]) / rows.ask_b[i] * BPS
        best[i] = max(ab[i], ba[i])
        highest[i // BLOCK] = max(highest[i // BLOCK], best[i])
    return Spreads(best, ab, ba, highest)


@compiled
def room_for_trips(stretch: int, with_sizes: bool) -> tuple[Trips, Ways]:
    """Room for those of a stretch."""
    sizes = np.empty((stretch if with_sizes else 0, LINE_FIELDS))
    return Trips(np.empty((stretch, LINE_FIELDS)), sizes), ways_of(stretch)


@compiled
def nothing_filled() -> Progress:
    search = Search(0, 0, 0, 0)
    return Progress(
        past_a=0,
        past_b=0,
        search_ab=search,
        search_ba=search,
        window_ab=Window(0, 0, 0, EMPTY, np.empty((BLOCK, 3))),
        window_ba=Window(0, 0, 0, EMPTY, np.empty((BLOCK, 3))),
    )


@compiled
def fill_trips(
    rows: Rows,
    spreads: Spreads,
    shape: Shape,
    lowest: float,
    start: int,
    end: int,
    progress: Progress,
    ways: Ways,
    trips: Trips,
) -> Progress:
    """Fill the trips of the rows of a stretch whose better spread is at or above `lowest`."""
    past_a = fill_entries(
        rows.time_ns, shape.latency_a_ns, start, end, progress.past_a, ways.enters_a
    )
    past_b = fill_entries(
        rows.time_ns, shape.latency_b_ns, start, end, progress.past_b, ways.enters_b
    )
    ab = members_of(spreads, lowest, start, end, True)
    search_ab = fill_ways(rows, spreads.ab, shape, ab, start, progress.search_ab, ways, trips)
    _fill_worth(rows, ab, start, True, ways, trips)
    window_ab = fill_extremes(rows.ask_b, rows.bid_a, ab, start, progress.window_ab, trips.records)
    ba = members_of(spreads, lowest, start, end, False)
    search_ba = fill_ways(rows, spreads.ba, shape, ba, start, progress.search_ba, ways, trips)
    _fill_worth(rows, ba, start, False, ways, trips)
    window_ba = fill_extremes(rows.ask_a, rows.bid_b, ba, start, progress.window_ba, trips.records)
    return Progress(past_a, past_b, search_ab, search_ba, window_ab, window_ba)


@compiled
def members_of(spreads: Spreads, lowest: float, start: int, end: int, is_ab: bool) -> Integers:
    """The rows of a stretch on which one side is the better one, and good enough."""
    found = np.empty(end - start, np.int64)
    count = 0
    for row in range(start, end):
        found[count] = row
        is_its_side = (spreads.ab[row] >= spreads.ba[row]) == is_ab
        count += (spreads.best[row] >= lowest) & is_its_side
    return found[:count]


@compiled
def _fill_worth(
    rows: Rows, members: Integers, start: int, is_ab: bool, ways: Ways, trips: Trips
) -> None:
    """Fill what one side's trips pay and what they earn, and which sizes their ends meet."""
    n_rows, records, with_sizes = len(rows.row), trips.records, len(trips.sizes) > 0
    for row in members:
        k = row - start
        if records[k, TRIP_OPENS] == n_rows:
            continue
        at_a, at_b = ways.enters_a[k], ways.enters_b[k]
        if is_ab:
            ask, bid = rows.ask_a[at_a], rows.bid_b[at_b]
        else:
            ask, bid = rows.ask_b[at_b], rows.bid_a[at_a]
        entry = (bid - ask) / ask * BPS
        records[k, TRIP_ENTRY], records[k, TRIP_PRICE], gross = entry, ask, np.nan
        if records[k, TRIP_CLOSES] < n_rows:
            at_a, at_b = ways.leaves_a[k], ways.leaves_b[k]
            if is_ab:
                out = rows.ask_b[at_b] - rows.bid_a[at_a]
            else:
                out = rows.ask_a[at_a] - rows.bid_b[at_b]
            gross = entry - out / ask * BPS
            if with_sizes and is_ab:
                trips.sizes[k, SIZE_EXIT] = min(rows.ask_size_b[at_b], rows.bid_size_a[at_a])
            elif with_sizes:
                trips.sizes[k, SIZE_EXIT] = min(rows.ask_size_a[at_a], rows.bid_size_b[at_b])
        records[k, TRIP_GROSS] = gross
