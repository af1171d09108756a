"""The trading model once more, slow and obvious: the oracle of every faster path (docs/model.md).

Plain functions over lists of 5-tuples, nothing imported from the product. Sums are left to right
from 0.0 and every expression keeps the order of operations of the model's definition, so that a
comparison with the product can be ``==``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Row = tuple[str, float, float, float, float]
"""(timestamp, bid_a, ask_a, bid_b, ask_b)"""

LONG_A_SHORT_B = "LONG_A_SHORT_B"
LONG_B_SHORT_A = "LONG_B_SHORT_A"


@dataclass(frozen=True)
class Params:
    """What one run depends on, besides the rows."""

    min_spread_bps: float = 10.0
    taker_fee_a_bps: float = 0.0
    taker_fee_b_bps: float = 0.0
    slippage_bps: float = 0.0
    max_position_usd: float = 1_000.0
    max_open_trades: int = 1
    close_on_spread_reversal: bool = True
    initial_balance_usd: float = 10_000.0
    max_steps: int | None = None
    stop_on_drawdown_pct: float | None = None


@dataclass
class NaiveTrade:
    """One trade, open until ``close_timestamp`` is set."""

    side: str
    entry_spread_bps: float
    entry_price: float
    open_timestamp: str
    close_timestamp: str | None = None
    exit_spread_bps: float | None = None
    pnl_bps: float | None = None
    pnl_usd: float | None = None


@dataclass(frozen=True)
class Figures:
    """Every figure of a run that the product reports."""

    total_trades: int
    closed_trades: int
    open_trades: int
    final_balance_usd: float
    realized_pnl_usd: float
    max_drawdown_pct: float
    win_rate: float
    avg_pnl_per_trade_usd: float
    unrealized_pnl_usd: float
    net_pnl_usd: float
    stopped_row: int | None
    stopped_timestamp: str | None
    skipped_snapshots: int
    steps_processed: int
    total_snapshots: int
    winning_trades: int
    losing_trades: int


@dataclass(frozen=True)
class Run:
    """The figures and how they came about."""

    figures: Figures
    trades: list[NaiveTrade]
    """In opening order."""
    closed: list[NaiveTrade]
    """In closing order."""
    drawdowns_pct: list[float]
    """One for each tradable row processed."""
    most_open_trades: int
    """The largest number open at once."""


def plain_sum(values: Iterable[float]) -> float:
    """Left to right from 0.0, every addition rounded; ``sum()`` compensates since Python 3.12."""
    total = 0.0
    for value in values:
        total = total + value
    return total


def is_tradable(row: Row) -> bool:
    _, bid_a, ask_a, bid_b, ask_b = row
    for price in (bid_a, ask_a, bid_b, ask_b):
        if not math.isfinite(price):
            return False
        if price <= 0.0:
            return False
    return bid_a < ask_a and bid_b < ask_b


def spread_bps(side: str, row: Row) -> float:
    """What opening on this side earns at executable prices."""
    _, bid_a, ask_a, bid_b, ask_b = row
    if side == LONG_A_SHORT_B:
        return (bid_b - ask_a) / ask_a * 10_000
    return (bid_a - ask_b) / ask_b * 10_000


def exit_spread_bps(trade: NaiveTrade, row: Row) -> float:
    """What closing costs: the long leg is sold at the bid, the short leg bought at the ask."""
    _, bid_a, ask_a, bid_b, ask_b = row
    if trade.side == LONG_A_SHORT_B:
        return (ask_b - bid_a) / trade.entry_price * 10_000
    return (ask_a - bid_b) / trade.entry_price * 10_000


def better_side(row: Row) -> str:
    if spread_bps(LONG_A_SHORT_B, row) >= spread_bps(LONG_B_SHORT_A, row):
        return LONG_A_SHORT_B
    return LONG_B_SHORT_A


def execution_cost_bps(params: Params) -> float:
    """One execution of both legs."""
    return params.taker_fee_a_bps + params.taker_fee_b_bps + params.slippage_bps


def threshold_bps(params: Params) -> float:
    return params.min_spread_bps + execution_cost_bps(params)


def pnl_bps_if_closed(trade: NaiveTrade, row: Row, params: Params) -> float:
    both_executions = 2 * execution_cost_bps(params)
    return trade.entry_spread_bps - exit_spread_bps(trade, row) - both_executions


def pnl_usd_if_closed(trade: NaiveTrade, row: Row, params: Params) -> float:
    return pnl_bps_if_closed(trade, row, params) / 10_000 * params.max_position_usd


def open_new_trade(row: Row) -> NaiveTrade:
    timestamp, _, ask_a, _, ask_b = row
    side = better_side(row)
    return NaiveTrade(
        side=side,
        entry_spread_bps=spread_bps(side, row),
        entry_price=ask_a if side == LONG_A_SHORT_B else ask_b,
        open_timestamp=timestamp,
    )


def close_trade(trade: NaiveTrade, row: Row, params: Params) -> None:
    trade.close_timestamp = row[0]
    trade.exit_spread_bps = exit_spread_bps(trade, row)
    trade.pnl_bps = pnl_bps_if_closed(trade, row, params)
    trade.pnl_usd = pnl_usd_if_closed(trade, row, params)


def closed_pnls_usd(closed: Sequence[NaiveTrade]) -> list[float]:
    return [trade.pnl_usd for trade in closed if trade.pnl_usd is not None]


def backtest(rows: Sequence[Row], params: Params) -> Run:
    trades: list[NaiveTrade] = []
    still_open: list[NaiveTrade] = []
    closed: list[NaiveTrade] = []
    drawdowns_pct: list[float] = []
    most_open_trades = 0
    unrealized = 0.0
    peak = params.initial_balance_usd
    steps = 0
    stopped_row: int | None = None
    stop_pct = 100.0 if params.stop_on_drawdown_pct is None else params.stop_on_drawdown_pct

    for index, row in enumerate(rows):
        if params.max_steps is not None and steps >= params.max_steps:
            break
        steps += 1
        if not is_tradable(row):
            continue

        # 1. Close
        if params.close_on_spread_reversal:
            for trade in list(still_open):
                if spread_bps(trade.side, row) < 0:
                    close_trade(trade, row, params)
                    still_open.remove(trade)
                    closed.append(trade)

        # 2. Open
        has_slot = len(still_open) < params.max_open_trades
        if has_slot and spread_bps(better_side(row), row) >= threshold_bps(params):
            opened = open_new_trade(row)
            trades.append(opened)
            still_open.append(opened)
        most_open_trades = max(most_open_trades, len(still_open))

        # 3. Mark
        realized = plain_sum(closed_pnls_usd(closed))
        unrealized = plain_sum(pnl_usd_if_closed(trade, row, params) for trade in still_open)
        equity = (params.initial_balance_usd + realized) + unrealized
        peak = max(peak, equity)
        drawdown_pct = (peak - equity) / peak * 100
        drawdowns_pct.append(drawdown_pct)

        # 4. Stop
        if drawdown_pct >= stop_pct:
            stopped_row = index
            break

    pnls = closed_pnls_usd(closed)
    realized = plain_sum(pnls)
    wins = len([pnl for pnl in pnls if pnl > 0])
    figures = Figures(
        total_trades=len(trades),
        closed_trades=len(closed),
        open_trades=len(still_open),
        final_balance_usd=params.initial_balance_usd + realized,
        realized_pnl_usd=realized,
        max_drawdown_pct=max([0.0, *drawdowns_pct]),
        win_rate=wins / len(closed) if closed else 0.0,
        avg_pnl_per_trade_usd=realized / len(closed) if closed else 0.0,
        unrealized_pnl_usd=unrealized,
        net_pnl_usd=realized + unrealized,
        stopped_row=stopped_row,
        stopped_timestamp=None if stopped_row is None else rows[stopped_row][0],
        skipped_snapshots=len([row for row in rows if not is_tradable(row)]),
        steps_processed=steps,
        total_snapshots=len(rows),
        winning_trades=wins,
        losing_trades=len([pnl for pnl in pnls if pnl < 0]),
    )
    return Run(figures, trades, closed, drawdowns_pct, most_open_trades)
