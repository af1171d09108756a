"""Many configs over one data file: parameters in as columns, figures out as columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from arbitrage.arbitrage_backtest import RUIN_PCT
from arbitrage.data_cache import open_data
from arbitrage.kernels.layout import Parameters
from arbitrage.market import replay_all, warm_up
from arbitrage.prepared import PreparedData

__all__ = ["NOT_STOPPED", "Figures", "PreparedData", "open_data", "replay", "replay_one", "warm_up"]

NOT_STOPPED = -1


class Figures(NamedTuple):
    """One array a figure, one element a config. `stopped_row` is -1 where nothing stopped it."""

    total_trades: NDArray[np.int64]
    closed_trades: NDArray[np.int64]
    open_trades: NDArray[np.int64]
    final_balance_usd: NDArray[np.float64]
    realized_pnl_usd: NDArray[np.float64]
    max_drawdown_pct: NDArray[np.float64]
    win_rate: NDArray[np.float64]
    avg_pnl_per_trade_usd: NDArray[np.float64]
    unrealized_pnl_usd: NDArray[np.float64]
    net_pnl_usd: NDArray[np.float64]
    stopped_row: NDArray[np.int64]


def replay(data: PreparedData, parameters: Mapping[str, Any], count: int) -> Figures:
    """The figures of `count` configs over the data; equal to the engine's, to the last bit.

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
    tally = replay_all(
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
    closed = np.maximum(tally.closed, 1)  # with none both figures are 0.0, which 0.0 over 1 is
    return Figures(
        total_trades=tally.opened,
        closed_trades=tally.closed,
        open_trades=tally.opened - tally.closed,
        final_balance_usd=balance + tally.realized,
        realized_pnl_usd=tally.realized,
        max_drawdown_pct=tally.drawdown,
        win_rate=tally.wins / closed,
        avg_pnl_per_trade_usd=tally.realized / closed,
        unrealized_pnl_usd=tally.unrealized,
        net_pnl_usd=tally.realized + tally.unrealized,
        stopped_row=tally.stopped_row,
    )


def replay_one(data: PreparedData, numbers: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of one config by the names of `TuningMetrics`.

    Args:
        data: What `open_data` returned.
        numbers: The config's numbers by the name of their field.
    """
    figures = replay(data, numbers, 1)
    found = {name: column[0].item() for name, column in figures._asdict().items()}
    stopped = found["stopped_row"] != NOT_STOPPED
    return {
        **found,
        "stopped_row": found["stopped_row"] if stopped else None,
        "stopped_timestamp": data.timestamp(found["stopped_row"]) if stopped else None,
    }


def _column(value: Any, count: int) -> NDArray[np.float64]:
    """One float64 a config; a number of slots is exact up to 2^53, beyond any bound on it."""
    single = np.nan if value is None else value
    # A copy: the kernels are compiled for arrays that can be written to, and a view cannot.
    return np.array(np.broadcast_to(np.asarray(single, np.float64), count))
