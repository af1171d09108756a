"""Calls the kernels: makes the arrays that they read, and runs every config over them."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from arbitrage.replay.arrays import Arrays
from arbitrage.replay.kernels.layout import (
    Floats,
    Integers,
    Parameters,
    PeriodSheet,
    Prices,
    Quotes,
    Rows,
    RunTotals,
    Tally,
    Windows,
)
from arbitrage.replay.kernels.scan import fill_quotes, scan
from arbitrage.replay.kernels.trades import replay_trades
from arbitrage.replay.window_writer import WindowWriter

STRETCH = 8_192  # windows: some forty thousand records of 64 bytes, which a core's cache holds
_ROWS_AT_ONCE = 262_144

Number = TypeVar("Number", bound=np.generic)


def quotes_of(prices: Prices) -> Quotes:
    """The tradable rows, for the plain scan and for `windows_of`."""
    rows = len(prices.bid_a)
    floats = [np.empty(rows) for _ in Quotes._fields[:-1]]
    quotes = Quotes._make([*floats, np.empty(rows, np.int64)])
    tradable = fill_quotes(prices, quotes)
    return Quotes._make(read_only(column[:tradable]) for column in quotes)


def windows_of(quotes: Quotes) -> Windows:
    """The windows, for the replay."""
    arrays = Arrays.in_memory()
    writer = WindowWriter(arrays)
    rows = quotes.row[-1].item() + 1 if len(quotes.row) else 0
    writer.take(quotes, np.setdiff1d(np.arange(rows), quotes.row))
    writer.finish()
    return Windows(**arrays.finish())


def windows_between(rows: Rows, skipped: Integers) -> Windows:
    """The windows of some rows of a file, as if there were no others; they keep their numbers.

    Args:
        rows: Those that are tradable by their prices.
        skipped: The numbers of those between them that are not.
    """
    arrays = Arrays.in_memory()
    writer = WindowWriter(arrays)
    for start in range(0, len(rows.row), _ROWS_AT_ONCE):
        part = Rows._make(column[start : start + _ROWS_AT_ONCE] for column in rows)
        quotes = quotes_of(Prices._make(part[: len(Prices._fields)]))
        writer.take(quotes._replace(row=part.row), np.empty(0, np.int64))
    writer.finish()
    return Windows(**arrays.finish())._replace(skipped=skipped)


def scan_all(
    quotes: Quotes, parameters: Parameters, *, closes_on_reversal: bool = True
) -> RunTotals[Floats]:
    """Every config over every row."""
    tally = empty_tally(parameters)
    scan(quotes, parameters, closes_on_reversal, tally)
    return RunTotals._make(tally)


def replay_all(
    windows: Windows,
    parameters: Parameters,
    stretch: int = STRETCH,
    sheet: PeriodSheet | None = None,
) -> RunTotals[Floats]:
    """Every config over its trades, a stretch of windows at a time; thresholds not negative.

    With a sheet it is filled, and the totals say nothing.
    """
    tally = empty_tally(parameters)
    order = np.argsort(parameters.threshold, kind="stable")
    replay_trades(windows, parameters, order, tally, stretch, sheet)
    return RunTotals._make(tally)


def empty_tally(parameters: Parameters) -> Tally:
    """Room for what each config comes to."""
    return np.zeros((len(RunTotals._fields), len(parameters.threshold)))


def read_only(array: NDArray[Number]) -> NDArray[Number]:
    """Read-only, as a memory-mapped array is: one kind of array, compiled for once."""
    array = np.ascontiguousarray(array)
    array.flags.writeable = False
    return array
