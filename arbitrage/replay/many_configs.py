"""Many configs over one data file: parameters in as columns, figures out as columns."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from arbitrage.caches.compiled import one_at_a_time
from arbitrage.documents.figures import NULLABLE_COUNTS
from arbitrage.replay.files.opened_file import OpenedFile, open_data
from arbitrage.replay.files.prepared_rows import PreparedRows, RowFacts
from arbitrage.replay.kernel_calls import empty_tally, quotes_of, read_only, replay_all, windows_of
from arbitrage.replay.kernels.layout import (
    Floats,
    Options,
    Parameters,
    Prices,
    Rows,
    RunTotals,
    Windows,
)
from arbitrage.replay.option_calls import replay_with_options
from arbitrage.replay.roads import (
    FEWEST_BY_TRIPS,
    are_set,
    columns_of,
    options_of,
    parameters_of,
    some,
)

__all__ = [
    "FigureArrays",
    "OpenedFile",
    "open_data",
    "replay",
    "replay_one",
    "warm_up",
]

NO_COUNT = -1

_log = logging.getLogger(__name__)

FigureArrays = dict[str, NDArray[Any]]
"""An array for each figure, by its name, with one element a config."""


class Example(NamedTuple):
    """The smallest runs that call every kernel."""

    data: PreparedRows
    windows: Windows
    parameters: Parameters
    options: Options


def example() -> Example:
    """Four rows; configs by trips, and one with two slots."""
    slots = np.array([2, *[1] * FEWEST_BY_TRIPS])
    ones = np.ones(len(slots))
    numbers = read_only(np.arange(4))
    prices = Prices._make(read_only(np.full(4, price)) for price in (100.0, 100.1, 100.5, 100.6))
    rows = Rows._make([*prices, *[read_only(np.ones(4))] * 5, numbers, numbers])
    return Example(
        data=PreparedRows(RowFacts("warm-up", 4, 0, (), None), rows, np.empty(0)),
        windows=windows_of(quotes_of(prices)),
        parameters=Parameters(ones, ones, ones, slots, ones, ones),
        options=Options._make([ones, *[np.ones_like(slots)] * 3, *[ones] * 3]),
    )


def warm_up() -> None:
    """Load or compile every kernel of the replay, so that no job has to.

    For the parent of a pool of processes: it runs no polars and starts no thread.
    """
    with one_at_a_time():
        data, windows, parameters, options = example()
        replay_all(windows, parameters)
        replay_with_options(data, parameters, options)


def replay(data: OpenedFile, parameters: Mapping[str, Any], count: int) -> FigureArrays:
    """The figures of `count` configs over the data; equal to the engine's, to the last bit.

    All of `FIGURE_NAMES` but `stopped_timestamp`; one of `NULLABLE_COUNTS` is -1 where it has no
    value.

    Args:
        data: What `open_data` returned.
        parameters: The numbers of the configs by the name of their field, all of them: an array of
            one value a config, or one value for all. One that is not set is NaN or None. None of
            the costs and spreads may be negative.
        count: How many configs there are.

    Raises:
        DataError: The data lack what an option needs.
    """
    columns = columns_of(parameters, count)
    run_by = parameters_of(columns)
    totals = _totals(data, run_by, columns)
    opened, closed = totals.opened.astype(np.int64), totals.closed.astype(np.int64)
    divisor = np.maximum(closed, 1)  # with none both figures are 0.0, which 0.0 over 1 is
    return {
        "total_trades": opened,
        "closed_trades": closed,
        "open_trades": opened - closed,
        "final_balance_usd": run_by.balance + totals.realized,
        "realized_pnl_usd": totals.realized,
        "max_drawdown_pct": totals.drawdown,
        "win_rate": totals.wins / divisor,
        "avg_pnl_per_trade_usd": totals.realized / divisor,
        "unrealized_pnl_usd": totals.unrealized,
        "net_pnl_usd": totals.realized + totals.unrealized,
        "stopped_row": totals.stopped_row.astype(np.int64),
        "exits_beyond_size": np.where(
            np.isnan(columns["size_share"]), NO_COUNT, totals.beyond_size
        ).astype(np.int64),
    }


def replay_one(data: OpenedFile, numbers: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of one config by the names of `TuningMetrics`.

    Args:
        data: What `open_data` returned.
        numbers: The config's numbers by the name of their field.
    """
    figures = replay(data, numbers, 1)
    found = {name: column[0].item() for name, column in figures.items()}
    counts = {name: None if found[name] < 0 else found[name] for name in NULLABLE_COUNTS}
    row = counts["stopped_row"]
    return {**found, **counts, "stopped_timestamp": None if row is None else data.timestamp(row)}


def _totals(
    data: OpenedFile, parameters: Parameters, columns: Mapping[str, NDArray[np.float64]]
) -> RunTotals[Floats]:
    """What the configs come to: those without options by windows, which are the quickest."""
    options = options_of(columns)
    has_options = are_set(options)
    if not has_options.any():
        return replay_all(data.windows, parameters)
    data.check(columns)
    plain, others = np.flatnonzero(~has_options), np.flatnonzero(has_options)
    _log.debug("%d configs without options by windows, %d with options", len(plain), len(others))
    tally = empty_tally(parameters)
    tally[:, plain] = replay_all(data.windows, some(parameters, plain))
    tally[:, others] = replay_with_options(
        data.with_options, some(parameters, others), some(options, others)
    )
    return RunTotals._make(tally)
