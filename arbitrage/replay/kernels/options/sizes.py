"""Displayed sizes: the notional that fits one, and what trips find on the row of their decision."""

from __future__ import annotations

import numpy as np

from arbitrage.caches.compiled import compiled
from arbitrage.replay.kernels.layout import (
    SIZE_ASK,
    SIZE_ENTRY,
    SIZE_FREE,
    SIZE_FREE_TOO,
    SIZE_LEG,
    Floats,
    Integers,
    Rows,
    Spreads,
    Trips,
)


@compiled
def fitting(size: float, ask: float, share: float, most: float, least: float) -> float:
    """The notional of a trade that meets this size, in dollars; 0.0 where that allows none."""
    notional = min(most, (share * size) * ask)
    return notional if notional >= least else 0.0


@compiled
def fill_sizes(
    rows: Rows, spreads: Spreads, start: int, end: int, changed: Integers, trips: Trips
) -> None:
    """Fill what trips find on the rows of a stretch; `changed` is that of the stretch before.

    Of both legs the smaller size is enough: a share of it is the smaller share, since rounding
    keeps the order of products.
    """
    free = np.empty((4, end - start), np.int64)
    changed[0] = fill_changes(rows.ask_a, rows.ask_size_a, start, end, changed[0], free[0])
    changed[1] = fill_changes(rows.bid_b, rows.bid_size_b, start, end, changed[1], free[1])
    changed[2] = fill_changes(rows.ask_b, rows.ask_size_b, start, end, changed[2], free[2])
    changed[3] = fill_changes(rows.bid_a, rows.bid_size_a, start, end, changed[3], free[3])
    sizes = trips.sizes
    for row in range(start, end):
        k, leg = row - start, 2
        if spreads.ab[row] >= spreads.ba[row]:
            leg = 0
            sizes[k, SIZE_ASK] = rows.ask_a[row]
            sizes[k, SIZE_ENTRY] = min(rows.ask_size_a[row], rows.bid_size_b[row])
        else:
            sizes[k, SIZE_ASK] = rows.ask_b[row]
            sizes[k, SIZE_ENTRY] = min(rows.ask_size_b[row], rows.bid_size_a[row])
        sizes[k, SIZE_LEG] = leg
        sizes[k, SIZE_FREE], sizes[k, SIZE_FREE_TOO] = free[leg, k], free[leg + 1, k]


@compiled
def fill_changes(
    prices: Floats, sizes: Floats, start: int, end: int, changed: int, found: Integers
) -> int:
    """Fill where each row's quote is another, by price or size; that of the last row.

    `changed` is that of the row before, as far as it is known.
    """
    last = max(changed, end)
    while last < len(prices) and _is_same(prices, sizes, end - 1, last):
        last += 1
    following = last
    for row in range(end - 1, start - 1, -1):
        if row + 1 < end and not _is_same(prices, sizes, row, row + 1):
            following = row + 1
        found[row - start] = following
    return last


@compiled
def _is_same(prices: Floats, sizes: Floats, row: int, other: int) -> bool:
    return bool(prices[row] == prices[other] and sizes[row] == sizes[other])
