"""What trips find of displayed sizes: where they open, and where they close."""

from __future__ import annotations

import numpy as np

from arbitrage.caches.compiled import compiled
from arbitrage.replay.kernels.layout import (
    SIZE_ASK,
    SIZE_ENTRY,
    SIZE_EXIT,
    SIZE_FREE,
    SIZE_FREE_TOO,
    SIZE_LEG,
    SIZE_PRICE,
    TRIP_PLACE,
    Floats,
    Integers,
    Quotes,
    Rows,
    Trips,
)


@compiled
def fill_sizes(rows: Rows, quotes: Quotes, changes: Integers, trips: Trips, due: Integers) -> None:
    """Fill `trips.sizes`; `due` has the row on which it is decided to close each trade.

    Of both legs the smaller size is enough: a share of it is the smaller share, since rounding
    keeps the order of products.
    """
    n_rows = len(rows.row)
    for k in range(len(trips.sizes)):
        place = int(trips.records[k, TRIP_PLACE])
        record = trips.sizes[k]
        opens_a, opens_b = trips.met_a[place], trips.met_b[place]
        at = min(due[k], n_rows - 1)  # a trade that is never due meets nothing, and is not asked
        closes_a, closes_b = trips.met_a[at], trips.met_b[at]
        if quotes.spread_ab[place] >= quotes.spread_ba[place]:
            leg, price = 0, rows.ask_a[opens_a]
            record[SIZE_ASK] = rows.ask_a[place]
            record[SIZE_ENTRY] = min(rows.ask_size_a[place], rows.bid_size_b[place])
            record[SIZE_EXIT] = min(rows.bid_size_a[closes_a], rows.ask_size_b[closes_b])
        else:
            leg, price = 2, rows.ask_b[opens_b]
            record[SIZE_ASK] = rows.ask_b[place]
            record[SIZE_ENTRY] = min(rows.ask_size_b[place], rows.bid_size_a[place])
            record[SIZE_EXIT] = min(rows.bid_size_b[closes_b], rows.ask_size_a[closes_a])
        record[SIZE_LEG], record[SIZE_PRICE] = leg, price
        record[SIZE_FREE], record[SIZE_FREE_TOO] = changes[leg, place], changes[leg + 1, place]


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
