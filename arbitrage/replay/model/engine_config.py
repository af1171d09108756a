"""What the engine trades by: threshold, fees, slippage, slots and options."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ArbitrageConfig:
    """What the engine needs to know. Fees, slippage and spreads in bps, the position in USD."""

    min_spread_bps: float
    taker_fee_a_bps: float
    taker_fee_b_bps: float
    slippage_bps: float
    max_position_usd: float
    max_open_trades: int = 1
    close_on_spread_reversal: bool = True
    exit_spread_bps: float = 0.0
    max_holding_seconds: float | None = None
    latency_a_ms: float = 0.0
    latency_b_ms: float = 0.0
    max_quote_age_ms: float | None = None
    size_share: float | None = None
    min_position_usd: float = 0.0

    @property
    def cost_bps(self) -> float:
        """Cost of one execution of both legs, in bps."""
        return self.taker_fee_a_bps + self.taker_fee_b_bps + self.slippage_bps

    @property
    def threshold_bps(self) -> float:
        """The entry spread from which a trade opens, in bps."""
        return self.min_spread_bps + self.cost_bps
