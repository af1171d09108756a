"""The words and formulas of the trading model once more, slow and obvious; `naive.py` runs them.

Plain functions over lists of 5-tuples, nothing imported from the product. Sums are left to right
from 0.0 and every expression keeps the order of operations of the model's definition, so that a
comparison with the product can be ``==``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Row = tuple[str, float, float, float, float]
"""(timestamp, bid_a, ask_a, bid_b, ask_b)"""


@dataclass(frozen=True)
class More:
    """What a row may hold besides its prices; ``inf`` is an age that is unknown."""

    t_ns: int = 0
    bid_size_a: float = 0.0
    ask_size_a: float = 0.0
    bid_size_b: float = 0.0
    ask_size_b: float = 0.0
    age_a_ms: float = math.inf
    age_b_ms: float = math.inf


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
    exit_spread_bps: float = 0.0
    max_holding_seconds: float | None = None
    latency_a_ms: float = 0.0
    latency_b_ms: float = 0.0
    max_quote_age_ms: float | None = None
    size_share: float | None = None
    min_position_usd: float = 0.0


@dataclass
class NaiveTrade:
    """One trade, open until ``close_timestamp`` is set."""

    side: str
    entry_spread_bps: float = 0.0
    entry_price: float = 0.0
    open_timestamp: str = ""
    notional_usd: float = 1_000.0
    decided_at: int = field(default=0, compare=False)
    """The place of the row of the decision among the tradable rows."""
    is_leaving: bool = field(default=False, compare=False)
    beyond_size: bool = False
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
    total_snapshots: int
    winning_trades: int
    losing_trades: int
    steps_processed: int = 0
    stale_snapshots: int = 0
    exits_beyond_size: int | None = None


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
    return pnl_bps_if_closed(trade, row, params) / 10_000 * trade.notional_usd


def close_trade(trade: NaiveTrade, timestamp: str, met: Row, params: Params) -> float:
    """What it earned."""
    trade.close_timestamp = timestamp
    trade.exit_spread_bps = exit_spread_bps(trade, met)
    trade.pnl_bps = pnl_bps_if_closed(trade, met, params)
    trade.pnl_usd = pnl_usd_if_closed(trade, met, params)
    return trade.pnl_usd


def closed_pnls_usd(closed: Sequence[NaiveTrade]) -> list[float]:
    return [trade.pnl_usd for trade in closed if trade.pnl_usd is not None]


def is_stale(more: More, params: Params) -> bool:
    limit = params.max_quote_age_ms
    return limit is not None and max(more.age_a_ms, more.age_b_ms) > limit


def entry_legs(side: str) -> tuple[str, str]:
    """The quotes that opening takes."""
    return ("ask_a", "bid_b") if side == LONG_A_SHORT_B else ("ask_b", "bid_a")
