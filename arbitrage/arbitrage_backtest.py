"""Re-exports what replays snapshots through the engine, for programs."""

from __future__ import annotations

from arbitrage.replay.model.backtester import (
    ArbitrageBacktester,
    BacktestConfig,
    BacktestResult,
    BacktestStats,
)

__all__ = ["ArbitrageBacktester", "BacktestConfig", "BacktestResult", "BacktestStats"]
