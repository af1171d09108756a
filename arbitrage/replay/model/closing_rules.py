"""When an open trade is to be closed: by its spread, or by the time that it has been held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from arbitrage.replay.model.times import ns_of_seconds

if TYPE_CHECKING:
    from arbitrage.data.quote_row import OrderBookSnapshot
    from arbitrage.replay.model.engine_config import ArbitrageConfig
    from arbitrage.replay.model.trade import ArbitrageTrade


@dataclass(frozen=True, slots=True)
class ClosingRules:
    """The rules of one config.

    Attributes:
        spread_bps: A trade whose side's spread is below this closes; None where none closes so.
        holding_ns: A trade closes when so much time has passed since the decision to open it.
    """

    spread_bps: float | None
    holding_ns: int | None

    @classmethod
    def of(cls, config: ArbitrageConfig) -> Self:
        seconds = config.max_holding_seconds
        return cls(
            spread_bps=config.exit_spread_bps if config.close_on_spread_reversal else None,
            holding_ns=None if seconds is None else ns_of_seconds(seconds),
        )

    def close(self, trade: ArbitrageTrade, snapshot: OrderBookSnapshot) -> bool:
        """Whether the trade is to be closed on this row."""
        if self.spread_bps is not None and trade.spread_on(snapshot) < self.spread_bps:
            return True
        if self.holding_ns is None:
            return False
        return snapshot.moment_ns >= trade.decided_ns + self.holding_ns
