"""Rows, configs and runs whose figures are exact, for the examples of the model.

Prices are multiples of 1/8 around 128 and a position is 6,400 USD: 1 tick of 1.0 is 78.125 bps of
128, and 78.125 bps of a position are 50 USD.
"""

from __future__ import annotations

import math

from arbitrage.arbitrage_backtest import ArbitrageBacktester, BacktestConfig, BacktestResult
from arbitrage.arbitrage_core import (
    ArbitrageConfig,
    ArbitrageEngine,
    ArbitrageOpportunity,
    ArbitrageTrade,
    OrderBookSnapshot,
)

Book = tuple[float, float]

TICK_BPS = 78.125
TICK_USD = 50.0
POSITION_USD = 6_400.0


def row(a: Book, b: Book, timestamp: str = "t") -> OrderBookSnapshot:
    """A snapshot from each venue's (bid, ask)."""
    return OrderBookSnapshot(timestamp, a[0], a[1], b[0], b[1])


def mirrored(snapshot: OrderBookSnapshot) -> OrderBookSnapshot:
    """The venues swapped."""
    timestamp, bid_a, ask_a, bid_b, ask_b = snapshot[:5]
    return OrderBookSnapshot(timestamp, bid_b, ask_b, bid_a, ask_a)


def at(timestamp: str, snapshot: OrderBookSnapshot) -> OrderBookSnapshot:
    return OrderBookSnapshot(timestamp, *snapshot[1:])


def file_of(*rows: OrderBookSnapshot) -> list[OrderBookSnapshot]:
    """The rows, timestamped t0, t1, ..."""
    return [at(f"t{index}", snapshot) for index, snapshot in enumerate(rows)]


# Buying on A and selling on B earns 1 tick here; closing at once would pay 3 ticks: worth -2.
A_CHEAP = row(a=(127, 128), b=(129, 130))
B_CHEAP = mirrored(A_CHEAP)

# Both spreads are negative, so every trade closes: buying back costs a quarter of a tick, ...
CLOSES_WELL = row(a=(127.75, 128), b=(127.75, 128))

# ... exactly what A_CHEAP earned, ...
CLOSES_FLAT = row(a=(127, 128), b=(127, 128))

# ... or 4 ticks, 3 more than A_CHEAP earned.
CLOSES_BADLY = row(a=(126, 128), b=(127, 130))

# The spread of A_CHEAP's side is exactly zero.
LEVEL = row(a=(127, 128), b=(128, 129))
CROSSED = row(a=(130, 128), b=(129, 130))

NOT_TRADABLE = {
    "a bid that is NaN": row(a=(math.nan, 128), b=(129, 130)),
    "an ask that is NaN": row(a=(127, 128), b=(129, math.nan)),
    "an infinite ask": row(a=(127, 128), b=(129, math.inf)),
    "an infinite bid": row(a=(127, 128), b=(-math.inf, 130)),
    "a bid of zero": row(a=(0.0, 128), b=(129, 130)),
    "a negative bid": row(a=(127, 128), b=(-1.0, 130)),
    "a negative book": row(a=(-128, -127), b=(129, 130)),
    "A locked": row(a=(128, 128), b=(129, 130)),
    "B locked": row(a=(127, 128), b=(129, 129)),
    "A crossed": CROSSED,
    "B crossed": row(a=(127, 128), b=(130, 129)),
}


def config(
    min_spread_bps: float = TICK_BPS,
    *,
    fee_a_bps: float = 0.0,
    fee_b_bps: float = 0.0,
    slippage_bps: float = 0.0,
    position_usd: float = POSITION_USD,
    slots: int = 1,
    closes: bool = True,
) -> ArbitrageConfig:
    """By default free of costs, with a threshold that A_CHEAP and B_CHEAP reach exactly."""
    return ArbitrageConfig(
        min_spread_bps=min_spread_bps,
        taker_fee_a_bps=fee_a_bps,
        taker_fee_b_bps=fee_b_bps,
        slippage_bps=slippage_bps,
        max_position_usd=position_usd,
        max_open_trades=slots,
        close_on_spread_reversal=closes,
    )


def opportunity_in(
    snapshot: OrderBookSnapshot, arb_config: ArbitrageConfig
) -> ArbitrageOpportunity | None:
    return ArbitrageEngine(arb_config).detect_opportunity(snapshot)


def found_opportunity(
    snapshot: OrderBookSnapshot, arb_config: ArbitrageConfig
) -> ArbitrageOpportunity:
    opportunity = opportunity_in(snapshot, arb_config)
    assert opportunity is not None
    return opportunity


def closed_trade(
    opening: OrderBookSnapshot, closing: OrderBookSnapshot, arb_config: ArbitrageConfig
) -> ArbitrageTrade:
    engine = ArbitrageEngine(arb_config)
    engine.on_snapshot(opening)
    trade, *_ = engine.on_snapshot(closing)
    assert not trade.is_open
    return trade


def net_usd(result: BacktestResult) -> float:
    assert result.net_pnl_usd is not None
    return result.net_pnl_usd


def backtest(
    rows: list[OrderBookSnapshot],
    arb_config: ArbitrageConfig,
    *,
    stop_pct: float | None = None,
    max_steps: int | None = None,
) -> BacktestResult:
    """A run with an account of 10,000 USD."""
    run_config = BacktestConfig(max_steps=max_steps, stop_on_drawdown_pct=stop_pct)
    return ArbitrageBacktester(ArbitrageEngine(arb_config), run_config).run(rows)
