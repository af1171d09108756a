"""Re-exports the trading model, the readable definition of what arbtune computes, for programs.

Two venues quote the same instrument. When one venue's bid stands above the other's ask, buying
there and selling here earns the difference; the trade is undone when that difference has turned
negative. Every faster path in this package must agree with the engine to the last bit, so the order
of the floating-point operations here is part of the definition.
"""

from __future__ import annotations

from arbitrage.data.quote_row import OrderBookSnapshot
from arbitrage.replay.model.engine import ENGINE_VERSION, ArbitrageEngine, ArbitrageOpportunity
from arbitrage.replay.model.engine_config import ArbitrageConfig
from arbitrage.replay.model.trade import ArbitrageTrade, Side

__all__ = [
    "ENGINE_VERSION",
    "ArbitrageConfig",
    "ArbitrageEngine",
    "ArbitrageOpportunity",
    "ArbitrageTrade",
    "OrderBookSnapshot",
    "Side",
]
