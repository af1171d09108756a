"""Calls the kernels: makes the arrays that they read, and runs every config over them."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from arbitrage.replay.kernels.layout import (
    RECORD_FIELDS,
    Floats,
    Parameters,
    Prices,
    Quotes,
    RunTotals,
    Tally,
    Windows,
)
from arbitrage.replay.kernels.openings import levels_of
from arbitrage.replay.kernels.scan import fill_quotes, scan
from arbitrage.replay.kernels.trades import replay_trades
from arbitrage.replay.kernels.windows import count_windows, fill_windows

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
    n_windows, n_places, n_records = count_windows(quotes)
    windows = Windows(
        first_place=np.empty(n_windows + 1, np.int64),
        end_exit=np.empty(n_windows),
        end_row=np.empty(n_windows, np.int64),
        spread=np.empty(n_places),
        price=np.empty(n_places),
        exit=np.empty(n_places),
        row=np.empty(n_places, np.int64),
        exit_max=np.empty(n_places),
        exit_min=np.empty(n_places),
        exit_rise=np.empty(n_places),
        records=np.empty((n_records, RECORD_FIELDS)),
        levels=np.empty(0),
        level_start=np.empty(0, np.int64),
        openings=np.empty(0, np.int64),
    )
    fill_windows(quotes, windows)
    levels, level_start, openings = levels_of(read_only(windows.records))
    windows = windows._replace(levels=levels, level_start=level_start, openings=openings)
    return Windows._make(map(read_only, windows))


def scan_all(
    quotes: Quotes, parameters: Parameters, *, closes_on_reversal: bool = True
) -> RunTotals[Floats]:
    """Every config over every row."""
    tally = empty_tally(parameters)
    scan(quotes, parameters, closes_on_reversal, tally)
    return RunTotals._make(tally)


def replay_all(windows: Windows, parameters: Parameters) -> RunTotals[Floats]:
    """Every config over its trades; thresholds must not be negative."""
    tally = empty_tally(parameters)
    replay_trades(windows, parameters, np.argsort(parameters.threshold, kind="stable"), tally)
    return RunTotals._make(tally)


def empty_tally(parameters: Parameters) -> Tally:
    """Room for what each config comes to."""
    return np.zeros((len(RunTotals._fields), len(parameters.threshold)))


def read_only(array: NDArray[Number]) -> NDArray[Number]:
    """Read-only, as a memory-mapped array is: one kind of array, compiled for once."""
    array = np.ascontiguousarray(array)
    array.flags.writeable = False
    return array
