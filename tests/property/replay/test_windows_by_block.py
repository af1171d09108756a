"""The windows of a file are the same, whatever the blocks are that its rows come in."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from arbitrage.replay.arrays import Arrays
from arbitrage.replay.kernel_calls import quotes_of, read_only, windows_of
from arbitrage.replay.kernels.layout import Prices, Quotes, Windows
from arbitrage.replay.kernels.places import rest_of, row_of
from arbitrage.replay.window_writer import WindowWriter
from tests.helpers.inputs.examples import examples

# Of venue B, beside venue A's 100 and 101: the one side, the other, neither, not tradable.
BIDS = (102.0, 103.0, 97.0, 96.5, 100.5, 101.0, 0.0)


def prices_of(bids: list[float]) -> Prices:
    bid_b = np.array(bids)
    columns = (np.full(len(bids), 100.0), np.full(len(bids), 101.0), bid_b, bid_b + 0.5)
    return Prices._make(map(read_only, columns))


def by_blocks(quotes: Quotes, rows: int, size: int) -> Windows:
    arrays = Arrays.in_memory()
    writer = WindowWriter(arrays)
    for start in range(0, rows, size):
        first, last = np.searchsorted(quotes.row, [start, min(start + size, rows)])
        block = Quotes._make(read_only(column[first:last]) for column in quotes)
        numbers = np.arange(start, min(start + size, rows))
        writer.take(block, np.setdiff1d(numbers, block.row))
    writer.finish()
    return Windows(**arrays.finish())


@examples(40)
@given(st.lists(st.sampled_from(BIDS), max_size=60), st.integers(1, 20))
def test_blocks_change_nothing(bids: list[float], size: int) -> None:
    quotes = quotes_of(prices_of(bids))
    whole, pieces = windows_of(quotes), by_blocks(quotes, len(bids), size)
    for name, array in whole._asdict().items():
        found = getattr(pieces, name)
        if name == "skipped":  # those after the last tradable row decide nothing
            found = found[: len(array)]
        np.testing.assert_array_equal(found, array, name)


@examples(40)
@given(st.lists(st.sampled_from(BIDS), max_size=60))
def test_rests_and_rows_of_each_place_are_those_of_its_rows(bids: list[float]) -> None:
    quotes = quotes_of(prices_of(bids))
    windows = windows_of(quotes)
    places = [
        i for i in range(len(quotes.row)) if quotes.spread_ab[i] >= 0 or quotes.spread_ba[i] >= 0
    ]
    for window in range(len(windows.end_row)):
        first, end = windows.first_place[window], windows.first_place[window + 1]
        for place in range(first, end):
            exits = windows.exit[place:end]
            rises = [later - here for i, here in enumerate(exits) for later in exits[i:]]
            assert rest_of(windows, place, end) == (max(exits), min(exits), max(rises))
            assert row_of(windows, window, place) == quotes.row[places[place]]
