"""Where the money of a run went, from the spreads that it saw to its net profit."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from arbitrage.documents.config import TuningConfig
from arbitrage.documents.job_metrics import TuningMetrics
from arbitrage.replay.model.trade import BPS, EndedBy


class Money(NamedTuple):
    """One item: what it brought, or below 0 what it cost.

    `bps` are of the notional of all trades that closed; None where none did.
    """

    what: str
    usd: float
    bps: float | None


SEEN, LATENCY, EXIT = "spread seen", "latency", "exit spread"
FEES_A, FEES_B, SLIPPAGE = "fees A", "fees B", "slippage"
REALIZED, OPEN, NET = "realized", "open trades", "net"


def where_money_went(
    trades: pl.DataFrame, config: TuningConfig, metrics: TuningMetrics
) -> list[Money]:
    """The items of the closed trades, which add up to what was realized; the open ones; the net.

    The spread seen is the one on the row of the decision. What latency lost is that less the entry
    spread that was met, which may be better. The exit is the exit spread, which is above 0 where
    closing cost money. Fees and slippage are those of both executions. Open trades count at what
    closing them on the last row would pay. All adds up to the net but for rounding.
    """
    closed = trades.filter(pl.col("ended_by") != EndedBy.OPEN.value)
    spread_at = {name: pl.col(f"{name}_spread_bps") for name in ("decision", "entry", "exit")}
    of_trades = {
        SEEN: spread_at["decision"],
        LATENCY: spread_at["entry"] - spread_at["decision"],
        EXIT: -spread_at["exit"],
        FEES_A: pl.lit(-2 * config.taker_fee_a_bps),
        FEES_B: pl.lit(-2 * config.taker_fee_b_bps),
        SLIPPAGE: pl.lit(-2 * config.slippage_bps),
    }
    notional = pl.col("notional_usd")
    usd = closed.select(
        (bps / BPS * notional).sum().alias(what) for what, bps in of_trades.items()
    ).row(0, named=True)
    usd |= {
        REALIZED: metrics.realized_pnl_usd,
        OPEN: metrics.unrealized_pnl_usd,
        NET: metrics.net_pnl_usd,
    }
    turnover_usd = closed["notional_usd"].sum()
    return [
        Money(what, amount, amount / turnover_usd * BPS if turnover_usd else None)
        for what, amount in usd.items()
    ]
