"""Many configs over one data file: parameters in as columns, figures out as columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arbitrage.documents.figures import NULLABLE_COUNTS
from arbitrage.replay.data_cache import open_data
from arbitrage.replay.kernel_calls import replay_all, warm_up
from arbitrage.replay.kernels.layout import Parameters
from arbitrage.replay.model.backtester import RUIN_PCT
from arbitrage.replay.prepared_file import PreparedFile

__all__ = [
    "FigureArrays",
    "PreparedFile",
    "open_data",
    "replay",
    "replay_one",
    "warm_up",
]

NO_COUNT = -1

FigureArrays = dict[str, NDArray[Any]]
"""An array for each figure, by its name, with one element a config."""


def replay(data: PreparedFile, parameters: Mapping[str, Any], count: int) -> FigureArrays:
    """The figures of `count` configs over the data; equal to the engine's, to the last bit.

    All of `FIGURE_NAMES` but `stopped_timestamp`; one of `NULLABLE_COUNTS` is -1 where it has no
    value.

    Args:
        data: What `open_data` returned.
        parameters: The numbers of the configs by the name of their field, all eight of them: an
            array of one value a config, or one value for all. A `stop_on_drawdown_pct` that is not
            set is NaN or None. None of the costs and spreads may be negative.
        count: How many configs there are.
    """
    columns = {name: _column(value, count) for name, value in parameters.items()}
    balance = columns["initial_balance_usd"]
    stop = columns["stop_on_drawdown_pct"]
    cost = columns["taker_fee_a_bps"] + columns["taker_fee_b_bps"] + columns["slippage_bps"]
    totals = replay_all(
        data.windows,
        Parameters(
            threshold=columns["min_spread_bps"] + cost,
            cost=cost,
            notional=columns["max_position_usd"],
            slots=columns["max_open_trades"].astype(np.int64),
            balance=balance,
            stop=np.where(np.isnan(stop), RUIN_PCT, stop),
        ),
    )
    opened, closed = totals.opened.astype(np.int64), totals.closed.astype(np.int64)
    divisor = np.maximum(closed, 1)  # with none both figures are 0.0, which 0.0 over 1 is
    return {
        "total_trades": opened,
        "closed_trades": closed,
        "open_trades": opened - closed,
        "final_balance_usd": balance + totals.realized,
        "realized_pnl_usd": totals.realized,
        "max_drawdown_pct": totals.drawdown,
        "win_rate": totals.wins / divisor,
        "avg_pnl_per_trade_usd": totals.realized / divisor,
        "unrealized_pnl_usd": totals.unrealized,
        "net_pnl_usd": totals.realized + totals.unrealized,
        "stopped_row": totals.stopped_row.astype(np.int64),
        "exits_beyond_size": np.full(count, NO_COUNT),
    }


def replay_one(data: PreparedFile, numbers: Mapping[str, Any]) -> dict[str, Any]:
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


def _column(value: Any, count: int) -> NDArray[np.float64]:
    """One float64 a config; a number of slots is exact up to 2^53, beyond any bound on it."""
    single = np.nan if value is None else value
    # A copy: the kernels are compiled for arrays that can be written to, and a view cannot.
    return np.array(np.broadcast_to(np.asarray(single, np.float64), count))
