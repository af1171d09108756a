"""The trades of a run as a table, a row each, by the expressions of the engine in their order."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from arbitrage.replay.kernels.layout import BPS, Floats, Integers, Rows
from arbitrage.replay.kernels.options.log import (
    CLOSED,
    DECIDED,
    ENTRY_A,
    ENTRY_B,
    EXIT_A,
    EXIT_B,
    IS_AB,
    LEFT,
    OPENED,
)
from arbitrage.replay.model.trade import EndedBy, Side
from arbitrage.results.explain.recording import Recording

SCHEMA = pl.Schema(
    {
        "open_time": pl.String(),
        "close_time": pl.String(),
        "open_row": pl.Int64(),
        "close_row": pl.Int64(),
        "side": pl.String(),
        "decision_spread_bps": pl.Float64(),
        "entry_spread_bps": pl.Float64(),
        "exit_spread_bps": pl.Float64(),
        "long_entry_price": pl.Float64(),
        "short_entry_price": pl.Float64(),
        "long_exit_price": pl.Float64(),
        "short_exit_price": pl.Float64(),
        "cost_bps": pl.Float64(),
        "notional_usd": pl.Float64(),
        "pnl_bps": pl.Float64(),
        "pnl_usd": pl.Float64(),
        "holding_seconds": pl.Float64(),
        "ended_by": pl.String(),
    }
)
_OF_THE_CLOSING = (
    "close_time",
    "close_row",
    "exit_spread_bps",
    "long_exit_price",
    "short_exit_price",
    "pnl_bps",
    "pnl_usd",
    "holding_seconds",
)
_NS = 1e9


class _Legs(NamedTuple):
    """The prices of both legs of each trade."""

    long: Floats
    short: Floats


def trade_table(run: Recording) -> pl.DataFrame:
    """The trades: those that closed in the order of closing, then the open ones by their opening.

    The closing's columns are null where a trade is still open. `cost_bps` is that of the whole
    life, both executions.
    """
    if not len(run.log.trades):
        return SCHEMA.to_frame()
    trades = _in_order(run.log.trades, run.log.closings)
    is_closed = trades[:, CLOSED] >= 0
    frame = pl.DataFrame(
        {**_where_and_when(run, trades), **_money(run, trades), "is_closed": is_closed}
    )
    closing = (
        pl.when("is_closed").then(pl.col(name)).otherwise(None).alias(name)
        for name in _OF_THE_CLOSING
    )
    return frame.with_columns(closing).select(
        pl.col(name).cast(kind) for name, kind in SCHEMA.items()
    )


def _in_order(trades: Integers, closings: Integers) -> Integers:
    is_open = trades[:, CLOSED] < 0
    ordered: Integers = trades[np.concatenate([closings[closings >= 0], np.flatnonzero(is_open)])]
    return ordered


def _where_and_when(run: Recording, trades: Integers) -> dict[str, object]:
    """The rows, the times and the ends; anything for the closing of an open trade."""
    opened, closed = trades[:, OPENED], trades[:, CLOSED]
    sides = np.where(_is_ab(trades), Side.LONG_A_SHORT_B.value, Side.LONG_B_SHORT_A.value)
    held_ns = run.rows.time_ns[closed] - run.rows.time_ns[opened]
    return {
        "open_time": run.timestamps(opened),
        "close_time": run.timestamps(closed),
        "open_row": run.numbers(opened),
        "close_row": run.numbers(closed),
        "side": sides,
        "holding_seconds": held_ns / _NS if run.has_times else [None] * len(trades),
        "ended_by": _ends(run, trades),
    }


def _ends(run: Recording, trades: Integers) -> NDArray[np.str_]:
    left = trades[:, LEFT]
    is_reversed = _spreads(run.rows, trades, left, left) < run.columns["exit_spread_bps"]
    why = np.where(is_reversed, EndedBy.REVERSAL.value, EndedBy.HOLDING.value)
    return np.where(trades[:, CLOSED] >= 0, why, EndedBy.OPEN.value)


def _money(run: Recording, trades: Integers) -> dict[str, object]:
    """The spreads, the prices and the profits; anything for the closing of an open trade."""
    rows, cost_bps = run.rows, _cost_bps(run)
    paid = _entry_prices(rows, trades, trades[:, ENTRY_A], trades[:, ENTRY_B])
    got = _exit_prices(rows, trades)
    entry_bps = (paid.short - paid.long) / paid.long * BPS
    exit_bps = (got.short - got.long) / paid.long * BPS
    notional_usd = _notional_usd(run, trades)
    pnl_bps = entry_bps - exit_bps - cost_bps
    return {
        "decision_spread_bps": _spreads(rows, trades, trades[:, DECIDED], trades[:, DECIDED]),
        "entry_spread_bps": entry_bps,
        "exit_spread_bps": exit_bps,
        "long_entry_price": paid.long,
        "short_entry_price": paid.short,
        "long_exit_price": got.long,
        "short_exit_price": got.short,
        "cost_bps": np.full(len(trades), cost_bps),
        "notional_usd": notional_usd,
        "pnl_bps": pnl_bps,
        "pnl_usd": pnl_bps / BPS * notional_usd,
    }


def _cost_bps(run: Recording) -> float:
    """What both executions of a trade cost."""
    names = ("taker_fee_a_bps", "taker_fee_b_bps", "slippage_bps")
    fee_a, fee_b, slippage = (run.columns[name][0].item() for name in names)
    return 2 * float(fee_a + fee_b + slippage)


def _is_ab(trades: Integers) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = trades[:, IS_AB] == 1
    return found


def _entry_prices(rows: Rows, trades: Integers, at_a: Integers, at_b: Integers) -> _Legs:
    is_ab = _is_ab(trades)
    return _Legs(
        long=np.where(is_ab, rows.ask_a[at_a], rows.ask_b[at_b]),
        short=np.where(is_ab, rows.bid_b[at_b], rows.bid_a[at_a]),
    )


def _exit_prices(rows: Rows, trades: Integers) -> _Legs:
    is_ab, at_a, at_b = _is_ab(trades), trades[:, EXIT_A], trades[:, EXIT_B]
    return _Legs(
        long=np.where(is_ab, rows.bid_a[at_a], rows.bid_b[at_b]),
        short=np.where(is_ab, rows.ask_b[at_b], rows.ask_a[at_a]),
    )


def _spreads(rows: Rows, trades: Integers, at_a: Integers, at_b: Integers) -> Floats:
    """The entry spreads of the trades' sides on some rows."""
    legs = _entry_prices(rows, trades, at_a, at_b)
    return (legs.short - legs.long) / legs.long * BPS


def _notional_usd(run: Recording, trades: Integers) -> Floats:
    """What each trade was allowed to take, by the quotes of its decision."""
    share, most = run.columns["size_share"][0], run.columns["max_position_usd"][0]
    if np.isnan(share):
        return np.full(len(trades), most)
    rows, at, is_ab = run.rows, trades[:, DECIDED], _is_ab(trades)
    size = np.where(
        is_ab,
        np.minimum(rows.ask_size_a[at], rows.bid_size_b[at]),
        np.minimum(rows.ask_size_b[at], rows.bid_size_a[at]),
    )
    ask = np.where(is_ab, rows.ask_a[at], rows.ask_b[at])
    allowed: Floats = np.minimum(most, (share * size) * ask)
    return allowed
